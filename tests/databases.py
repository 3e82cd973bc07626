"""Which kind of database the brokers of the tests have: SQLite, or with ACCORDS_TEST_DATABASE=postgresql PostgreSQL.
What a test opens or starts asks here, by its home."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import inspect, literal_column, select, table

from broker.services import ROWS
from broker.settings import Settings
from broker.store import Store
from broker.store.copies import file_of
from tests.postgresql import Server

ON_POSTGRESQL = os.environ.get("ACCORDS_TEST_DATABASE") == "postgresql"
_FILES = str(Settings.model_fields["database"].default)
_SERVERS: list[Server] = []


def use(server: Server) -> None:
    """Have all homes from now on in databases of this server."""
    _SERVERS.append(server)


def database(home: Path) -> str:
    """The setting `database` of a broker with this home, where every row's is there already, empty."""
    if ON_POSTGRESQL:
        return f"{_SERVERS[-1].url(_made(home))}?schema={{row}}"
    for row in ROWS:
        _placed(home, row.name)
    return _FILES


def open_store(home: Path, row: str = "service", *, clock: Callable[[], int] | None = None) -> Store:
    """The database of a row of the broker with this home."""
    if ON_POSTGRESQL:
        return Store.open(database(home).format(row=row), clock=clock)
    return Store.open(f"sqlite:///{_placed(home, row)}", clock=clock)


def tables_with(store: Store, text: str) -> set[str]:
    """The tables in which some value holds a text in clear."""
    with store.read() as tx:
        names = inspect(tx.connection).get_table_names()
        found = {
            name: tx.connection.execute(select(literal_column("*")).select_from(table(name))).all() for name in names
        }
    return {name for name, rows in found.items() if text in str(rows)}


def _placed(home: Path, row: str) -> Path:
    """The file of a row's database; unless it is there, a copy of an empty one: quicker than migrating each."""
    path = file_of(_FILES.format(home=home, row=row))
    if not path.exists():
        path.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(_empty())
    return path


@cache
def _empty() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "empty.sqlite"
        Store.open(f"sqlite:///{path}").close()
        return path.read_bytes()


@cache
def _made(home: Path) -> str:
    """A database of the home's own, a copy of one with every row: quicker than migrating each."""
    return _SERVERS[-1].make(_rows(), name=f"home_{hashlib.sha256(str(home).encode()).hexdigest()[:16]}")


@cache
def _rows() -> str:
    name = _SERVERS[-1].make()
    for row in ROWS:
        Store.open(f"{_SERVERS[-1].url(name)}?schema={row.name}").close()
    return name
