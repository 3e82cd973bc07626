"""What somebody changes at a cloud behind the broker's back: seen, said, and put right or taken as it is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from broker import repairs
from broker.errors import Clash
from broker.report import report_of
from broker.store import entities, events, findings, operations, services
from broker.store.findings import Finding
from broker.worker import chores, drifting
from broker.worker.observing import Observing
from providers.fake import Trouble
from providers.protocol import Kind, OfferedSize, Resource, State
from tests.operations.stage import ACCOUNT, INSTALLATION, Stage


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drifting, "SETTLE", 0)


def look(stage: Stage) -> None:
    Observing(stage.tools, INSTALLATION).turn("paris")


def found(stage: Stage, service: str) -> dict[str, Finding]:
    with stage.store.read() as tx:
        return {f"{each.step} {each.aspect}": each for each in findings.of_service(tx, ACCOUNT, service)}


def machine(stage: Stage, node: str) -> Resource:
    (one,) = [each for each in there(stage, Kind.MACHINE) if each.tags.get("accords-node") == node]
    return one


def there(stage: Stage, kind: Kind) -> list[Resource]:
    return [each for each in stage.cloud.list({}, deadline=5) if each.kind is kind]


def repair(stage: Stage, service: str, how: str = "repair") -> None:
    with stage.store.write() as tx:
        about = repairs.subject(tx, services.get(tx, ACCOUNT, service))
        assert about is not None
        repairs.submit(tx, about, how)
    stage.work()


def policy(stage: Stage, service: str, word: str) -> None:
    with stage.store.write() as tx:
        seen = entities.get(tx, ACCOUNT, services.KIND, service)
        entities.update(tx, replace(seen, attributes={**seen.attributes, repairs.POLICY: word}))


def told(stage: Stage) -> list[tuple[str, str]]:
    """(machine, method) of every instruction that was carried out."""
    return [(each.machine, each.method) for each in stage.cloud.ledger.carried]  # type: ignore[union-attr]


def test_a_service_that_is_as_it_should_be_differs_in_nothing(stage: Stage) -> None:
    service = stage.deployed()
    look(stage)
    assert found(stage, service) == {}
    assert stage.service(service).state == "active"


def test_a_machine_that_was_deleted_is_seen_said_and_made_anew(stage: Stage) -> None:
    """With its volume, its firewall, its configuration; and who uses its properties is told them again."""
    service = stage.deployed()
    look(stage)
    before, kept = machine(stage, "db"), {each.id for each in stage.cloud.list({}, deadline=5)}
    token = stage.history(service)["db.0.machine"].token
    stage.cloud.lose(Kind.MACHINE, before.id)
    look(stage)
    assert list(found(stage, service)) == ["db.0.machine gone"]
    assert stage.service(service).state == "failed"
    seen = len(told(stage))
    repair(stage, service)
    after = machine(stage, "db")
    assert stage.service(service).state == "active"
    assert stage.history(service)["db.0.machine"].token == after.token != token
    assert {each.id for each in stage.cloud.list({}, deadline=5)} == kept - {before.id} | {after.id}
    web = machine(stage, "web").id
    assert told(stage)[seen:] == [(after.id, "install"), (after.id, "run"), (web, "configure")]
    look(stage)
    assert (found(stage, service), stage.service(service).state) == ({}, "active")


def test_a_difference_is_told_once_with_the_time_since_when(stage: Stage) -> None:
    service = stage.deployed()
    stage.cloud.turn(machine(stage, "web").id, State.STOPPED)
    look(stage)
    since = found(stage, service)["web.0.machine state"].since
    look(stage)
    assert found(stage, service)["web.0.machine state"].since == since
    with stage.store.read() as tx:
        names = [each.name for each in events.after(tx, ACCOUNT, service=service, limit=1000)]
        (drift,) = report_of(tx, ACCOUNT, service)["drift"]
    assert names.count("drift.found") == 1
    assert (drift["wanted"], drift["seen"]) == ("active", "stopped")


def test_a_machine_that_somebody_stopped_is_started(stage: Stage) -> None:
    service = stage.deployed()
    stage.cloud.turn(machine(stage, "web").id, State.STOPPED)
    look(stage)
    repair(stage, service)
    assert machine(stage, "web").state is State.ACTIVE
    assert stage.service(service).state == "active"


def test_a_machine_that_was_resized_gets_its_size_back(stage: Stage) -> None:
    service = stage.deployed()
    one = machine(stage, "web")
    other = next(each for each in stage.cloud.cloud.knobs.sizes if each.name != one.facts["size"])  # type: ignore[union-attr]
    stage.cloud.resize(one.id, other, deadline=5)
    look(stage)
    assert list(found(stage, service)) == ["web.0.machine size"]
    assert stage.service(service).state == "active"
    offered(stage)
    repair(stage, service)
    again = machine(stage, "web")
    assert (again.id, again.facts["size"], again.state) == (one.id, one.facts["size"], State.ACTIVE)


def test_a_size_that_was_adopted_is_wanted_from_then_on(stage: Stage) -> None:
    service = stage.deployed()
    resize(stage, "web")
    look(stage)
    repair(stage, service, "adopt")
    look(stage)
    assert found(stage, service) == {}
    assert stage.service(service).state == "active"


def test_a_stop_that_was_adopted_makes_a_service_that_shall_be_stopped(stage: Stage) -> None:
    service = stage.deployed()
    for node in ("db", "web"):
        stage.cloud.turn(machine(stage, node).id, State.STOPPED)
    look(stage)
    repair(stage, service, "adopt")
    look(stage)
    assert (stage.service(service).state, stage.service(service).desired) == ("stopped", "stopped")
    assert found(stage, service) == {}
    stage.ask(service, "start")
    stage.work()
    look(stage)
    assert stage.service(service).state == "active"


def test_a_machine_that_is_given_up_is_wanted_no_more(stage: Stage) -> None:
    service = stage.deployed()
    stage.cloud.lose(Kind.MACHINE, machine(stage, "web").id)
    look(stage)
    repair(stage, service, "adopt")
    look(stage)
    assert (found(stage, service), stage.service(service).state) == ({}, "active")
    stage.ask(service, "release", volumes=True)
    stage.work()
    assert stage.left() == []


def test_a_machine_whose_tags_somebody_took_is_there_and_not_made_twice(stage: Stage) -> None:
    service = stage.deployed()
    one = machine(stage, "web")
    stage.cloud.mark(Kind.MACHINE, one.id, {"mine": "yes"})  # type: ignore[union-attr]
    look(stage)
    assert list(found(stage, service)) == ["web.0.machine tags"]
    assert stage.service(service).state == "active"
    repair(stage, service)
    assert len(there(stage, Kind.MACHINE)) == 2
    assert machine(stage, "web").tags == {**one.tags, "mine": "yes"}
    look(stage)
    assert found(stage, service) == {}
    with pytest.raises(Clash):
        repair(stage, service)


def test_tags_that_were_adopted_are_wanted_until_somebody_changes_them_again(stage: Stage) -> None:
    service = stage.deployed()
    one = machine(stage, "web")
    stage.cloud.mark(Kind.MACHINE, one.id, {**one.tags, "accords-node": "theirs"})
    look(stage)
    repair(stage, service, "adopt")
    look(stage)
    assert found(stage, service) == {}
    stage.cloud.mark(Kind.MACHINE, one.id, {})
    look(stage)
    repair(stage, service)
    assert machine(stage, "web").tags == one.tags
    look(stage)
    assert found(stage, service) == {}


@pytest.mark.parametrize("kind", [Kind.NETWORK, Kind.FIREWALL, Kind.VOLUME, Kind.MACHINE])
def test_what_carries_the_tag_of_a_service_that_ended_and_is_anothers_is_not_given_back(
    stage: Stage, kind: Kind
) -> None:
    """Somebody retagged it: it is known by its id, and neither left behind by the one nor a stray."""
    ended = stage.deployed()
    stage.ask(ended, "release", volumes=True)
    stage.work()
    service = stage.deployed()
    one = there(stage, kind)[0]
    before = {each.id for each in stage.cloud.list({}, deadline=5)}
    stage.cloud.mark(kind, one.id, {**one.tags, "accords-service": ended})
    look(stage)
    assert {each.id for each in stage.cloud.list({}, deadline=5)} == before
    with stage.store.read() as tx:
        assert findings.strays(tx, "paris") == ()
    assert [each.aspect for each in found(stage, service).values()] == ["tags"]


@pytest.mark.parametrize("policy_", ["repair", "adopt"])
def test_by_itself_the_worker_puts_tags_back_or_takes_them(stage: Stage, policy_: str) -> None:
    service = stage.deployed()
    policy(stage, service, policy_)
    one = machine(stage, "web")
    stage.cloud.mark(Kind.MACHINE, one.id, {**one.tags, "accords-step": "theirs"})
    look(stage)
    assert stage.work() == 1
    step = {"repair": one.tags["accords-step"], "adopt": "theirs"}[policy_]
    assert machine(stage, "web").tags["accords-step"] == step
    look(stage)
    assert found(stage, service) == {}


def test_a_network_that_was_deleted_takes_its_machines_with_it(stage: Stage) -> None:
    service = stage.deployed()
    (network,) = there(stage, Kind.NETWORK)
    machines = {each.id for each in there(stage, Kind.MACHINE)}
    stage.cloud.lose(Kind.NETWORK, network.id)
    look(stage)
    assert list(found(stage, service)) == ["paris.n1 gone"]
    repair(stage, service)
    assert stage.service(service).state == "active"
    assert machines.isdisjoint(each.id for each in there(stage, Kind.MACHINE))
    assert len(there(stage, Kind.MACHINE)) == 2
    look(stage)
    assert found(stage, service) == {}


def test_a_repaired_service_is_given_back_whole(stage: Stage) -> None:
    service = stage.deployed()
    stage.cloud.lose(Kind.MACHINE, machine(stage, "db").id)
    look(stage)
    repair(stage, service)
    stage.ask(service, "release", volumes=True)
    stage.work()
    assert (stage.left(), stage.service(service).state) == ([], "released")


def test_a_repair_that_failed_is_retried_where_it_was(stage: Stage) -> None:
    service = stage.deployed()
    stage.cloud.lose(Kind.MACHINE, machine(stage, "db").id)
    look(stage)
    stage.cloud.trouble(Trouble("fail", call="create", kind="machine", error="quota"))
    repair(stage, service)
    assert stage.service(service).state == "failed"
    assert (stage.service(service).error or {})["can"] == ["retry", "release"]
    look(stage)
    stage.ask(service, "retry")
    stage.work()
    assert stage.service(service).state == "active"
    assert len(there(stage, Kind.MACHINE)) == 2


def test_by_itself_the_worker_does_what_the_policy_says(stage: Stage) -> None:
    service = stage.deployed()
    policy(stage, service, "repair")
    stage.cloud.lose(Kind.MACHINE, machine(stage, "db").id)
    look(stage)
    stage.work()
    assert stage.service(service).state == "active"
    assert machine(stage, "db").state is State.ACTIVE


def test_by_itself_the_worker_takes_nothing_that_is_there(stage: Stage) -> None:
    """To make a network anew its machines would have to go; a volume would come back empty."""
    service = stage.deployed()
    policy(stage, service, "repair")
    stage.cloud.lose(Kind.NETWORK, there(stage, Kind.NETWORK)[0].id)
    look(stage)
    assert stage.work() == 0
    assert stage.service(service).state == "failed"


def test_what_a_repair_did_not_mend_is_not_repaired_again_at_once(stage: Stage) -> None:
    service = stage.deployed()
    policy(stage, service, "repair")
    for repaired in (1, 0):
        stage.cloud.turn(machine(stage, "web").id, State.STOPPED)
        look(stage)
        assert stage.work() == repaired


def test_the_worker_adopts_a_size_and_no_loss(stage: Stage) -> None:
    service = stage.deployed()
    policy(stage, service, "adopt")
    resize(stage, "web")
    look(stage)
    stage.work()
    stage.cloud.lose(Kind.MACHINE, machine(stage, "db").id)
    look(stage)
    assert stage.work() == 0
    assert list(found(stage, service)) == ["db.0.machine gone"]


def test_a_stopped_consumer_is_woken_to_be_told_and_rests_again(stage: Stage) -> None:
    service = stage.deployed()
    with stage.store.write() as tx:
        operations.submit(tx, ACCOUNT, service, "stop", arguments={"nodes": ["web"]})
    stage.work()
    stage.cloud.lose(Kind.MACHINE, machine(stage, "db").id)
    look(stage)
    repair(stage, service)
    assert stage.service(service).state == "active", stage.service(service).error
    assert (machine(stage, "web").state, told(stage)[-1]) == (State.STOPPED, (machine(stage, "web").id, "configure"))
    look(stage)
    assert found(stage, service) == {}


def offered(stage: Stage) -> None:
    chores.refresh_offers(stage.tools)


def resize(stage: Stage, node: str) -> None:
    one = machine(stage, node)
    sizes: tuple[OfferedSize, ...] = stage.cloud.cloud.knobs.sizes  # type: ignore[union-attr]
    stage.cloud.resize(one.id, next(each for each in sizes if each.name != one.facts["size"]), deadline=5)
