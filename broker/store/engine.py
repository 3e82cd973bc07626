"""The database: opening it, transactions, its clock, what its failures mean. All that depends on the dialect is here.

SQLite is set up so that several processes can write: WAL, BEGIN IMMEDIATE for every writer, 15 s of patience, short
transactions. A process has one writing connection: its threads queue for it here, in order, and not in SQLite's
busy loop. Readers never wait for a writer.
"""

from __future__ import annotations

import errno
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import CursorResult, Engine, Executable, bindparam, create_engine, event, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnection
from sqlalchemy.pool import QueuePool

from broker.errors import AccordsError, RowDown, StoreFull
from broker.store import migrate
from broker.store.tables import counters

# `upsert` is INSERT with ON CONFLICT. SQLAlchemy has no general one, but PostgreSQL's is spelled the same: modules take
# it from here, where the dialect is known.
__all__ = ["BUSY_SECONDS", "Store", "Transaction", "dump", "upsert"]

BUSY_SECONDS = 15
READERS = 16

# sqlite3 result codes, primary and extended: https://www.sqlite.org/rescode.html. A full tmpfs shows as the second:
# the shared memory of the WAL cannot grow.
_FULL = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE})
_BUSY = frozenset(
    {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_BUSY_SNAPSHOT, sqlite3.SQLITE_BUSY_RECOVERY}
)

_EVERY_CONNECTION = ("foreign_keys=ON", f"busy_timeout={BUSY_SECONDS * 1000}", "temp_store=MEMORY")
# secure_delete: a secret that is forgotten is overwritten, and not only no longer found.
_WRITER = (*_EVERY_CONNECTION, "synchronous=FULL", "secure_delete=ON")
_READER = (*_EVERY_CONNECTION, "query_only=ON")


# Statements of the hot path are built once: SQLAlchemy caches their text, but building them costs more than running.
_GROW = (
    update(counters)
    .where(counters.c.name == "sequence")
    .values(value=counters.c.value + bindparam("count"))
    .returning(counters.c.value)
)


class Transaction:
    """One transaction. Every function of the store takes one; none commits.

    `now` is the database's clock, UTC microseconds, the same during the whole transaction. `new_id` gives a uuid.
    """

    __slots__ = ("_clock", "_now", "connection", "new_id")

    def __init__(self, connection: Connection, clock: Callable[[], int], new_id: Callable[[], str]) -> None:
        self.connection = connection
        self.new_id = new_id
        self._clock = clock
        self._now: int | None = None

    @property
    def now(self) -> int:
        if self._now is None:
            self._now = self._clock()
        return self._now

    def run(
        self, statement: Executable, values: Mapping[str, object] | Sequence[Mapping[str, object]] | None = None
    ) -> CursorResult[Any]:
        return self.connection.execute(statement, values)

    def sequence(self, count: int = 1) -> int:
        """The first of `count` new sequence numbers. They are given under the writers' lock, so they become visible
        in order: who has read up to n will never find a smaller one later (a PostgreSQL sequence could not say so)."""
        return int(self.run(_GROW, {"count": count}).scalar_one()) - count + 1


