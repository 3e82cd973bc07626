"""What PostgreSQL alone does: schemas, order of texts, connections that end, its failures."""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from broker.errors import AccordsError, Invalid, RowDown, StoreFull
from broker.store import Record, Store, entities, events, postgresql, secrets
from tests.postgresql import Server
from tests.store.conftest import no_room

KIND = "http://example.org#thing"


@pytest.fixture(scope="session", params=["postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def setting(store: Store, name: str, *, durable: bool) -> object:
    with store.write(durable=durable) as tx:
        return tx.run(sa.text(f"SHOW {name}")).scalar()


def test_only_what_may_be_lost_is_committed_without_waiting_for_the_disk(store: Store) -> None:
    assert setting(store, "synchronous_commit", durable=True) == "on"
    assert setting(store, "synchronous_commit", durable=False) == "off"
    assert setting(store, "synchronous_commit", durable=True) == "on"


def test_each_row_is_a_schema_of_one_database(new_address: str) -> None:
    one, other = (Store.open(new_address.replace("=row", f"={name}")) for name in ("node", "image"))
    with one.write() as tx:
        entities.insert(tx, Record("ann", KIND, "1"))
    with other.write() as tx:  # nor do they wait for each other
        assert entities.page(tx, "ann").records == ()
        with one.write() as beside:
            events.append(beside, "ann", None, "beside", {})
    for store in (one, other):
        store.close()


@pytest.mark.parametrize("name", ["Node", "a-b", "a;drop", '"', "x" * 64])
def test_a_name_that_cannot_be_a_schema_is_refused(new_address: str, name: str) -> None:
    with pytest.raises(AccordsError, match="cannot name a schema"):
        Store.open(new_address.replace("=row", f"={name}"))


def test_without_a_schema_the_users_own_is_taken(new_address: str) -> None:
    store = Store.open(new_address.removesuffix("?schema=row"))
    with store.read() as tx:
        assert tx.run(sa.text("SELECT current_schema()")).scalar() == "public"
    store.close()


def test_texts_are_sorted_by_their_bytes_whatever_the_server_does(store: Store) -> None:
    names = ["Z", "a", "B", "é", "~", "_"]
    with store.write() as tx:
        for name in names:
            entities.insert(tx, Record("ann", KIND, name))
        assert [record.id for record in entities.page(tx, "ann").records] == sorted(names)


def test_stored_json_is_the_bytes_that_were_written(store: Store) -> None:
    with store.write() as tx:
        entities.insert(tx, Record("ann", KIND, "1", attributes={"b": 1.0, "a": "é", "c": [1, None]}))
        found = tx.run(sa.text("SELECT attributes::text FROM entities")).scalar()
    assert found == '{"b":1.0,"a":"é","c":[1,null]}'


def test_a_reader_is_served_again_after_the_server_has_ended_its_connections(store: Store, postgresql: Server) -> None:
    with store.write() as tx:
        events.append(tx, "ann", None, "one", {})
    _end_connections(store, postgresql)
    with store.read() as tx:
        assert events.last(tx, "ann") == 1
    _end_connections(store, postgresql)
    with store.write() as tx:
        assert events.append(tx, "ann", None, "two", {}) == 2


def test_a_connection_that_ends_inside_a_transaction_is_a_row_that_is_down_and_nothing_is_kept(
    store: Store, postgresql: Server
) -> None:
    with pytest.raises(RowDown, match="does not answer") as found, store.write() as tx:
        events.append(tx, "ann", None, "lost", {})
        _end_connections(store, postgresql)
        events.append(tx, "ann", None, "lost too", {})
    assert (found.value.code, found.value.status) == ("store.down", 503)
    with store.read() as tx:
        assert events.last(tx, "ann") == 0


def test_a_server_that_is_not_there_is_a_row_that_is_down(postgresql: Server) -> None:
    with pytest.raises(RowDown, match="does not answer") as found:
        Store.open(f"postgresql://ann:hidden@{postgresql.address}:1/accords?schema=row")
    assert "hidden" not in str(found.value)


def test_a_writer_that_waits_too_long_is_told_so(store: Store, address: str) -> None:
    patient = Store.open(f"{address}&options=-c%20lock_timeout%3D50")
    with store.write(), pytest.raises(RowDown) as found, patient.write():
        pass
    assert (found.value.code, found.value.status) == ("store.busy", 503)
    with patient.write() as tx:
        assert events.append(tx, "ann", None, "after", {}) == 1
    patient.close()


def test_a_writer_that_falls_silent_loses_its_turn_to_those_that_wait(store: Store, address: str) -> None:
    silent = Store.open(f"{address}&options=-c%20idle_in_transaction_session_timeout%3D100")
    with pytest.raises(RowDown, match="does not answer"), silent.write() as tx:
        events.append(tx, "ann", None, "silent", {})
        with store.write() as other:
            assert events.append(other, "ann", None, "waited", {}) == 1
    silent.close()


@pytest.mark.parametrize("value", ["a\0b", {"text": "a\0b"}])
def test_a_character_that_no_text_may_hold_is_the_callers_mistake(store: Store, value: object) -> None:
    title, attributes = (value, {}) if isinstance(value, str) else ("", value)
    with pytest.raises(Invalid, match=r"U\+0000"), store.write() as tx:
        entities.insert(tx, Record("ann", KIND, "1", title=title, attributes=attributes))  # type: ignore[arg-type]


def test_a_full_disk_is_told_as_on_sqlite(store: Store) -> None:
    with store.write() as tx:
        no_room(tx)
    with pytest.raises(StoreFull, match="no room") as found, store.write() as tx:
        entities.insert(tx, Record("ann", KIND, "1"))
        events.append(tx, "ann", None, "first", {})
    assert found.value.status == 507
    with store.read() as tx:
        assert entities.page(tx, "ann").records == ()


def test_an_older_server_is_refused(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql, "OLDEST", 99)
    with pytest.raises(AccordsError, match=r"is PostgreSQL \d+$") as found:
        Store.open(address)
    assert found.value.hint == "Accords needs 99 or newer"


def test_the_clock_is_the_servers_and_goes_on_between_transactions(address: str) -> None:
    store = Store.open(address)
    with store.write() as tx:
        seen = [tx.now]
    seen += [store.now(), store.now()]
    with store.read() as tx:
        seen.append(tx.now)
        server = int(tx.run(sa.text("SELECT extract(epoch FROM clock_timestamp()) * 1000000")).scalar_one())
    assert all(before <= after + 1000 for before, after in itertools.pairwise(seen))
    assert seen[-1] <= server
    store.close()


def test_who_may_not_make_schemas_uses_the_one_that_was_made(new_address: str, postgresql: Server) -> None:
    Store.open(new_address).close()
    name = new_address.rpartition("/")[2].partition("?")[0]
    for statement in (
        "CREATE ROLE guest LOGIN PASSWORD 'guest'",
        "GRANT USAGE ON SCHEMA row TO guest",
        "GRANT ALL ON ALL TABLES IN SCHEMA row TO guest",
    ):
        postgresql.run(statement, name)
    guest = Store.open(f"postgresql://guest:guest@{postgresql.address}/{name}?schema=row")
    with guest.write() as tx:
        secrets.put(tx, "ann", "s", "value", id="1")
    guest.close()
    postgresql.drop(name)
    postgresql.run("DROP ROLE guest")
    postgresql.run(f"CREATE DATABASE {name}")


def test_the_revision_is_looked_up_without_alembic(address: str) -> None:
    script = (
        "import sys; from broker.store import Store; Store.open(sys.argv[1]).close(); print('alembic' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", script, address], check=True, capture_output=True, text=True)
    assert ran.stdout.strip() == "False"


def test_who_has_a_file_does_not_load_the_driver(tmp_path: Path) -> None:
    script = (
        "import sys; from broker.store import Store; Store.open(sys.argv[1]).close(); print('psycopg' in sys.modules)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script, f"sqlite:///{tmp_path}/a.sqlite"], check=True, capture_output=True, text=True
    )
    assert ran.stdout.strip() == "False"


def _end_connections(store: Store, server: Server) -> None:
    """What a server that is started again does to those it has."""
    with store.read() as tx:
        name = tx.run(sa.text("SELECT current_database()")).scalar_one()
    server.end_connections(str(name))
