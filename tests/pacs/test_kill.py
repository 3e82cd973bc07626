"""kill -9 of the worker while real nodes are made, cancelled and given back; then another worker: the service runs or
is released, nothing was made twice, nothing is left.

The positions are those of the journal: the worker is killed as soon as a step's intent is seen there.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from broker.store import Store, journal, services
from tests.local.traces import traces
from tests.pacs import bare
from tests.pacs.conftest import can_run
from tests.pacs.installation import OnThisMachine, until

pytestmark = [pytest.mark.lxc, pytest.mark.slow, pytest.mark.timeout(600)]

LEASE = {"lease": "8", "call_deadline": "7"}
"""Seconds until the next worker may take over: shorter than the default, so that the test is too."""
ACTIONS = "http://schemas.accords.org/occi/service/action#"


class Victim:
    """A service that is under way while its worker is killed. Read in its database: a command would be too slow."""

    def __init__(self, there: OnThisMachine) -> None:
        self.there = there
        self.client = there.client()
        self.store = Store.open(f"sqlite:///{there.home}/service.sqlite")
        there.told("up", bare.manifest(there))
        with self.store.read() as tx:
            self.id = services.by_name(tx, "admin", "bare").id

    def close(self) -> None:
        self.client.close()
        self.store.close()

    def ask(self, action: str, **attributes: object) -> None:
        body = {"action": ACTIONS + action, "attributes": attributes}
        self.client.post("service", f"/service/{self.id}", body, action=action)

    def reach(self, step: str) -> None:
        """Until the step's intent is in the journal."""
        until(lambda: self._begun(step), f"{step} is begun", pause=0.002)

    def kill_at(self, step: str) -> None:
        """Then the worker is killed, and another begins."""
        self.reach(step)
        self.there.kill_worker()
        self.there.start_worker()

    def ends(self, state: str) -> None:
        until(lambda: self._state() == state, lambda: f"{state}: {self.there.report(self.id)}")

    def left_nothing(self) -> None:
        site = self.there.cloud.site
        until(lambda: traces(site) == {}, lambda: f"nothing is left: {traces(site)}")

    def _begun(self, step: str) -> bool:
        with self.store.read() as tx:
            return step in journal.history(tx, "admin", self.id)

    def _state(self) -> str:
        with self.store.read() as tx:
            return services.get(tx, "admin", self.id).state


@pytest.fixture(scope="module")
def there() -> Iterator[OnThisMachine]:
    made = OnThisMachine.made(own=LEASE)
    try:
        can_run(made)
        made.start()
        yield made
    finally:
        made.clear()


@pytest.fixture
def victim(there: OnThisMachine) -> Iterator[Victim]:
    found = Victim(there)
    yield found
    found.close()


@pytest.mark.parametrize(
    ("walk", "release"),
    [
        ("local.lan", "one.0.machine.delete"),
        ("one.0.volume.data", "one.0.volume.data.delete"),
        ("one.0.machine", "one.0.firewall.delete"),
        ("one.0.agent", "local.lan.delete"),
        ("one.0.run.0", "one.0.machine.delete"),
    ],
)
def test_a_walk_and_a_release_that_are_killed_are_finished(victim: Victim, walk: str, release: str) -> None:
    there = victim.there
    victim.kill_at(walk)
    victim.ends("active")
    assert bare.things(there, "bare") == bare.THINGS, "everything once"
    assert there.run("one", "cat", "/srv/data/marks") == "done", "and done once"
    victim.ask("release", volumes=True)
    victim.kill_at(release)
    victim.ends("released")
    victim.left_nothing()


@pytest.mark.parametrize(
    ("walk", "back"), [("one.0.machine", "one.0.machine.delete"), ("one.0.agent", "local.lan.delete")]
)
def test_a_cancelled_walk_that_is_killed_is_given_back(victim: Victim, walk: str, back: str) -> None:
    there = victim.there
    victim.reach(walk)
    victim.ask("cancel")
    victim.kill_at(back)
    victim.ends("released")
    for kept in victim.client.get("service", "/volumes")["volumes"]:
        there.told("volumes", "--remove", kept["id"])
    victim.left_nothing()
