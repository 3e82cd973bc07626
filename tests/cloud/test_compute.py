"""A compute that a plain OCCI client POSTs with templates is a real machine, and stays the entity it was made as."""

from __future__ import annotations

import base64

import pytest

from broker.errors import Forbidden
from broker.occi.model import CORDS
from broker.plans import plan_from_json
from broker.store import PLATFORM, offers, operations, services
from manifests import Step
from providers.fake import Trouble
from providers.protocol import Kind
from tests.cloud.conftest import DEBIAN, INFRASTRUCTURE, OS, SIZE, SMALL, Occi, category, compute, occi
from tests.operations.house import House, User

TAG = "http://example.org/users/ann/tags#prod"


def machines(house: House) -> list[str]:
    return [each.name for each in house.cloud.list({}, deadline=5) if each.kind is Kind.MACHINE]


@pytest.mark.occi("INF-20", "INF-30")
def test_what_providers_offer_is_listed_as_templates(ann: Occi) -> None:
    found = ann.mixins()
    assert found[DEBIAN] == "debian-12 at paris"
    assert found[SMALL] == "small at paris: 1 core, 2 GiB"
    listed = ann.get("/-/").text
    assert f'rel="{INFRASTRUCTURE}os_tpl"; location="/os_tpl/paris/debian-12-59706d17/"' in listed
    (small,) = (
        each
        for each in ann.get("/-/", "application/occi+json").json()["mixins"]
        if each["scheme"] + each["term"] == SMALL
    )
    assert small["depends"] == [INFRASTRUCTURE + "resource_tpl"]
    assert small["attributes"]["occi.compute.memory"]["default"] == 2.0


def test_a_compute_with_templates_is_inactive_at_once_and_active_when_the_worker_made_it(
    house: House, ann: Occi
) -> None:
    path = ann.made(DEBIAN, SMALL, occi__core__title="web")
    before = ann.attributes(path)
    assert (before["occi.compute.state"], before["occi.compute.state.message"]) == ("inactive", "is being made")
    assert machines(house) == []
    house.work()
    after = ann.attributes(path)
    assert (after["occi.compute.state"], after["occi.compute.cores"]) == ("active", 1)
    assert "occi.compute.state.message" not in after
    assert after["org.accords.addresses"]
    assert len(machines(house)) == 1
    assert ann.get("/compute/", "text/uri-list").text.split() == [f"http://127.0.0.1:8095{path}"]


@pytest.mark.occi("INF-31")
def test_the_sizes_of_a_template_win_over_the_clients(house: House, ann: Occi) -> None:
    path = ann.made(DEBIAN, SIZE + "medium", occi__compute__cores=1, occi__compute__memory=0.5)
    house.work()
    assert (ann.attributes(path)["occi.compute.cores"], ann.attributes(path)["occi.compute.memory"]) == (2, 4.0)


def test_what_the_client_said_of_it_stays_when_the_worker_tells_how_it_is(house: House, ann: Occi) -> None:
    tag = f'{category(TAG)}; location="/tags/ann/prod/"'
    assert ann.post("/-/", f"Category: {tag}\n").status_code == 200
    path = ann.made(DEBIAN, SMALL, TAG, occi__core__title="web", occi__core__summary="of the ward")
    house.work()
    ann.act(path, "stop", 'method="poweroff"')
    house.work()
    found = ann.get(path, "application/occi+json").json()
    assert (found["title"], found["summary"]) == ("web", "of the ward")
    assert {TAG, DEBIAN, SMALL} <= set(found["mixins"])
    assert path in ann.get("/tags/ann/prod/", "text/uri-list").text
    assert path in ann.get("/os_tpl/", "text/uri-list").text
    assert path in ann.get("/resource_tpl/paris/small/", "text/uri-list").text


def test_a_client_chooses_where_its_compute_is_by_putting_it_there(house: House, ann: Occi) -> None:
    path = "/compute/996ad860-2a9a-404f-8861-aeafd0b2ae29"
    assert ann.send("PUT", path, compute(DEBIAN, SMALL)).status_code == 201
    house.work()
    assert ann.attributes(path)["occi.compute.state"] == "active"


