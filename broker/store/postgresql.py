"""PostgreSQL, for rows that several processes and hosts serve. Loaded only where an address names one.

A row is a schema of its own (`?schema=node` in the address), made when it is opened. Writers of a schema take turns by
an advisory lock, which is had in the same round trip that begins the transaction: what holds on SQLite holds here, in
the same words. A writer that falls silent inside its transaction loses it before those that wait for it give up.
"""

from __future__ import annotations

import hashlib
import re
import select
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import orjson
import psycopg
from sqlalchemy import create_engine, text
from sqlalchemy.dialects.sqlite.dml import OnConflictDoNothing, OnConflictDoUpdate
from sqlalchemy.engine import URL, Connection
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.pool import NullPool
from sqlalchemy.sql.compiler import SQLCompiler

from broker.errors import AccordsError, Invalid, RowDown, StoreFull
from broker.store import migrate
from broker.store.connections import BUSY_SECONDS, READERS, Connections, Kept, NoConnection
from broker.store.json_text import dump

SILENT_SECONDS = 10
"""How long a transaction may stand still; less than others wait for it."""

OLDEST = 15

_KEPT = 4
"""Reading connections of one process that stay open; up to READERS more come and go."""

# https://www.postgresql.org/docs/15/errcodes-appendix.html
_FULL = frozenset({"53100"})
_BUSY = frozenset({"55P03", "40001", "40P01"})  # a lock not had in time, a serialization failure, a deadlock
_SILENT = frozenset({"25P03", "57P05"})  # a transaction or a session that stood still too long
_TEXT = frozenset({"22021", "22P05"})  # a character that no text may hold
_LONG = frozenset({"54000"})  # more than an index takes

_SCHEMA = re.compile(r"[a-z_][a-z0-9_]{0,62}")

# statement_timestamp and now() are of the transaction's beginning, before its turn came.
_CLOCK = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
_READ = f"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {_CLOCK}"


class PostgreSQL:
    """One schema of a PostgreSQL database. The clock is the server's."""

    def __init__(self, url: URL) -> None:
        self._schema = _schema(url)
        self._name = f"database {url.database}{f', schema {self._schema},' if self._schema else ''} at {url.host}"
        self._url = url.difference_update_query(["schema"]).set(drivername="postgresql+psycopg")
        self._settings = _settings(self._url, self._schema)
        lock = f"SELECT pg_advisory_xact_lock({_lock(self._schema)})"
        self._turn = f"{lock}; {_CLOCK}"
        self._writer = _connections(self._url, self._settings, kept=1, most=1)
        self._reader = _connections(self._url, _only_reading(self._settings), kept=_KEPT, most=READERS)
        self._seen = (0, 0)

    def open(self) -> None:
        """The database must be there; the schema is made. Who comes second waits, and finds it done."""
        if self._revision() == migrate.NEWEST:
            return
        with self.writing(durable=True) as (kept, _):
            migrate.upgrade(kept.connection, self._name)
            _bytewise(kept.connection)
        self._writer.close()

    def writing(self, *, durable: bool) -> AbstractContextManager[tuple[Kept, int]]:
        return self._writer.transaction(self._write if durable else self._write_less_durably)

    def reading(self) -> AbstractContextManager[tuple[Kept, int]]:
        return self._reader.transaction(self._read)

    @contextmanager
    def looking(self) -> Iterator[tuple[Kept, int]]:
        now = self.now()
        with self._reader.one() as kept:
            yield kept, now

    def now(self) -> int:
        """As the server's clock was seen last, plus what went by since; looked at again after a minute."""
        seen, then = self._seen
        passed = (time.monotonic_ns() - then) // 1000
        if seen and passed < 60_000_000:
            return seen + passed
        with self.reading() as (_, now):
            return now

    def ours(self, found: Exception) -> AccordsError | None:
        error = getattr(found, "orig", found)
        if isinstance(found, NoConnection):
            return self._busy()
        return self._meaning(error) if isinstance(error, psycopg.Error) else None

    def close(self) -> None:
        self._writer.close()
        self._reader.close()

    def _meaning(self, error: psycopg.Error) -> AccordsError | None:
        if error.sqlstate in _FULL:
            return StoreFull(f"no room to write {self._name}", hint="free space on its disk; nothing was stored")
        if error.sqlstate in _BUSY:
            return self._busy()
        if error.sqlstate in _TEXT or (isinstance(error, psycopg.DataError) and error.sqlstate is None):
            return Invalid("a text holds a character that PostgreSQL cannot keep (U+0000)", hint="leave it out")
        if error.sqlstate in _LONG:
            return Invalid("a name or an address is too long to be looked up by", hint="2,000 characters are enough")
        if error.sqlstate in _SILENT or isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
            message = f"{self._name} does not answer: {str(error).partition(chr(10))[0]}"
            return RowDown(
                message, hint="try again; if it lasts, see the server's log", code="store.down", retry_after=1
            )
        return None

    def _busy(self) -> RowDown:
        message = f"{self._name} is held by other writers for more than {BUSY_SECONDS} s"
        return RowDown(message, hint="try again", code="store.busy", retry_after=1)

    def _write(self, driver: psycopg.Connection) -> int:
        return self._begun(driver, f"BEGIN; {self._turn}")

    def _write_less_durably(self, driver: psycopg.Connection) -> int:
        return self._begun(driver, f"BEGIN; SET LOCAL synchronous_commit TO off; {self._turn}")

    def _read(self, driver: psycopg.Connection) -> int:
        return self._begun(driver, _READ)

    def _begun(self, driver: psycopg.Connection, begin: str) -> int:
        """Begin a transaction and look at the clock: one round trip."""
        cursor = driver.execute(begin.encode(), prepare=False)
        while cursor.nextset():
            pass
        (now,) = cursor.fetchone() or (0,)
        self._seen = (int(now), time.monotonic_ns())
        return int(now)

    def _revision(self) -> str | None:
        """The schema's; it is made if need be, for SQLAlchemy asks for its name at its first connection."""
        with psycopg.connect(**_asked(self._url), **self._settings) as connection:
            if connection.info.server_version < OLDEST * 10_000:
                raise AccordsError(
                    f"{self._name} is PostgreSQL {connection.info.server_version // 10_000}",
                    hint=f"Accords needs {OLDEST} or newer",
                    code="store.address",
                )
            if self._schema:
                _make_schema(connection, self._schema)
            if connection.execute("SELECT to_regclass('alembic_version')").fetchone() == (None,):
                return None
            found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            return None if found is None else str(found[0])


