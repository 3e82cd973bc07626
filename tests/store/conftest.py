"""A store of its own for each test, with a clock and ids that the test decides; each test on every kind of database."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from broker.store import Lease, Service, Store, Transaction, operations, services
from tests.postgresql import Server


@dataclass
class Clock:
    """The database's clock, UTC microseconds; it stands still unless told."""

    now: int = 1_700_000_000_000_000

    def __call__(self) -> int:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += round(seconds * 1_000_000)


KINDS = ("sqlite", "postgresql")


@pytest.fixture(scope="session", params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """The kind of database that a test runs on."""
    return str(request.param)


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database of the newest form: copying it is quicker than migrating for each test."""
    path = tmp_path_factory.mktemp("store") / "empty.sqlite"
    Store.open(f"sqlite:///{path}").close()
    return path


@pytest.fixture(scope="session")
def empty_postgresql(postgresql: Server) -> str:
    """The same, by its name on the server."""
    name = postgresql.make()
    Store.open(f"{postgresql.url(name)}?schema=row").close()
    return name


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def new_address(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a database that was never opened."""
    if kind == "sqlite":
        yield f"sqlite:///{tmp_path}/new.sqlite"
        return
    server: Server = request.getfixturevalue("postgresql")
    name = server.make()
    yield f"{server.url(name)}?schema=row"
    server.drop(name)


@pytest.fixture
def address(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a database without anything in it."""
    if kind == "sqlite":
        shutil.copy(request.getfixturevalue("empty"), tmp_path / "test.sqlite")
        yield f"sqlite:///{tmp_path}/test.sqlite"
        return
    server: Server = request.getfixturevalue("postgresql")
    name = server.make(request.getfixturevalue("empty_postgresql"))
    yield f"{server.url(name)}?schema=row"
    server.drop(name)


@pytest.fixture
def store(address: str, clock: Clock) -> Iterator[Store]:
    numbers = itertools.count(1)
    opened = Store.open(address, clock=clock, new_id=lambda: f"id-{next(numbers):04}")
    yield opened
    opened.close()


def no_room(tx: Transaction) -> None:
    """Have the database's disk be full for all that comes: SQLite by its own limit; PostgreSQL's is the whole file
    system, so its word for it is said where projections and events are stored."""
    if tx.connection.dialect.name == "sqlite":
        pages = tx.connection.exec_driver_sql("PRAGMA page_count").scalar()
        tx.connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
        return
    tx.connection.exec_driver_sql(
        "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'No space left on device' USING ERRCODE = '53100'; END $$"
    )
    for table in ("outbox", "events"):
        tx.connection.exec_driver_sql(
            f"CREATE TRIGGER full_disk BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION full_disk()"
        )


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
