"""The whole demo with every row a process of its own on a machine of its own, and containers for nodes."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from broker.store import journal, services
from tests.apart.everything import EVERYTHING, UP, Apart
from tests.apart.machines import can_be
from tests.apart.nodes import left, prove, with_nodes
from tests.pacs.installation import until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.lxc,
    pytest.mark.timeout(1200),
    pytest.mark.skipif(not can_be(), reason="only root may make networks"),
]


@pytest.fixture(scope="module")
def apart() -> Iterator[Apart]:
    with with_nodes() as found:
        found.start_all()
        yield found


def begun(apart: Apart, service: str, step: str) -> bool:
    """Whether the step's intent is in the journal. Read in its database: a command would be too slow."""
    with apart.store("service") as store, store.read() as tx:
        found = services.by_name(tx, "ward", service)
        return found is not None and step in journal.history(tx, "ward", found.id)


def killed_at(apart: Apart, step: str, *names: str) -> None:
    """As soon as the step's intent is in the journal; then they are started again."""
    until(lambda: begun(apart, "pacs", step), lambda: f"{apart.state('pacs')}\n{apart.logs()}", pause=0.01)
    for name in names:
        apart.kill(name)
    for name in names:
        apart.start(name)


def test_the_demo_passes_though_rows_worker_and_door_are_killed_in_the_middle(apart: Apart) -> None:
    apart.told(*UP)
    killed_at(apart, "pacs-db.0.machine", "service", "worker")
    killed_at(apart, "pacs-db.0.agent", "agent", "cloud")
    killed_at(apart, "pacs.0.setup.orthanc-postgresql", "publisher", "node", "worker")
    until(lambda: apart.state("pacs") == "active", lambda: f"{apart.state('pacs')}\n{apart.logs()}")
    said = prove(apart, "pacs")
    assert "C-ECHO answered" in said
    assert (said.count("stored"), said.count("C-FIND finds")) == (2, 2)
    assert "PostgreSQL" in said


def test_what_was_stored_is_found_after_all_of_it_was_killed_at_once(apart: Apart) -> None:
    apart.stop()
    for name in EVERYTHING:
        apart.start(name)
    until(lambda: apart.state("pacs") == "active", apart.logs)
    assert prove(apart, "pacs").count("C-FIND finds") == 2


def test_released_it_leaves_nothing_though_the_worker_is_killed_in_the_middle(apart: Apart) -> None:
    assert left(apart), "what is looked for is there to be seen"
    with ThreadPoolExecutor() as desk:
        desk.submit(apart.accords, "release", "pacs", "--volumes", "--yes", "pacs")  # it waits, and may lose the row
        killed_at(apart, "pacs.0.machine.delete", "worker", "service")
    until(lambda: left(apart) == {}, lambda: str(left(apart)), pause=1.0)