def _connections(url: URL, settings: Mapping[str, Any], *, kept: int, most: int) -> Connections:
    engine = create_engine(
        url,
        poolclass=NullPool,
        use_native_hstore=False,  # it would be looked for at each connection
        json_serializer=dump,
        json_deserializer=orjson.loads,
        connect_args={**settings, "autocommit": True},  # transactions are begun by `_begun`
    )
    return Connections(engine, most=most, kept=kept, patience=BUSY_SECONDS, alive=_is_silent)


def _is_silent(driver: psycopg.Connection) -> bool:
    """A server that ends a connection says so; while nobody asks anything of it there is nothing else to say."""
    if driver.closed:
        return False
    spoken = select.poll()
    spoken.register(driver.fileno(), select.POLLIN)
    return not spoken.poll(0)


def _only_reading(settings: Mapping[str, Any]) -> dict[str, Any]:
    """What is asked outside of transactions cannot write either."""
    return {**settings, "options": f"{settings['options']} -c default_transaction_read_only=on"}


def _settings(url: URL, schema: str) -> dict[str, Any]:
    """Of every connection. A peer that is gone without a word is noticed on both sides, within half a minute."""
    ours = {
        "lock_timeout": BUSY_SECONDS * 1000,
        "idle_in_transaction_session_timeout": SILENT_SECONDS * 1000,
        "tcp_keepalives_idle": 10,
        "tcp_keepalives_interval": 5,
        "tcp_keepalives_count": 3,
        **({"search_path": schema} if schema else {}),
    }
    options = " ".join((*(f"-c {name}={value}" for name, value in ours.items()), str(url.query.get("options", ""))))
    peer = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 30_000}
    return {"application_name": "accords", "connect_timeout": 5, **peer, **url.query, "options": options.strip()}


def _asked(url: URL) -> dict[str, Any]:
    return url.set(query={}).translate_connect_args(username="user", database="dbname")


def _schema(url: URL) -> str:
    found = str(url.query.get("schema", ""))
    if found and not _SCHEMA.fullmatch(found):
        raise AccordsError(
            f"{found!r} cannot name a schema", hint="small letters, digits and _: ?schema={row}", code="store.address"
        )
    return found


def _lock(schema: str) -> int:
    """The schema's own advisory lock, 64 bits with a sign."""
    return int.from_bytes(hashlib.sha256(f"accords {schema}".encode()).digest()[:8], signed=True)


def _make_schema(connection: psycopg.Connection, schema: str) -> None:
    connection.execute("SELECT pg_advisory_xact_lock(%s)", [_lock(schema)])
    if connection.execute("SELECT to_regnamespace(%s)", [schema]).fetchone() == (None,):
        connection.execute(psycopg.sql.SQL("CREATE SCHEMA {}").format(psycopg.sql.Identifier(schema)))


def _bytewise(connection: Connection) -> None:
    """Texts in the order of their bytes, as SQLite and Python have them: pages are merged and continued by it."""
    for statement in connection.execute(_COLLATED).scalars().all():
        connection.exec_driver_sql(statement)


_COLLATED = text(
    "SELECT format('ALTER TABLE %I ', table_name)"
    """ || string_agg(format('ALTER COLUMN %I TYPE %s COLLATE "C"', column_name, data_type), ', ')"""
    " FROM information_schema.columns WHERE table_schema = current_schema()"
    " AND data_type IN ('text', 'character varying') AND collation_name IS DISTINCT FROM 'C' GROUP BY table_name"
)


@compiles(OnConflictDoUpdate, "postgresql")
@compiles(OnConflictDoNothing, "postgresql")
def _on_conflict(clause: Any, compiler: SQLCompiler, **options: Any) -> str:
    """`engine.upsert` is SQLite's, whose clause is PostgreSQL's but for constraints that are named."""
    clause.constraint_target = None
    written: str = getattr(compiler, f"visit_{clause.__visit_name__}")(clause, **options)
    return written
