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
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

import orjson
from sqlalchemy import create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool

from broker.errors import AccordsError, RowDown, StoreFull
from broker.store import migrate
from broker.store.connections import BUSY_SECONDS, READERS, Connections, Kept, NoConnection
from broker.store.json_text import dump

# sqlite3 result codes, primary and extended: https://www.sqlite.org/rescode.html. A full tmpfs shows as the second:
# the shared memory of the WAL cannot grow.
_FULL = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE})
_BUSY = frozenset(
    {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_BUSY_SNAPSHOT, sqlite3.SQLITE_BUSY_RECOVERY}
)

_EVERY_CONNECTION = ("foreign_keys=ON", f"busy_timeout={BUSY_SECONDS * 1000}", "temp_store=MEMORY")
# secure_delete: a secret that is forgotten is overwritten, and not only no longer found.
_WRITER = (*_EVERY_CONNECTION, "secure_delete=ON")
_READER = (*_EVERY_CONNECTION, "query_only=ON")


class Sqlite:
    """A file. Its clock is this machine's: it runs in our process."""

    def __init__(self, url: URL) -> None:
        self._path = Path(str(url.database))
        self._writer = _connections(url, _WRITER, most=1)
        self._reader = _connections(url, _READER, most=READERS)

    def open(self) -> None:
        """Made readable by its owner only; migrated all or nothing, under a lock. One query when it is up to date."""
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o711)
        self._path.touch(mode=0o600)  # SQLite gives its journal files the same mode
        if _revision(self._path) == migrate.NEWEST:
            return
        with _alone(self._path):
            if _revision(self._path) != migrate.NEWEST:
                _write_ahead(self._path)
                with self.writing(durable=True) as (kept, _):
                    migrate.upgrade(kept.connection, str(self._path))
                self._writer.close()

    def writing(self, *, durable: bool) -> AbstractContextManager[tuple[Kept, int]]:
        return self._writer.transaction(_write if durable else _write_less_durably)

    def reading(self) -> AbstractContextManager[tuple[Kept, int]]:
        return self._reader.transaction(_read)

    @contextmanager
    def looking(self) -> Iterator[tuple[Kept, int]]:
        with self._reader.one() as kept:
            yield kept, self.now()

    def now(self) -> int:
        return _clock()

    def ours(self, found: Exception) -> AccordsError | None:
        code = getattr(getattr(found, "orig", found), "sqlite_errorcode", None)
        if code in _FULL or getattr(found, "errno", None) == errno.ENOSPC:
            return StoreFull(f"no room to write {self._path}", hint="free space on its disk; nothing was stored")
        if code in _BUSY or isinstance(found, NoConnection):
            message = f"{self._path} is held by another writer for more than {BUSY_SECONDS} s"
            return RowDown(message, hint="try again", code="store.busy", retry_after=1)
        return None

    def close(self) -> None:
        self._writer.close()
        self._reader.close()


# The driver's own transactions are off (isolation_level None): it would begin late and plainly, and a reader that turns
# writer under plain BEGIN fails at once when somebody else wrote meanwhile.


def _write(driver: sqlite3.Connection) -> int:
    return _wait_to_write(driver, "FULL")


def _write_less_durably(driver: sqlite3.Connection) -> int:
    return _wait_to_write(driver, "NORMAL")


def _wait_to_write(driver: sqlite3.Connection, synchronous: str) -> int:
    driver.execute(f"PRAGMA synchronous={synchronous}")  # inside a transaction SQLite refuses to change this
    driver.execute("BEGIN IMMEDIATE")
    return _clock()


def _read(driver: sqlite3.Connection) -> int:
    driver.execute("BEGIN")
    return _clock()


def _clock() -> int:
    return time.time_ns() // 1000


def _connections(url: URL, pragmas: Sequence[str], *, most: int) -> Connections:
    engine = create_engine(
        url,
        poolclass=NullPool,
        paramstyle="named",
        json_serializer=dump,
        json_deserializer=orjson.loads,
        connect_args={"check_same_thread": False, "isolation_level": None},
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")

    return Connections(engine, most=most, kept=most, patience=BUSY_SECONDS)


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
