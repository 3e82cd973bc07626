"""The migrations give what `tables` says, and the shortcut at open knows the newest."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

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


EARLIER = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009")


@pytest.mark.parametrize("revision", EARLIER)
def test_what_an_earlier_revision_held_is_there_after_the_way_to_the_newest(
    new_address: str, revision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as then:
        then.setattr(migrate, "NEWEST", revision)
        before = Store.open(new_address)
    with before.write() as tx:
        assert tx.run(sa.text("SELECT version_num FROM alembic_version")).scalar() == revision
        tx.connection.exec_driver_sql(
            "INSERT INTO entities VALUES"
            " ('ann', 'x#user', 'u1', 3, 0, 'carol', '', '{\"a\": 1}', '[]', NULL, NULL, 5, 6)"
        )
    before.close()
    store = Store.open(new_address)
    try:
        with store.write() as tx:
            found = entities.get(tx, "ann", "x#user", "u1")
            definitions.put(tx, "ann", [definitions.Definition("image", "i", "d", "{}", "manifest m", "0")])
            assert definitions.find(tx, "ann", "image", "i")
            assert entities.page(tx, "ann", attributes={"a": 1}).records == (found,)
        assert (found.title, found.generation, found.attributes) == ("carol", 3, {"a": 1})
    finally:
        store.close()


def test_every_earlier_revision_is_tried() -> None:
    earlier = {each.revision for each in ScriptDirectory.from_config(_config()).walk_revisions()} - {migrate.NEWEST}
    assert earlier == set(EARLIER)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(migrate.__file__).parent / "migrations"))
    return config
