"""Attributes of entities can be looked up: an index of them that the database keeps itself, by triggers.

A migration that makes the table `entities` anew on SQLite (batch mode) must make the triggers anew, too.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# As `entities.written` writes them in Python. %.15g is what all three agree on.
_SQLITE = """
SELECT {row}.account, substr(key, 1, 200), CASE type WHEN 'true' THEN 'true' WHEN 'false' THEN 'false'
  WHEN 'integer' THEN CAST(value AS TEXT) WHEN 'real' THEN printf('%.15g', value + 0.0) ELSE substr(value, 1, 64) END,
  {row}.kind, {row}.id
FROM {tables} WHERE type IN ('text', 'integer', 'real', 'true', 'false')"""
_POSTGRESQL = """
SELECT {row}.account, left(key, 200), CASE json_typeof(value) WHEN 'string' THEN left(value #>> '{{}}', 64)
  WHEN 'boolean' THEN value::text
  ELSE CASE WHEN value::text ~ '^-?[0-9]+$' THEN value::text ELSE (value::text::float8 + 0)::text END END,
  {row}.kind, {row}.id
FROM {tables} WHERE json_typeof(value) IN ('string', 'number', 'boolean')"""
_INTO = "INSERT INTO entity_attributes (account, name, value, kind, id)"
_OUT = "DELETE FROM entity_attributes WHERE (account, name, value, kind, id) IN"


def upgrade() -> None:
    op.create_table(
        "entity_attributes",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("account", "name", "value", "kind", "id", name=op.f("pk_entity_attributes")),
        sqlite_with_rowid=False,
    )
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in _on_sqlite() if on_sqlite else _on_postgresql():
        op.execute(statement)


def _on_sqlite() -> tuple[str, ...]:
    new = f"{_INTO} {_SQLITE.format(row='NEW', tables='json_each(NEW.attributes)')};"
    old = f"{_OUT} ({_SQLITE.format(row='OLD', tables='json_each(OLD.attributes)')});"
    changed = "AFTER UPDATE OF attributes ON entities WHEN OLD.attributes IS NOT NEW.attributes"
    return (
        f"{_INTO} {_SQLITE.format(row='entities', tables='entities, json_each(entities.attributes)')}",
        f"CREATE TRIGGER entities_inserted AFTER INSERT ON entities BEGIN {new} END",
        f"CREATE TRIGGER entities_deleted AFTER DELETE ON entities BEGIN {old} END",
        f"CREATE TRIGGER entities_updated {changed} BEGIN {old} {new} END",
    )


def _on_postgresql() -> tuple[str, ...]:
    new = f"{_INTO} {_POSTGRESQL.format(row='NEW', tables='json_each(NEW.attributes)')};"
    old = f"{_OUT} ({_POSTGRESQL.format(row='OLD', tables='json_each(OLD.attributes)')});"
    # with 0 extra digits PostgreSQL writes a float by %.15g; and a dump that is read in has no search path
    function = (
        "CREATE FUNCTION {0}() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT SET extra_float_digits = 0"
        " AS $$ BEGIN {1} RETURN NULL; END $$"
    )
    trigger = "CREATE TRIGGER {0} AFTER {1} FOR EACH ROW {2} EXECUTE FUNCTION {0}()"
    changed = "WHEN (OLD.attributes::text IS DISTINCT FROM NEW.attributes::text)"
    return (
        "SET LOCAL extra_float_digits = 0",
        f"{_INTO} {_POSTGRESQL.format(row='entities', tables='entities, json_each(entities.attributes)')}",
        function.format("entities_inserted", new),
        function.format("entities_deleted", old),
        function.format("entities_updated", f"{old} {new}"),
        trigger.format("entities_inserted", "INSERT ON entities", ""),
        trigger.format("entities_deleted", "DELETE ON entities", ""),
        trigger.format("entities_updated", "UPDATE OF attributes ON entities", changed),
    )
