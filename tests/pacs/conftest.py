"""The demo's service on real nodes, deployed once for all tests that look at it."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.pacs.archive import Pacs
from tests.pacs.installation import OnThisMachine
from tests.pacs.neighbour import Neighbour, move_in


@pytest.fixture(scope="session")
def here() -> Iterator[OnThisMachine]:
    """A broker and a worker whose nodes run on this machine. Skipped where LXC cannot run; in CI that is a failure."""
    made = OnThisMachine.made()
    try:
        can_run(made)
        made.start()
        yield made
    finally:
        made.clear()


def can_run(made: OnThisMachine) -> None:
    problems = made.cloud.check(deadline=20)
    if problems and "CI" not in os.environ:
        pytest.skip("; ".join(f"{problem.what}: {problem.mend}" for problem in problems))
    assert not problems


@pytest.fixture
def pacs(here: OnThisMachine) -> Pacs:
    """The service of examples/pacs.xml, active; brought there if the test before left it elsewhere."""
    found = Pacs(here)
    found.bring_up()
    return found


@pytest.fixture(scope="module")
def neighbour(here: OnThisMachine) -> Iterator[Neighbour]:
    """A third node on the archive's network, while a module's tests run."""
    Pacs(here).bring_up()
    found = move_in(here)
    yield found
    found.end()
