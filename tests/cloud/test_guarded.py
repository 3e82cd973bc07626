"""Firewalls, public addresses and saved disks as entities of the cloud row: who links to them has them, nobody else."""

from __future__ import annotations

from typing import Any

import httpx

from broker.occi.model import ACCORDS, INFRASTRUCTURE
from providers.protocol import FirewallSpec, Kind, Resource, Rule, Spec
from tests.cloud.conftest import DEBIAN, SMALL, Occi
from tests.cloud.test_linked import JSON, there
from tests.operations.house import House

HTTP = {"type": "inbound", "protocol": "tcp", "port": "80-90", "range": "192.0.2.0/24"}
RULES = "occi.securitygroup.rules"


def post(ann: Occi, term: str, body: dict[str, Any], scheme: str = INFRASTRUCTURE) -> httpx.Response:
    said = {"kind": scheme + term, **body}
    return ann.http.post(f"/{term}/", json=said, headers={"Content-Type": JSON, "Accept": JSON})


def made(ann: Occi, term: str, body: dict[str, Any], scheme: str = INFRASTRUCTURE) -> str:
    answer = post(ann, term, body, scheme)
    assert answer.status_code == 201, answer.text
    return httpx.URL(answer.headers["Location"]).path


def guarded(ann: Occi, group: str) -> str:
    link = {"kind": INFRASTRUCTURE + "securitygrouplink", "target": {"location": group}}
    return made(ann, "compute", {"title": "web", "mixins": [DEBIAN, SMALL], "links": [link]})


def test_a_compute_is_behind_the_firewall_it_is_linked_to_and_no_other(house: House, ann: Occi) -> None:
    asked: list[Spec] = []
    create = house.cloud.create

    def created(spec: Spec, **more: Any) -> Resource:
        asked.append(spec)
        return create(spec, **more)

    house.cloud.create = created  # type: ignore[method-assign]  # what was asked for is not shown by the cloud
    group = made(ann, "securitygroup", {"title": "http", "attributes": {RULES: [HTTP]}})
    compute = guarded(ann, group)
    house.work()
    (firewall,) = there(house, Kind.FIREWALL)
    (spec,) = (each for each in asked if isinstance(each, FirewallSpec))
    assert spec.rules == (Rule("tcp", 80, 90, "192.0.2.0/24"),)
    shown = ann.attributes(group)
    assert (shown["occi.securitygroup.state"], shown["org.accords.provider.id"]) == ("active", firewall.id)
    found = ann.get(compute, JSON).json()["links"]
    (link,) = (each for each in found if each["kind"] == INFRASTRUCTURE + "securitygrouplink")
    assert link["attributes"]["occi.securitygrouplink.state"] == "active"
    assert ann.delete(group).status_code == 409
    assert ann.delete(compute).status_code == 200
    assert ann.delete(group).status_code == 200
    house.work()
    assert house.cloud.list({}, deadline=5) == ()


def test_rules_that_nobody_could_keep_are_refused_with_what_would_be_right(house: House, ann: Occi) -> None:
    for wrong in ({**HTTP, "type": "outbound"}, {**HTTP, "port": "http"}):
        answer = post(ann, "securitygroup", {"attributes": {RULES: [wrong]}})
        assert (answer.status_code, RULES in answer.text) == (400, True)
    house.work()
    assert there(house, Kind.FIREWALL) == []


def test_a_public_address_is_for_a_compute_that_is_there(house: House, ann: Occi) -> None:
    compute = ann.made(DEBIAN, SMALL)
    said = {"attributes": {"org.accords.ipreservation.machine": compute}}
    assert post(ann, "ipreservation", said).status_code == 409  # it is being made
    house.work()
    before = len(there(house, Kind.ADDRESS))
    address = made(ann, "ipreservation", said)
    house.work()
    assert len(there(house, Kind.ADDRESS)) == before + 1
    assert ann.attributes(address)["occi.ipreservation.address"] in {
        each.addresses[0] for each in there(house, Kind.ADDRESS)
    }
    assert ann.delete(address).status_code == 200
    house.work()
    assert len(there(house, Kind.ADDRESS)) == before


def test_what_is_for_a_compute_that_never_was_is_missing(house: House, ann: Occi) -> None:
    said = {"attributes": {"org.accords.snapshot.machine": "/compute/996ad860-2a9a-404f-8861-aeafd0b2ae29"}}
    assert post(ann, "snapshot", said, ACCORDS).status_code == 404


def test_a_saved_disk_is_its_accounts_own_and_of_no_template(house: House, ann: Occi) -> None:
    compute = ann.made(DEBIAN, SMALL)
    house.work()
    made(ann, "snapshot", {"title": "golden", "attributes": {"org.accords.snapshot.machine": compute}}, ACCORDS)
    house.work()
    (saved,) = there(house, Kind.SNAPSHOT)
    offered = ann.http.get("/offers").json()["offers"][0]["images"]
    assert saved.id not in {each["id"] for each in offered}
    assert not any("golden" in title for title in ann.mixins().values())
