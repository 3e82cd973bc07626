"""The database: opening it, transactions, its clock, what its failures mean. What depends on whose database it is
stands in a room of its own: `sqlite`, `postgresql`.

Writers of one database take turns, whatever it is, from the beginning of a transaction to its end: what a transaction
has read stays true until it commits, and sequence numbers become visible in their order. Readers never wait for a
writer.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

from sqlalchemy import CursorResult, Executable, bindparam, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.engine import URL, Connection, Dialect, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.sql import ClauseElement

from broker.errors import AccordsError
from broker.store.connections import Kept
from broker.store.tables import counters

# `upsert` is INSERT with ON CONFLICT. SQLAlchemy has no general one, but PostgreSQL's is spelled the same: modules take
# it from here, and `postgresql` has it written there.
__all__ = ["Compiled", "Database", "Store", "Transaction", "upsert"]

# Statements of the hot path are built once: SQLAlchemy caches their text, but building them costs more than running.
_GROW = (
    update(counters)
    .where(counters.c.name == "sequence")
    .values(value=counters.c.value + bindparam("count"))
    .returning(counters.c.value)
)


class Database(Protocol):
    """A database of one kind. Its failures come out of it as they are; `ours` says what they mean."""

    def open(self) -> None:
        """Make it if need be, and bring it to the newest form. Two processes at once are fine."""

    def writing(self, *, durable: bool) -> AbstractContextManager[tuple[Kept, int]]:
        """A transaction that is alone to write, and the database's clock when it began (UTC microseconds)."""

    def reading(self) -> AbstractContextManager[tuple[Kept, int]]:
        """A transaction that sees one state throughout and cannot write, and the clock."""

    def looking(self) -> AbstractContextManager[tuple[Kept, int]]:
        """No transaction: each statement sees one state, and cannot write."""

    def now(self) -> int:
        """The clock outside of transactions."""

    def ours(self, found: Exception) -> AccordsError | None:
        """Which of our errors a failure is; None: a fault, to be raised as it is."""

    def close(self) -> None:
        """Give back every connection."""


class Compiled:
    """A statement of the hot path: SQLAlchemy writes it once for each kind of database, and the driver carries it out.
    For everything else SQLAlchemy does both, which takes several times as long as SQLite's part.

    Values come as the driver takes them, rows as it gives them: JSON is text on its way in, and text or a value on its
    way out (`records.loaded`). `columns` are those that an INSERT or UPDATE without values has.
    """

    __slots__ = ("_columns", "_statement", "_written")

    def __init__(self, statement: ClauseElement, columns: Sequence[str] | None = None) -> None:
        self._statement = statement
        self._columns = columns
        self._written: dict[str, tuple[str, Mapping[str, object]]] = {}

    def written(self, dialect: Dialect) -> tuple[str, Mapping[str, object]]:
        """The text, and the values that it brings itself."""
        return self._written.get(dialect.name) or self._write(dialect)

    def _write(self, dialect: Dialect) -> tuple[str, Mapping[str, object]]:
        found: Any = self._statement.compile(dialect=dialect, column_keys=self._columns)
        own = {name: _for_driver(bind, dialect) for name, bind in found.binds.items() if not bind.required}
        self._written[dialect.name] = str(found), own
        return self._written[dialect.name]


def _for_driver(bind: Any, dialect: Dialect) -> object:
    process = bind.type.dialect_impl(dialect).bind_processor(dialect)
    return bind.value if process is None else process(bind.value)