def test_a_compute_in_json_with_an_inline_link_is_made_with_its_link(house: House, ann: Occi) -> None:
    net = ann.post("/network/", f"Category: {category(INFRASTRUCTURE + 'network', 'kind')}\n").headers["Location"]
    said = {
        "kind": INFRASTRUCTURE + "compute",
        "mixins": [DEBIAN, SMALL],
        "title": "web",
        "links": [{"kind": INFRASTRUCTURE + "networkinterface", "target": {"location": net}}],
    }
    made = ann.http.post("/compute/", json=said, headers={"Content-Type": "application/occi+json"})
    assert made.status_code == 201, made.text
    house.work()
    found = ann.get(made.headers["Location"], "application/occi+json").json()
    assert found["attributes"]["occi.compute.state"] == "active"
    (link,) = found["links"]
    assert link["target"]["location"] in net


@pytest.mark.occi("INF-02")
def test_its_actions_act_on_the_machine(house: House, ann: Occi) -> None:
    path = ann.made(DEBIAN, SMALL)
    house.work()
    for term, state in (("stop", "inactive"), ("start", "active"), ("restart", "active"), ("suspend", "suspended")):
        assert ann.act(path, term).status_code == 200
        house.work()
        assert ann.attributes(path)["occi.compute.state"] == state
    assert ann.act(path, "stop").status_code == 409


def test_deleting_it_gives_the_machine_back_and_nothing_of_it_is_seen_again(house: House, ann: Occi) -> None:
    path = ann.made(DEBIAN, SMALL)
    house.work()
    assert ann.delete(path).status_code == 200
    assert ann.get(path).status_code == 404
    house.work()
    assert not house.cloud.list({}, deadline=5)
    for collection in ("/compute/", "/networkinterface/", "/network/"):
        assert ann.get(collection, "text/uri-list").text == ""


def test_one_that_is_deleted_before_it_was_made_is_never_made(house: House, ann: Occi) -> None:
    path = ann.made(DEBIAN, SMALL)
    assert ann.delete(path).status_code == 200
    house.work()
    assert not house.cloud.list({}, deadline=5)
    assert ann.get(path).status_code == 404


def test_all_of_a_collection_are_given_back_at_once(house: House, ann: Occi) -> None:
    for _ in range(2):
        ann.made(DEBIAN, SMALL)
    house.work()
    assert ann.delete("/compute/").status_code == 200
    house.work()
    assert not house.cloud.list({}, deadline=5)


def test_without_a_provider_that_fits_it_is_refused_with_each_ones_reason(house: House, ann: Occi) -> None:
    with house.tools.store.write() as tx:
        offers.replace(tx, PLATFORM, "paris", ())
    refused = ann.post("/compute/", compute(DEBIAN, SMALL))
    assert refused.status_code == 409
    assert "paris has no offers yet" in refused.text
    assert ann.get("/compute/", "text/uri-list").text == ""


def test_a_compute_whose_service_cannot_be_asked_for_is_not_there(house: House, ann: Occi) -> None:
    row = house.rows.apps.pop("service")
    try:
        assert ann.post("/compute/", compute(DEBIAN, SMALL)).status_code >= 500
    finally:
        house.rows.apps["service"] = row
    assert ann.get("/compute/", "text/uri-list").text == ""


def test_one_that_cannot_be_made_is_in_error_and_says_why(house: House, ann: Occi) -> None:
    house.cloud.trouble(Trouble("fail", "create", "machine", error="refused"))
    path = ann.made(DEBIAN, SMALL)
    house.work()
    found = ann.attributes(path)
    assert found["occi.compute.state"] == "error"
    assert "refused" in str(found["occi.compute.state.message"])
    assert ann.delete(path).status_code == 200
    house.work()
    assert not house.cloud.list({}, deadline=5)


@pytest.mark.occi("INF-21")
def test_the_system_and_the_name_of_a_machine_do_not_change(house: House, ann: Occi) -> None:
    path = ann.made(DEBIAN, SMALL, occi__core__title="web")
    house.work()
    kind = f"Category: {category(INFRASTRUCTURE + 'compute', 'kind')}\n"
    for said in (
        f"Category: {category(OS + 'ubuntu-24.04')}\n",
        'X-OCCI-Attribute: occi.compute.hostname="other"\n',
    ):
        assert ann.post(path, kind + said).status_code in (404, 409), said
    assert ann.post(path, kind + 'X-OCCI-Attribute: occi.core.title="shop"\n').status_code == 200
    assert ann.attributes(path)["occi.compute.cores"] == 1


