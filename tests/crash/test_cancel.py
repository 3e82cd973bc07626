"""Cancelling while calls are under way at the cloud's server: nothing begins any more, what was made goes back."""

from __future__ import annotations

import pytest

from broker.store import operations, services
from providers.fake import Knobs, Script, Trouble
from tests.crash.scene import Scene, until
from tests.operations.stage import ACCOUNT


def cancel(scene: Scene, service: str) -> None:
    """As the service row does it."""
    with scene.stage.store.write() as tx:
        operations.cancel(tx, ACCOUNT, service)
        services.set_state(tx, ACCOUNT, service, "releasing", desired="released")


def creates(scene: Scene) -> int:
    return sum(call.method == "create" for call in scene.cloud.calls())


@pytest.mark.parametrize("when", ["before", "after"])
def test_calls_in_flight_are_seen_to_their_end_and_what_they_made_goes_back(scene: Scene, when: str) -> None:
    """Both machines are being made when the cancel comes; what waits for them never begins."""
    scene.cloud.trouble(Trouble("hold", call="create", kind="machine", times=2, when=when))
    service = scene.stage.submit()
    scene.start(walk_parallel=8)
    until(lambda: len(scene.cloud.held()) == 2, "both machines are being made")
    begun = creates(scene)
    cancel(scene, service)
    scene.cloud.calm()
    scene.settled(service, "released")
    assert creates(scene) == begun
    assert {each.method for each in scene.cloud.carried()} <= {"kill"}
    assert scene.names() == ["volume/pair-db-data"]
    assert scene.twice() == []


def test_a_script_that_runs_for_an_hour_does_not_keep_a_cancel_waiting(scene: Scene) -> None:
    scene.cloud.turn_knobs(Knobs(scripts=(Script("createdb", seconds=3600),)))
    service = scene.stage.submit()
    scene.start()
    until(lambda: any("createdb" in str(each.arguments) for each in scene.cloud.carried()), "the script runs")
    cancel(scene, service)
    scene.settled(service, "released")
    assert scene.names() == ["volume/pair-db-data"]
