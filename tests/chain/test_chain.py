"""A manifest of one broker is carried out by another: what is there, whose it is, and what is left when it ends."""

from __future__ import annotations

import email
import threading
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
import yaml

from broker.store import findings
from providers.errors import Refused
from providers.fake import Trouble
from providers.groups import GROUP
from providers.protocol import Action, KeySpec, Kind, MachineSpec, Resource, Spec, State, VolumeSpec
from tests.chain.conftest import DOCUMENT, ONE, Pair
from tests.providers.chain import at_work

WHOLE = {"network": 1, "firewall": 2, "volume": 1, "machine": 2, "address": 1}


def test_a_manifest_runs_behind_another_broker_and_nothing_is_left_when_it_ends(pair: Pair) -> None:
    service = pair.up()
    report = pair.report(service)
    assert report["service"]["state"] == "active", report["error"]
    assert pair.behind == WHOLE
    machines = [each for each in pair.things() if each.kind is Kind.MACHINE]
    told = {address for node in report["nodes"] for address in node["addresses"]}
    assert {each.addresses[0] for each in machines} <= told
    public = [[each.addresses for each in found if each.kind is Kind.ADDRESS] for found in (pair.things(), pair.seen())]
    assert public[0] == public[1]
    pair.released(service)
    assert pair.provider.list({}, deadline=5) == []
    assert pair.living() == []
    assert pair.behind == {}


def test_rules_between_nodes_hold_by_a_group_that_all_of_a_service_share(pair: Pair) -> None:
    pair.up()
    pair.up(DOCUMENT.replace('name="pair"', 'name="other"'), **{"occi.service.name": "other"})
    things = [each for each in pair.things() if each.kind in (Kind.MACHINE, Kind.FIREWALL)]
    groups = {each.tags[GROUP] for each in things}
    assert len(groups) == 2
    for group in groups:
        own = [each for each in things if each.tags[GROUP] == group]
        assert sorted(each.tags["accords-node"] for each in own if each.kind is Kind.MACHINE) == ["db", "web"]
        assert len([each for each in own if each.kind is Kind.FIREWALL]) == 2


def test_plans_compare_what_is_behind_another_broker_by_its_own_prices(pair: Pair) -> None:
    user = pair.user()
    found = user.plan(user.post_document(ONE)["location"])["attributes"]
    (placement,) = found["org.accords.placements"]
    assert (placement["provider"], placement["zone"], Decimal(placement["price"])) == ("far", "fake-1", Decimal("0.01"))
    assert placement["image"]["distribution"] == "debian"


def test_nothing_is_a_stray_and_nothing_is_swept_on_either_side_while_it_is_wanted(pair: Pair) -> None:
    service = pair.up()
    pair.look()
    for house, name in ((pair.near, "far"), (pair.far, "paris")):
        with house.tools.store.read() as tx:
            assert findings.strays(tx, name) == ()
    assert pair.behind == WHOLE
    assert pair.report(service)["drift"] == []


def test_an_audit_here_sees_what_is_over_there_and_nobody_knows(pair: Pair) -> None:
    ours = {"accords-installation": pair.near.installation.id, "accords-service": "gone", "accords-account": "ward"}
    pair.provider.create(VolumeSpec("lost", 2**20), token="lost", tags=ours, deadline=5)
    pair.look()
    with pair.near.tools.store.read() as tx:
        assert [each.name for each in findings.strays(tx, "far")] == ["lost"]


def test_an_answer_that_is_lost_makes_nothing_twice(pair: Pair) -> None:
    pair.way.lost = 3
    service = pair.up()
    assert pair.report(service)["service"]["state"] == "active"
    assert pair.behind == WHOLE
    pair.way.lost = 3
    pair.released(service)
    assert pair.behind == {}


def test_a_broker_that_is_away_is_waited_for(pair: Pair) -> None:
    service = pair.user().up(DOCUMENT)
    pair.way.down = True
    back = threading.Timer(0.5, lambda: setattr(pair.way, "down", False))
    back.start()
    pair.near.work()
    assert pair.report(service)["service"]["state"] == "active"
    assert pair.behind == WHOLE


def test_what_nobody_works_at_over_there_is_pending_until_somebody_does(apart: Pair) -> None:
    service = apart.user().up(DOCUMENT)
    walk = threading.Thread(target=apart.near.work)
    walk.start()
    while not apart.seen():
        assert walk.is_alive()
    assert {each.state for each in apart.seen()} == {State.PENDING}
    assert apart.behind == {}
    with at_work(apart.far):
        walk.join(60)
        assert apart.report(service)["service"]["state"] == "active"
    assert apart.behind == WHOLE