class Store:
    """One database. Safe to use from many threads; after a fork open it anew."""

    def __init__(self, url: URL, clock: Callable[[], int], new_id: Callable[[], str]) -> None:
        self.url = url
        self._clock = clock
        self._new_id = new_id
        self._thread = threading.local()
        self._writer = _engine(url, _WRITER, "BEGIN IMMEDIATE", size=1)
        self._reader = _engine(url, _READER, "BEGIN", size=READERS)

    @classmethod
    def open(
        cls,
        url: str,
        *,
        clock: Callable[[], int] | None = None,
        new_id: Callable[[], str] = lambda: str(uuid.uuid4()),
    ) -> Store:
        """The database at `url` (`sqlite:////path/of/file`), made and migrated if need be. `clock` stands for the
        database's, for tests. StoreFull, or AccordsError when the database is of a newer Accords."""
        address = make_url(url)
        if address.get_backend_name() != "sqlite" or not address.database:
            raise AccordsError(
                f"{address.render_as_string()} is no database that Accords can use",
                hint="give a file: sqlite:////var/lib/accords/service.sqlite",
                code="store.address",
            )
        path = Path(address.database)
        with _failures(address):
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o711)
            path.touch(mode=0o600)  # SQLite gives its journal files the same mode
            migrate.to_newest(path, lambda: _engine(address, _WRITER, "BEGIN IMMEDIATE", size=1))
        return cls(address, clock or _machine_clock, new_id)

    def now(self) -> int:
        """The database's clock, UTC microseconds. SQLite runs in our process: its clock is this machine's."""
        return self._clock()

    @contextmanager
    def write(self, *, durable: bool = True) -> Iterator[Transaction]:
        """A transaction that holds the writers' lock from its beginning. Not `durable`: a power cut may lose it (never
        a crash of ours), which is right for samples and logs. RowDown when the lock is not had in 15 s."""
        with (
            _failures(self.url),
            self._once(),
            self._writer.connect() as connection,
            nullcontext() if durable else _less_durable(connection),
            connection.begin(),
        ):
            yield Transaction(connection, self._clock, self._new_id)

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """A transaction that sees one state of the database throughout, and cannot write."""
        with _failures(self.url), self._reader.connect() as connection, connection.begin():
            yield Transaction(connection, self._clock, self._new_id)

    @contextmanager
    def _once(self) -> Iterator[None]:
        """A second writing transaction inside the first would wait for it for ever: say so at once."""
        if getattr(self._thread, "writes", False):
            raise RuntimeError("this thread is in a writing transaction already: hand that one on")
        self._thread.writes = True
        try:
            yield
        finally:
            self._thread.writes = False

    def close(self) -> None:
        self._writer.dispose()
        self._reader.dispose()


@contextmanager
def _less_durable(connection: Connection) -> Iterator[None]:
    """Past SQLAlchemy, which would begin a transaction first: inside one SQLite refuses to change this."""
    driver = connection.connection
    driver.execute("PRAGMA synchronous=NORMAL")
    try:
        yield
    finally:
        driver.execute("PRAGMA synchronous=FULL")


def _machine_clock() -> int:
    return time.time_ns() // 1000


def _engine(url: URL, pragmas: Sequence[str], begin: str, *, size: int) -> Engine:
    engine = create_engine(
        url,
        poolclass=QueuePool,
        pool_size=size,
        max_overflow=0,
        pool_timeout=BUSY_SECONDS,
        pool_reset_on_return=None,  # every transaction was ended by its own block
        json_serializer=dump,
        json_deserializer=orjson.loads,
        connect_args={"check_same_thread": False, "isolation_level": None},
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")

    def start(driver: Any) -> None:
        # The driver's own transactions are off (isolation_level None): it would begin late and plainly, and a reader
        # that turns writer under plain BEGIN fails at once when somebody else wrote meanwhile. Told to the dialect: as
        # an event it would be a second statement, and take as long as most transactions' only one.
        driver.execute(begin)

    engine.dialect.do_begin = start  # type: ignore[method-assign, assignment]  # one of its own
    return engine


def dump(value: object) -> str:
    """Any JSON value of ours as text; mappings of any kind, decimals as strings."""
    return orjson.dumps(value, default=_plain).decode()


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    return str(value)


@contextmanager
def _failures(url: URL) -> Iterator[None]:
    """Turn the database's failures into ours."""
    try:
        yield
    except (DBAPIError, sqlite3.Error, OSError) as found:
        code = getattr(getattr(found, "orig", found), "sqlite_errorcode", None)
        if code in _FULL or getattr(found, "errno", None) == errno.ENOSPC:
            raise StoreFull(
                f"no room to write {url.database}", hint="free space on its disk; nothing was stored"
            ) from found
        if code in _BUSY:
            raise _busy(url) from found
        raise
    except NoConnection as found:
        raise _busy(url) from found


def _busy(url: URL) -> RowDown:
    message = f"{url.database} is held by another writer for more than {BUSY_SECONDS} s"
    return RowDown(message, hint="try again", code="store.busy", retry_after=1)
