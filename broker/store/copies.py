"""Copies of several SQLite databases as they all were at one moment, while others write them.

For that moment, a few milliseconds, no database is written: meanwhile a reader begins in each. What readers see stays
as it was, so that copying takes as long as it takes and nobody waits for it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from sqlalchemy.engine import make_url

from broker.errors import AccordsError, RowDown
from broker.store.connections import BUSY_SECONDS


def file_of(url: str) -> Path:
    """The file of a SQLite address. AccordsError for what is in no file."""
    address = make_url(url)
    if address.get_backend_name() != "sqlite" or not address.database:
        raise AccordsError(
            f"a database of {address.get_backend_name()} is no file to copy",
            hint="use its own tool: pg_dump; docs/backup.md says how",
            code="backup.database",
        )
    return Path(address.database)


@contextmanager
def moment(files: Mapping[str, Path]) -> Iterator[Mapping[str, sqlite3.Connection]]:
    """A reader of each file, by the same names, all of one moment. RowDown when a writer does not end in 15 s."""
    with ExitStack() as open_ones:
        readers = {name: open_ones.enter_context(closing(_connected(path))) for name, path in files.items()}
        with ExitStack() as barrier:
            for path in files.values():
                _still(barrier.enter_context(closing(_connected(path))), path)
            for reader in readers.values():
                reader.execute("BEGIN")
                reader.execute("SELECT count(*) FROM sqlite_master").fetchone()  # a reader begins when it first reads
        yield readers


def copy(reader: sqlite3.Connection, to: Path) -> None:
    """What a reader sees, as a file of its own: whole, in one piece, without a journal beside it."""
    with closing(sqlite3.connect(to)) as made:
        reader.backup(made)
        made.execute("PRAGMA journal_mode=DELETE")


def whole(path: Path) -> bool:
    """Whether a file is a database without damage."""
    try:
        with closing(sqlite3.connect(path)) as found:
            return bool(found.execute("PRAGMA quick_check").fetchone() == ("ok",))
    except sqlite3.DatabaseError:
        return False


def write_ahead(path: Path) -> None:
    """As a broker's database is: in WAL, which is a property of the file."""
    with closing(sqlite3.connect(path)) as found:
        found.execute("PRAGMA journal_mode=WAL")


def _still(writer: sqlite3.Connection, path: Path) -> None:
    try:
        writer.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        message = f"{path} is held by a writer for more than {BUSY_SECONDS} s"
        raise RowDown(message, hint="try again", code="store.busy", retry_after=1) from error


def _connected(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
