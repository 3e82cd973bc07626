"""One fault a verb on this machine: the first call of each kind is not sent, or its answer is lost.

There is no wire to cut between this provider and its cloud, so that what is lost is lost at its edge. That it is killed
at each place of each call is tried in `tests/local/test_killed_calls.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from providers.errors import Ambiguous, Unavailable
from providers.fake.making import KINDS
from providers.local import Local
from providers.protocol import Kind, Offering
from tests.faults.site import TELLING
from tests.faults.trial import shaped
from tests.local.conftest import local  # noqa: F401 - a fixture
from tests.local.traces import traces
from tests.operations.stage import Stage

pytestmark = [pytest.mark.lxc, pytest.mark.slow, pytest.mark.timeout(900)]

CHANGES = ("create", "delete", "act")


class Unreliable:
    """A provider whose first call of each verb and kind fails: before it is carried out, or after it. Its nodes are
    told nothing: there is no door here that agents could call at."""

    def __init__(self, inner: Local, *, lost: bool) -> None:
        self._inner, self._lost = inner, lost
        self.failed: list[tuple[str, Kind]] = []

    def offers(self, *, deadline: float) -> list[Offering]:
        return [replace(each, delivery="none") for each in self._inner.offers(deadline=deadline)]

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        return self._failing(name, found) if name in CHANGES else found

    def _failing(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def failing(what: Any, *others: object, **named: object) -> Any:
            verb = (name, what if isinstance(what, Kind) else KINDS[type(what)])
            if verb in self.failed:
                return call(what, *others, **named)
            self.failed.append(verb)
            if self._lost:
                call(what, *others, **named)
                raise Ambiguous(f"the answer to {name} was lost")
            raise Unavailable(f"{name} was not sent")

        return failing


@pytest.mark.parametrize("lost", [True, False], ids=["lost", "cut"])
def test_each_verb_fails_once_and_nothing_is_made_twice_or_left(
    local: Local,  # noqa: F811 - the fixture
    tmp_path: Path,
    lost: bool,
) -> None:
    cloud = Unreliable(local, lost=lost)
    stage = Stage(tmp_path, cloud, shaped(TELLING))  # type: ignore[arg-type]  # a provider all the same
    service = stage.deployed()
    kinds = sorted(each.kind for each in local.list({}, deadline=30))
    assert kinds == sorted([Kind.MACHINE, Kind.FIREWALL] * 2 + [Kind.NETWORK, Kind.VOLUME])
    for kind, state in (("stop", "stopped"), ("start", "active"), ("release", "released")):
        stage.ask(service, kind, **({"volumes": True} if kind == "release" else {}))
        stage.work()
        assert stage.service(service).state == state, stage.service(service).error
    assert traces(local.site) == {}
    assert len(cloud.failed) == 2 * len(set(kinds)) + 1