def test_what_the_provider_behind_refuses_is_said_here_and_a_retry_makes_it(pair: Pair) -> None:
    pair.far.cloud.trouble(Trouble("fail", "create", "machine", error="refused", times=0))
    service = pair.up(ONE)
    report = pair.report(service)
    assert report["service"]["state"] == "failed"
    assert "came up broken at far" in report["error"]["message"]
    assert "one" in report["error"]["message"]
    pair.far.cloud.calm()
    pair.user().act(service, "retry")
    pair.near.work()
    assert pair.report(service)["service"]["state"] == "active", pair.report(service)["error"]
    pair.released(service)
    assert pair.behind == {}


def test_a_machine_is_stopped_started_and_suspended_through_both(pair: Pair) -> None:
    service = pair.up(ONE)
    for action, state in (("stop", State.STOPPED), ("start", State.ACTIVE), ("suspend", State.SUSPENDED)):
        pair.user().act(service, action)
        pair.near.work()
        (machine,) = (each for each in pair.things() if each.kind is Kind.MACHINE)
        assert machine.state is state, pair.report(service)["error"]


def test_what_is_asked_of_a_machine_and_fails_over_there_is_not_pending_for_ever(pair: Pair) -> None:
    pair.up(ONE)
    (machine,) = (each for each in pair.seen() if each.kind is Kind.MACHINE)
    pair.far.cloud.trouble(Trouble("fail", "act", error="refused", times=0))
    asked = pair.provider.act(Kind.MACHINE, machine.id, Action.STOP, deadline=5)
    assert asked.state is State.PENDING
    while asked.state is State.PENDING:
        asked = pair.provider.observe(Kind.MACHINE, machine.id, deadline=5)
    assert asked.state is State.ACTIVE


def test_a_saved_disk_is_an_image_here_and_stays_when_its_machine_goes(pair: Pair) -> None:
    service = pair.up(ONE)
    pair.user().act(service, "save")
    pair.near.work()
    pair.released(service)
    assert pair.behind == {"snapshot": 1}
    (image,) = (each for each in pair.seen() if each.kind is Kind.SNAPSHOT)
    assert image.id in {each.id for each in pair.provider.offers(deadline=5)[0].images}


def test_the_console_of_a_machine_over_there_is_not_to_be_had(pair: Pair) -> None:
    pair.up(ONE)
    (machine,) = (each for each in pair.seen() if each.kind is Kind.MACHINE)
    with pytest.raises(Refused, match="console"):
        pair.provider.console(machine.id, deadline=5)


def test_a_machine_that_is_taken_away_behind_the_other_broker_is_seen_here_and_made_anew(pair: Pair) -> None:
    service = pair.up(ONE)
    (machine,) = (each for each in pair.things() if each.kind is Kind.MACHINE)
    pair.far.cloud.lose(Kind.MACHINE, machine.id)
    pair.look()
    (difference,) = pair.report(service)["drift"]
    assert (difference["kind"], difference["seen"]) == ("machine", "error")
    pair.user().client.post("service", f"/services/{service}/repair", {"how": "repair"})
    pair.near.work()
    assert pair.report(service)["service"]["state"] == "active", pair.report(service)["error"]
    assert [each.id for each in pair.things() if each.kind is Kind.MACHINE] not in ([], [machine.id])
    pair.released(service)
    assert pair.behind == {}


def test_a_key_and_user_data_reach_the_machine_whole(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIX8VZVgwIDnWcNXWoRcGUoDrFULKG5UNaZgTLW8cDYp ann"
    kept = pair.provider.create(KeySpec("ann", key), token="k", tags={}, deadline=5)
    data = "#cloud-config\n" + '# \u00e9 "quoted", and long\n' * 300
    told: list[str] = []
    create = pair.far.cloud.create

    def created(spec: Spec, **more: Any) -> Resource:
        told.append(spec.user_data if isinstance(spec, MachineSpec) else "")
        return create(spec, **more)

    monkeypatch.setattr(pair.far.cloud, "create", created)
    (offer,) = pair.provider.offers(deadline=5)
    plain = MachineSpec("plain", "plain", offer.images[0].id, size=offer.sizes[0].name, user_data=data)
    for name, spec in (("plain", plain), ("keyed", replace(plain, name="keyed", key=kept.id))):
        pair.settled(pair.provider.create(spec, token=name, tags={}, deadline=5))
    assert told[0] == data
    message = email.message_from_string(told[1])
    parts = [bytes(part.get_payload(decode=True)).decode() for part in message.walk() if not part.is_multipart()]
    assert yaml.safe_load(parts[0])["ssh_authorized_keys"] == [key]
    assert parts[1].rstrip("\n") == data.rstrip("\n")
