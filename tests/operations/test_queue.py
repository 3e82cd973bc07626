"""How operations come to a worker: places, the store's own queue, and what the other one needs."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from broker.errors import Misconfigured
from broker.store import Lease
from broker.worker.queue import queue_of
from broker.worker.walks import SIDE_BY_SIDE, Walks
from tests.crash.scene import until
from tests.operations.stage import Stage


class Held:
    """Walks that go on until they are let go, and how many have begun."""

    def __init__(self) -> None:
        self.begun: list[Lease] = []
        self._go = threading.Semaphore(0)
        self.walks = Walks(self._walk)

    def _walk(self, lease: Lease) -> None:
        self.begun.append(lease)
        self._go.acquire()

    def let_go(self, count: int) -> None:
        for _ in range(count):
            self._go.release()


def test_a_worker_takes_no_more_than_it_has_places_for(tmp_path: Path) -> None:
    stage, held = Stage(tmp_path), Held()
    queue = queue_of(stage.settings, stage.store, "one", held.walks)
    for number in range(SIDE_BY_SIDE + 1):
        stage.submit(f"service-{number}")
    assert [queue.take() for _ in range(SIDE_BY_SIDE + 1)] == [True] * SIDE_BY_SIDE + [False]
    held.let_go(1)
    until(queue.take, "a place is free when its walk has ended")
    until(lambda: len({lease.operation.id for lease in held.begun}) == SIDE_BY_SIDE + 1, "each is begun")
    held.let_go(SIDE_BY_SIDE)
    queue.end(5)


def test_a_queue_that_cannot_look_keeps_its_place(tmp_path: Path) -> None:
    stage, held = Stage(tmp_path), Held()

    def fail() -> Lease | None:
        raise ConnectionError

    for _ in range(SIDE_BY_SIDE + 1):
        with pytest.raises(ConnectionError):
            held.walks.begin(fail)
    stage.submit()
    assert queue_of(stage.settings, stage.store, "one", held.walks).take()
    held.let_go(1)


def test_dbos_is_refused_where_the_database_is_a_file(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    settings = stage.settings.model_copy(update={"worker_queue": "dbos", "database": "sqlite:///{home}/{row}.sqlite"})
    with pytest.raises(Misconfigured, match="no PostgreSQL"):
        queue_of(settings, stage.store, "one", Held().walks)


def test_dbos_that_is_not_installed_is_named_with_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "broker.worker.dbos_queue", raising=False)
    monkeypatch.setitem(sys.modules, "dbos", None)
    stage = Stage(tmp_path)
    settings = stage.settings.model_copy(update={"worker_queue": "dbos"})
    with pytest.raises(Misconfigured, match="dbos is not installed") as told:
        queue_of(settings, stage.store, "one", Held().walks)
    assert "accords[dbos]" in told.value.hint


def test_a_worker_that_takes_from_the_store_loads_no_engine() -> None:
    code = "import broker.worker, sys; sys.exit('dbos' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
