"""A store of its own for each test, with a clock and ids that the test decides."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from broker.store import Lease, Service, Store, operations, services


@dataclass
class Clock:
    """The database's clock, UTC microseconds; it stands still unless told."""

    now: int = 1_700_000_000_000_000

    def __call__(self) -> int:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += round(seconds * 1_000_000)


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database of the newest form: copying it is quicker than migrating for each test."""
    path = tmp_path_factory.mktemp("store") / "empty.sqlite"
    Store.open(f"sqlite:///{path}").close()
    return path


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def address(empty: Path, tmp_path: Path) -> str:
    shutil.copy(empty, tmp_path / "test.sqlite")
    return f"sqlite:///{tmp_path}/test.sqlite"


@pytest.fixture
def store(address: str, clock: Clock) -> Iterator[Store]:
    numbers = itertools.count(1)
    opened = Store.open(address, clock=clock, new_id=lambda: f"id-{next(numbers):04}")
    yield opened
    opened.close()


@pytest.fixture
def service(store: Store) -> Service:
    with store.write() as tx:
        return services.create(tx, Service("ann", "pacs-id", "pacs", plan_id="plan-1"))


@pytest.fixture
def lease(store: Store, service: Service) -> Lease:
    """A deploy of the service, taken for 30 seconds by worker one."""
    with store.write() as tx:
        operations.submit(tx, "ann", service.id, "deploy", plan_json="{}")
        taken = operations.take(tx, "one", 30)
    assert taken is not None
    return taken
