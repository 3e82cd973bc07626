"""Bringing a database to the newest form, at open, under a file lock: two processes that open at once are fine.

The migrations ship inside the package (`migrations/versions`). Alembic is only imported when there is something to do:
opening a database that is up to date costs one query.
"""

from __future__ import annotations

import fcntl
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import Engine

from broker.errors import AccordsError

# The newest revision in `migrations/versions`; a test keeps it so.
NEWEST = "0006"


def to_newest(path: Path, engine: Callable[[], Engine]) -> None:
    """Migrate the SQLite file at `path`, all or nothing. `engine` is only called when there is something to do."""
    if _revision(path) == NEWEST:
        return
    with _alone(path):
        if _revision(path) != NEWEST:
            _upgrade(path, engine())


def _revision(path: Path) -> str | None:
    if not path.exists():
        return None
    with closing(sqlite3.connect(path, timeout=15)) as connection:
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone():
            return None
        found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        return None if found is None else str(found[0])


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    with path.with_name(path.name + ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _upgrade(path: Path, engine: Engine) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    try:
        _write_ahead(path)
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except CommandError as found:
        raise AccordsError(
            f"{path} cannot be migrated: {found}",
            hint="it may be of a newer Accords: update this one",
            code="store.newer",
        ) from found
    finally:
        engine.dispose()


def _write_ahead(path: Path) -> None:
    """WAL is a property of the file, kept in it; it cannot be set inside a transaction."""
    with closing(sqlite3.connect(path, timeout=15)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
