"""Bringing a database to the newest form, at open. The migrations ship inside the package (`migrations/versions`), and
are the same for every kind of database; each has its own way to be alone meanwhile.

Alembic is only imported when there is something to do: opening a database that is up to date costs one query.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.engine import Connection

from broker.errors import AccordsError

# The newest revision in `migrations/versions`; a test keeps it so.
NEWEST = "0010"


def upgrade(connection: Connection, name: str) -> None:
    """Bring the database called `name` to the newest form in this transaction, which the caller is alone in.
    AccordsError when it is of a newer Accords."""
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, NEWEST)
    except CommandError as found:
        raise AccordsError(
            f"{name} cannot be migrated: {found}",
            hint="it may be of a newer Accords: update this one",
            code="store.newer",
        ) from found
