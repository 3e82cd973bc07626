"""kill -9 of the worker before and after every call it makes, in walk, rollback, cancel and release. Then another
worker: the service runs or is released, nothing was made twice, nothing is left.

Before a call its intent is in the journal; after it, its result is not yet: with the next call's intent these are all
the positions of the journal. The sample runs always, the rest with the slow tests.
"""

from __future__ import annotations

import signal

import pytest

from broker.store import operations, services
from providers.fake import Knobs, Script
from tests.crash.scene import Scene, kill, until
from tests.operations.stage import ACCOUNT

EVERYTHING = [
    "firewall/pair-db",
    "firewall/pair-web",
    "machine/pair-db",
    "machine/pair-web",
    "network/pair-n1",
    "volume/pair-db-data",
]
RETAINED = ["volume/pair-db-data"]
slow = pytest.mark.slow

CREATES, INSTRUCTIONS, DELETES = 6, 5, 5
WALK = [("create", nth) for nth in range(1, CREATES + 1)] + [("instruct", nth) for nth in range(1, INSTRUCTIONS + 1)]
GIVEN_BACK = [("instruct", 1), *(("delete", nth) for nth in range(1, DELETES + 1))]


def positions(calls: list[tuple[str, int]], sample: set[tuple[str, int, str]]) -> list[object]:
    """Every call, held on both sides; those of the sample without the slow mark."""
    return [
        pytest.param(call, nth, when, marks=() if (call, nth, when) in sample else slow, id=f"{call}-{nth}-{when}")
        for call, nth in calls
        for when in ("before", "after")
    ]


@pytest.mark.parametrize(("call", "nth", "when"), positions(WALK, {("create", 4, "after"), ("instruct", 3, "before")}))
def test_a_walk_that_is_killed_is_finished_by_the_next_worker(scene: Scene, call: str, nth: int, when: str) -> None:
    scene.hold(call, nth, when)
    service = scene.stage.submit()
    scene.kill_at_hold(scene.start())
    scene.start()
    scene.settled(service, "active")
    assert scene.twice() == []
    assert scene.names() == EVERYTHING
    tokens = [each.token for each in scene.cloud.carried()]
    assert len(tokens) == len(set(tokens)) == INSTRUCTIONS


@pytest.mark.parametrize(("call", "nth", "when"), positions(GIVEN_BACK, {("delete", 2, "after")}))
def test_a_release_that_is_killed_is_finished_by_the_next_worker(scene: Scene, call: str, nth: int, when: str) -> None:
    service = scene.stage.submit()
    worker = scene.start()
    scene.settled(service, "active")
    scene.hold(call, nth, when)
    scene.stage.ask(service, "release")
    scene.kill_at_hold(worker)
    scene.start()
    scene.settled(service, "released")
    assert scene.names() == RETAINED


@pytest.mark.parametrize(("call", "nth", "when"), positions(GIVEN_BACK[1:], {("delete", 1, "before")}))
def test_a_rollback_that_is_killed_leaves_nothing(scene: Scene, call: str, nth: int, when: str) -> None:
    """The last instruction fails; what was made is given back, the volume too."""
    scene.cloud.turn_knobs(Knobs(scripts=(Script("createdb", exit=1, output="no such database"),)))
    service = scene.stage.submit()
    worker = scene.start()
    scene.settled(service, "failed")
    scene.hold(call, nth, when)
    scene.stage.ask(service, "release", volumes=True)
    scene.kill_at_hold(worker)
    scene.start()
    scene.settled(service, "released")
    assert scene.names() == []


@pytest.mark.parametrize(("call", "nth", "when"), positions(WALK, {("create", 2, "before")}))
def test_a_walk_that_is_cancelled_and_killed_leaves_nothing(scene: Scene, call: str, nth: int, when: str) -> None:
    """Cancelled while the call is held, killed, and the call is carried out all the same."""
    scene.hold(call, nth, when)
    service = scene.stage.submit()
    worker = scene.start()
    until(scene.cloud.held, "a call is held")
    with scene.stage.store.write() as tx:
        operations.cancel(tx, ACCOUNT, service)
        services.set_state(tx, ACCOUNT, service, "releasing", desired="released")
    scene.kill_at_hold(worker)
    scene.start()
    scene.settled(service, "released")
    assert scene.twice() == []
    assert set(scene.names()) <= set(RETAINED)


def test_a_second_worker_takes_over_within_the_lease(scene: Scene) -> None:
    scene.hold("create", 3, "after")
    service = scene.stage.submit()
    first = scene.start()
    until(scene.cloud.held, "a call is held")
    scene.start()
    scene.kill_at_hold(first)
    scene.settled(service, "active")
    assert scene.twice() == []


def test_a_worker_that_is_told_to_end_ends_while_a_call_is_held_and_the_next_goes_on(scene: Scene) -> None:
    scene.hold("create", 3, "after")
    service = scene.stage.submit()
    worker = scene.start()
    until(scene.cloud.held, "a call is held")
    worker.terminate()
    assert worker.wait(20) == 0
    scene.cloud.calm()
    scene.start()
    scene.settled(service, "active")
    assert scene.twice() == []


def test_a_worker_that_is_told_to_end_hands_over_what_it_was_at_without_waiting_for_its_lease(scene: Scene) -> None:
    scene.cloud.turn_knobs(Knobs(pending=3600))
    service = scene.stage.submit()
    worker = scene.start(lease=3600)
    until(lambda: scene.names() and scene.stage.history(service), "something is being made")
    worker.terminate()
    assert worker.wait(20) == 0
    scene.start(lease=3600)
    until(lambda: _taken(scene, service) == 2, "the next one has it")


def _taken(scene: Scene, service: str) -> int:
    """How often the newest operation was taken."""
    with scene.stage.store.read() as tx:
        newest = operations.latest(tx, ACCOUNT, service)
    return newest.epoch if newest else 0


def test_a_worker_that_was_stopped_past_its_lease_does_nothing_more(scene: Scene) -> None:
    scene.hold("create", 3, "after")
    service = scene.stage.submit()
    sleeper = scene.start(offer_period=0.5)
    until(scene.cloud.held, "a call is held")
    sleeper.send_signal(signal.SIGSTOP)
    scene.cloud.calm()
    second = scene.start()
    scene.settled(service, "active")
    scene.stage.ask(service, "release")
    scene.settled(service, "released")
    kill(second)
    before, entries = len(scene.cloud.calls()), scene.stage.history(service)
    sleeper.send_signal(signal.SIGCONT)
    until(lambda: _methods(scene, before).count("offers") >= 3, "the sleeper is awake")
    assert {"create", "delete", "act", "instruct"}.isdisjoint(_methods(scene, before))
    assert scene.stage.history(service) == entries
    assert scene.names() == RETAINED


def _methods(scene: Scene, after: int) -> list[str]:
    return [each.method for each in scene.cloud.calls()[after:]]
