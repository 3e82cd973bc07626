"""SQLite, set up so that several processes can write: WAL, BEGIN IMMEDIATE for every writer, 15 s of patience, short
transactions. A process has one writing connection: its threads queue for it here, in order, and not in SQLite's
busy loop.
"""

from __future__ import annotations

import errno
import fcntl
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL, Connection
from sqlalchemy.exc import TimeoutError as NoConnection
from sqlalchemy.pool import QueuePool

from broker.errors import AccordsError, RowDown, StoreFull
from broker.store import migrate
from broker.store.engine import BUSY_SECONDS, READERS, dump

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


class Sqlite:
    """A file. Its clock is this machine's: it runs in our process."""

    def __init__(self, url: URL) -> None:
        self._path = Path(str(url.database))
        self._writer = _engine(url, _WRITER, "BEGIN IMMEDIATE", size=1)
        self._reader = _engine(url, _READER, "BEGIN", size=READERS)

    def open(self) -> None:
        """Made readable by its owner only; migrated all or nothing, under a lock. One query when it is up to date."""
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o711)
        self._path.touch(mode=0o600)  # SQLite gives its journal files the same mode
        if _revision(self._path) == migrate.NEWEST:
            return
        with _alone(self._path):
            if _revision(self._path) != migrate.NEWEST:
                _write_ahead(self._path)
                with self._writer.begin() as connection:
                    migrate.upgrade(connection, str(self._path))
                self._writer.dispose()

    @contextmanager
    def writing(self, *, durable: bool) -> Iterator[tuple[Connection, int]]:
        with (
            self._writer.connect() as connection,
            nullcontext() if durable else _less_durable(connection),
            connection.begin(),
        ):
            yield connection, self.now()

    @contextmanager
    def reading(self) -> Iterator[tuple[Connection, int]]:
        with self._reader.connect() as connection, connection.begin():
            yield connection, self.now()

    def now(self) -> int:
        return time.time_ns() // 1000

    def ours(self, found: Exception) -> AccordsError | None:
        code = getattr(getattr(found, "orig", found), "sqlite_errorcode", None)
        if code in _FULL or getattr(found, "errno", None) == errno.ENOSPC:
            return StoreFull(f"no room to write {self._path}", hint="free space on its disk; nothing was stored")
        if code in _BUSY or isinstance(found, NoConnection):
            message = f"{self._path} is held by another writer for more than {BUSY_SECONDS} s"
            return RowDown(message, hint="try again", code="store.busy", retry_after=1)
        return None

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


def _revision(path: Path) -> str | None:
    with closing(sqlite3.connect(path, timeout=BUSY_SECONDS)) as connection:
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone():
            return None
        found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        return None if found is None else str(found[0])


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    with path.with_name(path.name + ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _write_ahead(path: Path) -> None:
    """WAL is a property of the file, kept in it; it cannot be set inside a transaction."""
    with closing(sqlite3.connect(path, timeout=BUSY_SECONDS)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