class Transaction:
    """One transaction. Every function of the store takes one; none commits.

    `now` is the database's clock, UTC microseconds, the same during the whole transaction. `new_id` gives a uuid.
    """

    __slots__ = ("_driver", "connection", "new_id", "now")

    def __init__(self, kept: Kept, now: int, new_id: Callable[[], str]) -> None:
        self.connection: Connection = kept.connection
        self._driver = kept.driver
        self.new_id = new_id
        self.now = now

    def run(
        self, statement: Executable, values: Mapping[str, object] | Sequence[Mapping[str, object]] | None = None
    ) -> CursorResult[Any]:
        return self.connection.execute(statement, values)

    def rows(self, statement: Compiled, values: Mapping[str, object]) -> list[tuple[Any, ...]]:
        """What a statement of the hot path gives."""
        found: list[tuple[Any, ...]] = self._carry_out(statement, values).fetchall()
        return found

    def change(self, statement: Compiled, values: Mapping[str, object]) -> int:
        """How many rows a statement of the hot path changed."""
        return int(self._carry_out(statement, values).rowcount)

    def _carry_out(self, statement: Compiled, values: Mapping[str, object]) -> Any:
        text, own = statement.written(self.connection.dialect)
        return self._driver.execute(text, {**values, **own} if own else values)

    def sequence(self, count: int = 1) -> int:
        """The first of `count` new sequence numbers. They are given while this transaction alone writes, so they become
        visible in order: who has read up to n will never find a smaller one later (a PostgreSQL sequence could not say
        so)."""
        return int(self.run(_GROW, {"count": count}).scalar_one()) - count + 1


class Store:
    """One database. Safe to use from many threads; after a fork open it anew."""

    def __init__(self, database: Database, clock: Callable[[], int] | None, new_id: Callable[[], str]) -> None:
        self._database = database
        self._clock = clock
        self._new_id = new_id
        self._thread = threading.local()

    @classmethod
    def open(
        cls,
        url: str,
        *,
        clock: Callable[[], int] | None = None,
        new_id: Callable[[], str] = lambda: str(uuid.uuid4()),
    ) -> Store:
        """The database at `url` (`sqlite:////path/of/file`, `postgresql://user@host/name?schema=row`), made and
        migrated if need be. `clock` stands for the database's, for tests. StoreFull, or AccordsError when the address
        names nothing that can be used, or the database is of a newer Accords."""
        database = _database(url)
        with _failures(database):
            database.open()
        return cls(database, clock, new_id)

    def now(self) -> int:
        """The database's clock, UTC microseconds."""
        if self._clock is not None:
            return self._clock()
        with _failures(self._database):
            return self._database.now()

    @contextmanager
    def write(self, *, durable: bool = True) -> Iterator[Transaction]:
        """A transaction that is alone to write from its beginning. Not `durable`: a power cut may lose it (never a
        crash of ours), which is right for samples and logs. RowDown when its turn does not come in 15 s."""
        with _failures(self._database), self._once(), self._database.writing(durable=durable) as begun:
            yield self._transaction(*begun)

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """A transaction that sees one state of the database throughout, and cannot write."""
        with _failures(self._database), self._database.reading() as begun:
            yield self._transaction(*begun)

    @contextmanager
    def look(self) -> Iterator[Transaction]:
        """For a single question: without a transaction around it, which would take longer than the answer."""
        with _failures(self._database), self._database.looking() as found:
            yield self._transaction(*found)

    def _transaction(self, kept: Kept, now: int) -> Transaction:
        return Transaction(kept, now if self._clock is None else self._clock(), self._new_id)

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
        self._database.close()


def _database(url: str) -> Database:
    """The room of a kind of database is only entered when somebody has one: PostgreSQL's driver is an extra."""
    try:
        address = make_url(url)
    except ArgumentError as found:
        raise _unusable("the setting `database`") from found  # not repeated: it may hold a password
    if address.get_backend_name() == "sqlite" and address.database:
        from broker.store.sqlite import Sqlite

        return Sqlite(address)
    if address.get_backend_name() == "postgresql" and address.database:
        from broker.store.postgresql import PostgreSQL

        return PostgreSQL(address)
    raise _unusable(_shown(address))


def _shown(address: URL) -> str:
    return address.render_as_string(hide_password=True)


def _unusable(what: str) -> AccordsError:
    return AccordsError(
        f"{what} is no database that Accords can use",
        hint="give a file: sqlite:////var/lib/accords/service.sqlite, or postgresql://accords@host/accords?schema={row}",
        code="store.address",
    )


@contextmanager
def _failures(database: Database) -> Iterator[None]:
    """Turn the database's failures into ours."""
    try:
        yield
    except AccordsError:
        raise
    except Exception as found:
        ours = database.ours(found)
        if ours is None:
            raise
        raise ours from found
