"""The migrations give what `tables` says, and the shortcut at open knows the newest."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from broker.store import Store, definitions, entities, migrate
from broker.store.tables import metadata


def test_the_migrations_give_exactly_the_tables(store: Store) -> None:
    with store.read() as tx:
        assert compare_metadata(MigrationContext.configure(tx.connection), metadata) == []


def test_the_newest_revision_is_known_without_alembic() -> None:
    assert ScriptDirectory.from_config(_config()).get_current_head() == migrate.NEWEST


def test_the_account_is_first_in_every_primary_key() -> None:
    """All but the counters, which belong to nobody."""
    keys = {table.name: next(iter(table.primary_key.columns)).name for table in metadata.sorted_tables}
    assert {name for name, first in keys.items() if first != "account"} == {"counters"}


EARLIER = ("0001", "0002", "0003", "0004", "0005")


@pytest.mark.parametrize("revision", EARLIER)
def test_what_an_earlier_revision_held_is_there_after_the_way_to_the_newest(tmp_path: Path, revision: str) -> None:
    path = tmp_path / "old.sqlite"
    _at_revision(path, revision)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "INSERT INTO entities VALUES"
            " ('ann', 'x#user', 'u1', 3, 0, 'carol', '', '{\"a\": 1}', '[]', NULL, NULL, 5, 6)"
        )
    store = Store.open(f"sqlite:///{path}")
    try:
        with store.write() as tx:
            found = entities.get(tx, "ann", "x#user", "u1")
            definitions.put(tx, "ann", [definitions.Definition("image", "i", "d", "{}", "manifest m", "0")])
            assert definitions.find(tx, "ann", "image", "i")
        assert (found.title, found.generation, found.attributes) == ("carol", 3, {"a": 1})
    finally:
        store.close()


def test_every_earlier_revision_is_tried() -> None:
    earlier = {each.revision for each in ScriptDirectory.from_config(_config()).walk_revisions()} - {migrate.NEWEST}
    assert earlier == set(EARLIER)


def _at_revision(path: Path, revision: str) -> None:
    engine = create_engine(f"sqlite:///{path}")
    config = _config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(migrate.__file__).parent / "migrations"))
    return config