def test_a_put_of_what_was_read_changes_nothing_but_what_was_edited(house: House, ann: Occi) -> None:
    path = ann.made(DEBIAN, SMALL, occi__core__title="web")
    house.work()
    text = ann.get(path).text.replace('occi.core.title="web"', 'occi.core.title="shop"')
    assert ann.send("PUT", path, text).status_code == 200, text
    found = ann.get(path, "application/occi+json").json()
    assert (found["title"], found["attributes"]["occi.compute.cores"]) == ("shop", 1)


def test_without_templates_it_is_the_default_system_on_the_least_that_is_enough(house: House, ann: Occi) -> None:
    plain, sized = ann.made(), ann.made(occi__compute__cores=2, occi__compute__memory=3.5)
    house.work()
    assert (ann.attributes(plain)["occi.compute.state"], ann.attributes(plain)["occi.compute.cores"]) == ("active", 1)
    assert (ann.attributes(sized)["occi.compute.cores"], ann.attributes(sized)["occi.compute.memory"]) == (2, 4.0)


def test_more_than_anybody_has_is_refused_with_what_there_is(ann: Occi) -> None:
    refused = ann.post("/compute/", compute(occi__compute__cores=512))
    assert refused.status_code == 409
    assert "paris" in refused.text
    assert "512" in refused.text
    other = ann.post("/compute/", compute(org__accords__provider="lyon"))
    assert other.status_code == 409
    assert "lyon" in other.text


def test_where_nobody_has_offered_anything_it_is_kept_as_an_entity_and_nothing_runs(bare: Occi) -> None:
    path = bare.made(occi__compute__cores=1)
    assert bare.act(path, "start").status_code == 200
    assert bare.attributes(path)["occi.compute.state"] == "active"
    assert "nothing runs for it" in str(bare.attributes(path)["occi.compute.state.message"])


def test_another_accounts_machines_are_nobody_elses(house: House, ann: Occi) -> None:
    path = ann.made(DEBIAN, SMALL)
    house.work()
    bob = occi(house, "bob", "clinic")
    assert bob.get(path).status_code == 404
    assert DEBIAN in bob.mixins()


def test_only_the_cloud_row_brings_a_plan_of_its_own(user: User) -> None:
    said = {"kind": CORDS + "service", "attributes": {"occi.service.name": "mine", "org.accords.made": "{}"}}
    with pytest.raises(Forbidden):
        user.client.post("service", "/service/", said)


def machine_step(house: House) -> Step:
    """The step that made the only service's machine."""
    with house.tools.store.read() as tx:
        (service,) = services.in_states(tx, ("active",))
        deploy = operations.latest(tx, "ward", service.id, kind="deploy")
    assert deploy is not None and deploy.plan_json is not None
    return next(step for step in plan_from_json(deploy.plan_json).steps if step.subject.startswith("machine/"))


@pytest.mark.occi("INF-34")
def test_a_key_and_user_data_reach_the_machine_and_the_data_stays_as_it_was(house: House, ann: Occi) -> None:
    script = "#!/bin/sh\necho hello\n"
    mixins = (
        "http://schemas.ogf.org/occi/infrastructure/credentials#ssh_key",
        "http://schemas.ogf.org/occi/infrastructure/compute#user_data",
    )
    data = base64.b64encode(script.encode()).decode()
    path = ann.made(
        DEBIAN, SMALL, *mixins, occi__credentials__ssh__publickey="ssh-ed25519 AAAA ann", occi__compute__userdata=data
    )
    house.work()
    given = machine_step(house).inputs["user_data"]
    assert isinstance(given, str)
    assert "ssh-ed25519 AAAA ann" in given
    assert script in given
    assert given.startswith("MIME-Version: 1.0") or "multipart/mixed" in given.splitlines()[0]
    kind = f"Category: {category(INFRASTRUCTURE + 'compute', 'kind')}\n"
    assert ann.post(path, kind + 'X-OCCI-Attribute: occi.compute.userdata="other"\n').status_code == 403
    assert ann.attributes(path)["occi.compute.userdata"] == data
