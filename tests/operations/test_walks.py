"""What operations do to a service, on the fake cloud in memory, without HTTP."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from broker.report import report_of
from broker.store import agents, instructions, operations, outbox, secrets, services, volumes, watches
from broker.worker.observing import Observing
from providers.fake import Fake, Knobs, Quotas, Script, Trouble
from providers.protocol import Kind, State
from sla import Watch
from tests.faults.trial import Quick
from tests.operations.stage import ACCOUNT, INSTALLATION, Stage, manifest_of, nodes


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def cloudy(tmp_path: Path, **knobs: object) -> Stage:
    """Over a cloud of these knobs; waits between looks are short."""
    return Stage(tmp_path, Fake("paris", Knobs(**knobs)), clock=Quick(0.05))  # type: ignore[arg-type]


def test_a_service_comes_up_and_its_parts_can_be_seen(stage: Stage) -> None:
    service = stage.deployed()
    with stage.store.read() as tx:
        kinds = [parcel.projection.kind.rpartition("#")[2] for parcel in outbox.pending(tx)]
    assert sorted(set(kinds)) == ["compute", "contract", "network", "networkinterface", "storage", "storagelink"]
    assert stage.service(service).error is None


def test_nodes_are_told_values_and_the_journal_only_names_of_secrets(stage: Stage) -> None:
    service = stage.deployed()
    told = {one.arguments.get("value") for one in stage.cloud.ledger.carried if one.method == "configure"}
    assert told == {"db", "password-1"}
    assert "password-1" not in repr(stage.history(service))
    with stage.store.read() as tx:
        assert "password-1" not in repr(outbox.pending(tx))


def test_a_step_that_fails_says_which_why_and_what_can_be_done(tmp_path: Path) -> None:
    stage = cloudy(tmp_path, scripts=(Script("createdb", exit=7, output="no such role"),))
    service = stage.submit()
    stage.work()
    error = stage.service(service).error
    assert stage.service(service).state == "failed"
    assert error is not None
    assert (error["step"], error["code"], error["output"]) == ("db.0.setup.postgresql", "step.exit", "no such role")
    assert error["can"] == ["retry", "release"]


def test_a_failed_step_blocks_only_what_needs_it(tmp_path: Path) -> None:
    stage = cloudy(tmp_path, scripts=(Script("createdb", exit=7),))
    service = stage.submit()
    stage.work()
    with stage.store.read() as tx:
        steps = {step["id"]: step["state"] for step in report_of(tx, ACCOUNT, service)["steps"]}
    assert steps["web.0.install.nginx"] == "done"
    assert {name for name, state in steps.items() if state == "blocked"} == {
        "db.0.ready",
        "web.0.configure.db.hostname",
        "web.0.configure.db.password",
        "web.0.ready",
    }


def test_a_retry_goes_on_where_it_failed_and_makes_nothing_twice(tmp_path: Path) -> None:
    stage = cloudy(tmp_path, scripts=(Script("createdb", exit=7, times=2),))
    service = stage.submit()
    stage.work()
    for state in ("failed", "active"):
        stage.ask(service, "retry")
        stage.work()
        assert stage.service(service).state == state
    assert stage.cloud.ledger.twice() == ()
    scripts = [each.arguments.get("script") for each in stage.cloud.ledger.carried]
    assert scripts.count("createdb app") == 3
    assert len(scripts) == 4 + 3


def test_a_retry_that_is_taken_up_again_does_not_run_its_script_twice(tmp_path: Path) -> None:
    """The worker dies between the outcome and its result in the journal; the next one has the same operation."""
    stage = cloudy(tmp_path, scripts=(Script("createdb", exit=7, times=1),))
    service = stage.submit()
    stage.work()
    stage.ask(service, "retry")
    stage.cloud.trouble(Trouble("lose", call="instruct"))
    stage.work()
    assert stage.service(service).state == "active"
    assert [each.arguments.get("script") for each in stage.cloud.ledger.carried].count("createdb app") == 2


@pytest.mark.parametrize("idempotent", [True, False])
def test_a_machine_that_came_up_broken_is_made_anew_by_a_retry(tmp_path: Path, idempotent: bool) -> None:
    stage = cloudy(tmp_path, pending=0.1, idempotent=idempotent)
    service = stage.submit()
    broken = breaks(stage, "pair-web")
    assert stage.service(service).state == "failed"
    error = stage.service(service).error
    assert error is not None
    assert (error["step"], error["code"]) == ("web.0.machine", "step.broken")
    stage.ask(service, "retry")
    stage.work()
    assert stage.service(service).state == "active"
    machines = [each for each in stage.cloud.resources() if each.kind is Kind.MACHINE]
    assert len(machines) == 2
    assert broken not in {each.id for each in machines}


def test_a_machine_that_is_made_anew_is_told_again_what_to_measure(tmp_path: Path) -> None:
    """Its agent had called, and noted its probe, before the machine broke."""
    stage = cloudy(tmp_path, pending=0.1)
    service = stage.submit()
    probe = Watch("du:bytes", "web", location="/srv")
    with stage.store.write() as tx:
        watches.tell(tx, ACCOUNT, service, probe)
        (told,) = instructions.pending(tx, ACCOUNT, service, "web")
        instructions.outcome(tx, ACCOUNT, service, "web", id=told.id, exit=0)
    breaks(stage, "pair-web")
    stage.ask(service, "retry")
    stage.work()
    assert stage.service(service).state == "active"
    with stage.store.read() as tx:
        (again,) = instructions.pending(tx, ACCOUNT, service, "web")
    assert (again.method, again.arguments) == ("probe", told.arguments)


def breaks(stage: Stage, name: str) -> str:
    """Carry out what there is to do while a machine, which is being made, breaks; its id."""
    walk = threading.Thread(target=stage.work, daemon=True)
    stage.cloud.trouble(Trouble("hold", call="list", kind="machine"))
    walk.start()
    assert stage.cloud.held(1, wait=10)
    (broken,) = (each.id for each in stage.cloud.resources() if each.name == name and each.kind is Kind.MACHINE)
    stage.cloud.turn(broken, State.ERROR)
    stage.cloud.calm()
    walk.join(20)
    assert not walk.is_alive()
    return broken


def test_a_quota_that_is_full_is_not_tried_again(tmp_path: Path) -> None:
    """It was there when the plan was made, and is not any more."""
    stage = Stage(tmp_path)
    service = stage.submit()
    stage.cloud.turn_knobs(Knobs(quotas=Quotas(machines=1)))
    stage.work()
    error = stage.service(service).error
    assert error is not None
    assert error["code"] == "provider.quota"
    assert "raise the quota" in error["hint"]


def test_a_lost_answer_is_looked_up_and_not_repeated(tmp_path: Path) -> None:
    """On a cloud that does not look at tokens, too."""
    stage = cloudy(tmp_path, idempotent=False)
    stage.cloud.trouble(Trouble("lose", call="create", kind="machine"))
    service = stage.deployed()
    assert stage.cloud.ledger.twice() == ()
    assert stage.history(service)["db.0.machine"].state == "done"


def test_a_thing_that_is_pending_is_waited_for(tmp_path: Path) -> None:
    stage = cloudy(tmp_path, pending=0.05)
    stage.deployed()
    assert any(call.method == "list" for call in stage.cloud.ledger.calls)


@pytest.mark.parametrize(("kind", "state", "again"), [("stop", "stopped", "start"), ("suspend", "suspended", "start")])
def test_a_service_goes_down_and_comes_up_again(stage: Stage, kind: str, state: str, again: str) -> None:
    service = stage.deployed()
    stage.ask(service, kind)
    stage.work()
    assert stage.service(service).state == state
    stage.ask(service, again)
    stage.work()
    assert stage.service(service).state == "active"


def test_consumers_stop_before_their_sources(stage: Stage) -> None:
    service = stage.deployed()
    stage.ask(service, "stop")
    stage.work()
    acts = [call.thing for call in stage.cloud.ledger.calls if call.method == "act"]
    assert acts == ["pair-web", "pair-db"]


def test_one_node_can_be_stopped_and_the_service_stays(stage: Stage) -> None:
    service = stage.deployed()
    with stage.store.write() as tx:
        operations.submit(tx, ACCOUNT, service, "stop", arguments={"nodes": ["web"]})
    stage.work()
    with stage.store.read() as tx:
        states = {node["name"]: node["state"] for node in report_of(tx, ACCOUNT, service)["nodes"]}
    assert states == {"db": "running", "web": "stopped"}
    assert stage.service(service).state == "active"


def kept(stage: Stage) -> dict[str, str]:
    """What is listed as kept: name -> kind."""
    with stage.store.read() as tx:
        return {each.name: each.kind for each in volumes.every(tx, ACCOUNT)}


def test_each_save_makes_images_beside_the_former_which_outlive_a_plain_release(stage: Stage) -> None:
    service = stage.deployed()
    for _ in range(2):
        stage.ask(service, "save")
        stage.work()
    images = ["pair-db-2", "pair-db-3", "pair-web-2", "pair-web-3"]
    assert kept(stage) == dict.fromkeys(images, "image")
    stage.ask(service, "release")
    stage.work()
    assert sorted(stage.left()) == [*(f"snapshot/{name}" for name in images), "volume/pair-db-data"]
    assert kept(stage) == {**dict.fromkeys(images, "image"), "data": "volume"}
    Observing(stage.tools, INSTALLATION).turn("paris")
    assert len(stage.left()) == 5


def test_nothing_is_left_of_a_service_that_is_released_with_its_volumes(stage: Stage) -> None:
    """Also of a save whose answer never came."""
    service = stage.deployed()
    stage.cloud.trouble(Trouble("lose", call="create", kind="snapshot"))
    stage.ask(service, "save")
    stage.work()
    stage.ask(service, "release", volumes=True)
    stage.work()
    assert stage.left() == []
    assert kept(stage) == {}


def test_one_image_of_a_running_service_is_removed_and_the_service_goes_on(stage: Stage) -> None:
    service = stage.deployed()
    stage.ask(service, "save")
    stage.work()
    for step in ("db.0.save.2", "web.0.save.2"):
        with stage.store.write() as tx:
            operations.submit(tx, ACCOUNT, service, "remove", arguments={"only": step})
    stage.work()
    assert kept(stage) == {}
    assert stage.service(service).state == "active"
    assert {name.partition("/")[0] for name in stage.left()} == {"firewall", "machine", "network", "volume"}


def test_a_release_keeps_what_is_retained_and_says_so(stage: Stage) -> None:
    service = stage.deployed()
    stage.ask(service, "release")
    stage.work()
    with stage.store.read() as tx:
        (kept,) = volumes.every(tx, ACCOUNT)
    assert stage.left() == ["volume/pair-db-data"]
    assert (kept.service_name, kept.node, kept.name, kept.size) == ("pair", "db", "data", 2_000_000_000)


def test_a_retained_volume_is_given_back_when_asked_for(stage: Stage) -> None:
    service = stage.deployed()
    stage.ask(service, "release")
    stage.work()
    with stage.store.write() as tx:
        operations.submit(tx, ACCOUNT, service, "remove", arguments={"only": "db.0.volume.data"})
    stage.work()
    with stage.store.read() as tx:
        assert volumes.every(tx, ACCOUNT) == ()
    assert stage.left() == []
    assert stage.service(service).state == "released"


def test_nothing_secret_is_left_of_a_released_service(stage: Stage) -> None:
    service = stage.deployed()
    name = stage.history(service)["db.0.secret.password"].result
    stage.ask(service, "release")
    stage.work()
    assert name is not None
    with stage.store.read() as tx, pytest.raises(Exception, match="there is no secret"):
        secrets.reveal(tx, ACCOUNT, service, name["value"])


def test_a_cancelled_service_is_released(stage: Stage) -> None:
    service = stage.submit()
    with stage.store.write() as tx:
        operations.cancel(tx, ACCOUNT, service)
    assert stage.work() == 2
    assert stage.service(service).state == "released"
    assert stage.left() == []


def test_a_stopped_node_is_told_nothing_when_it_is_given_back(stage: Stage) -> None:
    service = stage.deployed()
    stage.ask(service, "stop")
    stage.work()
    before = len(stage.cloud.ledger.carried)
    stage.ask(service, "release", volumes=True)
    stage.work()
    assert stage.service(service).state == "released"
    assert len(stage.cloud.ledger.carried) == before


def test_what_nodes_fetch_themselves_is_an_instruction_with_the_name_of_the_secret(tmp_path: Path) -> None:
    """Delivery `home`: the node answers, here by hand, and the walk goes on."""
    stage = Stage(tmp_path)
    stage.cloud.turn_knobs(Knobs(delivery="none"))
    service = stage.submit_for("home")
    walk = threading.Thread(target=stage.work, daemon=True)
    walk.start()
    seen: list[instructions.Instruction] = []
    while walk.is_alive():
        with stage.store.write() as tx:
            for node in ("db", "web"):
                agents.seen(tx, ACCOUNT, service, node)
                for each in instructions.pending(tx, ACCOUNT, service, node):
                    seen.append(each)
                    instructions.outcome(tx, ACCOUNT, service, node, id=each.id, exit=0)
        walk.join(0.05)
    assert stage.service(service).state == "active", stage.service(service).error
    values = {str(each.arguments["value"]) for each in seen if each.method == "configure"}
    assert {value.partition(":")[0] for value in values} == {"db", "secret"}


def test_many_nodes_come_up_and_go(tmp_path: Path) -> None:
    stage = Stage(tmp_path, manifest=manifest_of(nodes(20)))
    service = stage.deployed()
    assert len(stage.left()) == 41
    stage.ask(service, "release")
    stage.work()
    assert stage.left() == []
    with stage.store.read() as tx:
        assert services.get(tx, ACCOUNT, service).state == "released"
