"""Workers that are killed while services share something: it is there once, for as long as somebody uses it."""

from __future__ import annotations

import pytest

from broker.store import sharing
from tests.crash.scene import Scene
from tests.operations.stage import ACCOUNT, manifest_of

TEXT = (
    '<manifest name="m"><node name="web"/><node name="cache" scope="common" access="public"/><configuration>'
    '<action expression="web.configure(cache.hostname, cache.password);"/></configuration></manifest>'
)


def users(scene: Scene) -> list[str]:
    with scene.stage.store.read() as tx:
        return [user.name for user in sharing.users_of(tx, ACCOUNT, "/cache")]


def machines(scene: Scene) -> list[str]:
    return [name.removeprefix("machine/") for name in scene.names() if name.startswith("machine/")]


@pytest.mark.slow
@pytest.mark.parametrize("nth", [1, 4, 7])
@pytest.mark.parametrize("when", ["before", "after"])
def test_two_services_share_one_whenever_their_worker_is_killed(scene: Scene, nth: int, when: str) -> None:
    scene.stage.manifest = manifest_of(TEXT)
    services = [scene.stage.submit(name) for name in ("one", "two")]
    scene.hold("create", nth, when)
    scene.kill_at_hold(scene.start())
    scene.start()
    scene.start()
    for service in services:
        scene.settled(service, "active")
    assert machines(scene) == ["cache-cache", "one-web", "two-web"]
    assert users(scene) == ["one", "two"]
    assert not scene.twice()


@pytest.mark.slow
@pytest.mark.parametrize("nth", [1, 4, 6])
def test_the_last_gives_it_back_whenever_the_worker_is_killed(scene: Scene, nth: int) -> None:
    scene.stage.manifest = manifest_of(TEXT)
    services = [scene.stage.submit(name) for name in ("one", "two")]
    worker = scene.start()
    for service in services:
        scene.settled(service, "active")
    scene.hold("delete", nth, "before")
    for service in services:
        scene.stage.ask(service, "release")
    scene.kill_at_hold(worker)
    scene.start()
    for service in services:
        scene.settled(service, "released")
    assert scene.names() == []
    assert users(scene) == []
