"""Collections know when they changed, and whatever an entity can be filtered by is in the index of attributes: its
title and summary, too, and of lists and hashes how many members they have. All of it by triggers.

A migration that makes the table `entities` anew on SQLite (batch mode) must make the triggers anew, too.
"""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# Values as `entities.written` writes them in Python. %.15g is what all three agree on.
_SQLITE = """
SELECT {row}.account,
  substr(m.key, 1, 200) || CASE m.type WHEN 'array' THEN '[]' WHEN 'object' THEN '{{}}' ELSE '' END,
  CASE m.type WHEN 'true' THEN 'true' WHEN 'false' THEN 'false'
  WHEN 'integer' THEN CAST(m.value AS TEXT) WHEN 'real' THEN printf('%.15g', m.value + 0.0)
  WHEN 'array' THEN CAST(json_array_length(m.value) AS TEXT)
  WHEN 'object' THEN CAST((SELECT count(*) FROM json_each(m.value) AS within) AS TEXT)
  ELSE substr(m.value, 1, 64) END, {row}.kind, {row}.id
FROM {tables} AS m WHERE m.type <> 'null'"""
_POSTGRESQL = """
SELECT {row}.account, left(m.key, 200) || CASE json_typeof(m.value) WHEN 'array' THEN '[]' WHEN 'object' THEN '{{}}'
  ELSE '' END,
  CASE json_typeof(m.value) WHEN 'string' THEN left(m.value #>> '{{}}', 64) WHEN 'boolean' THEN m.value::text
  WHEN 'array' THEN json_array_length(m.value)::text
  WHEN 'object' THEN (SELECT count(*) FROM json_object_keys(m.value))::text
  ELSE CASE WHEN m.value::text ~ '^-?[0-9]+$' THEN m.value::text ELSE (m.value::text::float8 + 0)::text END END,
  {row}.kind, {row}.id
FROM {tables} AS m WHERE json_typeof(m.value) <> 'null'"""
_CORE = (
    "SELECT {row}.account, 'occi.core.{name}', substr({row}.{name}, 1, 64), {row}.kind, {row}.id"
    " {source} {row}.{name} <> ''"
)
_COLUMNS = "(account, name, value, kind, id)"
_CHANGED = {"sqlite": "OLD.{0} IS NOT NEW.{0}", "postgresql": "OLD.{0}::text IS DISTINCT FROM NEW.{0}::text"}

# A transaction counts once on PostgreSQL: each update of one row is slower than the one before, within a transaction.
# Writers take turns, so its numbers grow in the order of commits.
_COUNTED = {
    "sqlite": "INSERT INTO collections VALUES ({row}.account, {row}.kind, 1)"
    " ON CONFLICT (account, kind) DO UPDATE SET generation = generation + 1;",
    "postgresql": "INSERT INTO collections VALUES ({row}.account, {row}.kind, txid_current())"
    " ON CONFLICT (account, kind) DO UPDATE SET generation = excluded.generation"
    " WHERE collections.generation <> excluded.generation;",
}


def upgrade() -> None:
    op.create_table(
        "collections",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account", "kind", name=op.f("pk_collections")),
        sqlite_with_rowid=False,
    )
    op.execute("INSERT INTO collections SELECT account, kind, 1 FROM entities GROUP BY account, kind")
    op.execute("DELETE FROM entity_attributes")
    dialect = op.get_bind().dialect.name
    for statement in _on_sqlite() if dialect == "sqlite" else _on_postgresql():
        op.execute(statement)


def _attributes(dialect: str, row: str) -> str:
    """What the index has of one row, of an `entities` that is read or a trigger's OLD or NEW."""
    one = row != "entities"
    tables = f"json_each({row}.attributes)" if one else "entities, json_each(entities.attributes)"
    core = (
        _CORE.format(row=row, name=name, source="WHERE" if one else "FROM entities WHERE")
        for name in ("title", "summary")
    )
    template = _SQLITE if dialect == "sqlite" else _POSTGRESQL
    return " UNION ".join((template.format(row=row, tables=tables), *core))


# Nobody's values are in these statements, only their own words: S608 does not apply.
def _into(found: str) -> str:
    """Two long names may begin alike; the WHERE tells SQLite's parser that ON is no join's."""
    into = f"INSERT INTO entity_attributes {_COLUMNS}"
    return f"{into} SELECT * FROM ({found}) AS found WHERE true ON CONFLICT DO NOTHING;"  # noqa: S608 - see above


def _out(found: str) -> str:
    """SQLite looks up each of them, but reads the whole table when the list is a UNION itself."""
    return f"DELETE FROM entity_attributes WHERE {_COLUMNS} IN (SELECT * FROM ({found}) AS found);"  # noqa: S608 - see above


def _without(these: str, those: str) -> str:
    return f"SELECT * FROM ({these}) AS these EXCEPT SELECT * FROM ({those}) AS those"  # noqa: S608 - see above


def _bodies(dialect: str) -> dict[str, str]:
    """What is done after each kind of change. Of a change only what differs is written."""
    new, old = _attributes(dialect, "NEW"), _attributes(dialect, "OLD")
    return {
        "inserted": _into(new),
        "deleted": _out(old),
        "updated": _out(_without(old, new)) + _into(_without(new, old)),
    }


_EVENTS = {"inserted": "INSERT", "deleted": "DELETE", "updated": "UPDATE"}
_ROWS = {"inserted": "NEW", "deleted": "OLD", "updated": "NEW"}


def _differs(dialect: str) -> str:
    return " OR ".join(_CHANGED[dialect].format(column) for column in ("attributes", "title", "summary"))


def _on_sqlite() -> Iterator[str]:
    yield _into(_attributes("sqlite", "entities"))
    for name, body in _bodies("sqlite").items():
        event, counted = _EVENTS[name], _COUNTED["sqlite"].format(row=_ROWS[name])
        when = f"WHEN {_differs('sqlite')}" if name == "updated" else ""
        yield f"DROP TRIGGER entities_{name}"
        yield f"CREATE TRIGGER entities_{name} AFTER {event} ON entities {when} BEGIN {body} END"
        yield f"CREATE TRIGGER collections_{name} AFTER {event} ON entities BEGIN {counted} END"


def _on_postgresql() -> Iterator[str]:
    # with 0 extra digits PostgreSQL writes a float by %.15g; and a dump that is read in has no search path
    yield "SET LOCAL extra_float_digits = 0"
    yield _into(_attributes("postgresql", "entities"))
    function = (
        "CREATE OR REPLACE FUNCTION {0}() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT"
        " SET extra_float_digits = 0 AS $$ BEGIN {1} RETURN NULL; END $$"
    )
    # The condition stands in the function: PostgreSQL changes no column that a trigger's own condition names, and
    # those of texts are changed when all migrations are done (`postgresql._bytewise`).
    # One function does all there is to do: entering one costs as much as what it does.
    bodies = _bodies("postgresql")
    bodies["updated"] = f"IF {_differs('postgresql')} THEN {bodies['updated']} END IF;"
    for name, body in bodies.items():
        counted = _COUNTED["postgresql"].format(row=_ROWS[name])
        yield function.format(f"entities_{name}", body + " " + counted)
    yield "DROP TRIGGER entities_updated ON entities"
    yield "CREATE TRIGGER entities_updated AFTER UPDATE ON entities FOR EACH ROW EXECUTE FUNCTION entities_updated()"
