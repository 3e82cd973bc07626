"""What SQLite alone does: its settings, its files, its locks, a full disk."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from broker.errors import RowDown, StoreFull
from broker.store import Record, Store, entities, events, sqlite, tables
from tests.store.conftest import no_room

PRAGMAS = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")


@pytest.fixture(scope="session", params=["sqlite"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def pragmas(store: Store, *, durable: bool) -> list[object]:
    with store.write(durable=durable) as tx:
        return [tx.connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in PRAGMAS]


def test_what_must_not_be_lost_is_synchronised_at_every_commit(store: Store) -> None:
    assert pragmas(store, durable=True) == ["wal", 2, 1, 15000]


def test_samples_are_synchronised_with_the_next_commit_that_is(store: Store) -> None:
    assert pragmas(store, durable=False) == ["wal", 1, 1, 15000]
    assert pragmas(store, durable=True) == ["wal", 2, 1, 15000]


def test_a_writer_that_never_ends_is_reported_and_not_waited_for(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "_WRITER", ("busy_timeout=1",))
    store = Store.open(address)
    with closing(sqlite3.connect(tmp_path / "test.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(RowDown) as found, store.write():
            pass
    assert (found.value.code, found.value.status) == ("store.busy", 503)
    store.close()


def test_the_database_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    store = Store.open(f"sqlite:///{tmp_path}/folder/new.sqlite")
    with store.write() as tx:
        events.append(tx, "ann", None, "one", {})
    files = sorted((tmp_path / "folder").glob("new.sqlite*"))
    assert {file.stat().st_mode & 0o077 for file in files if file.suffix != ".lock"} == {0}
    assert len(files) == 4
    store.close()


def test_a_full_disk_is_a_clear_error_and_nothing_is_half_written(store: Store) -> None:
    record = Record("ann", "http://x#thing", "small")
    with store.write() as tx:
        entities.insert(tx, record)
        no_room(tx)
    with pytest.raises(StoreFull, match="no room") as found, store.write() as tx:
        events.append(tx, "ann", None, "first", {})
        for number in range(100):
            entities.insert(tx, Record("ann", "http://x#thing", f"big-{number}", summary="x" * 5000))
    assert found.value.status == 507
    with store.read() as tx:
        assert events.after(tx, "ann") == ()
        assert [one.id for one in entities.page(tx, "ann").records] == ["small"]


@pytest.mark.slow
def test_a_full_file_system_is_a_clear_error_too(tmp_path: Path) -> None:
    """A real one: a tmpfs of 600 KiB."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(tmp_path)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("mounting needs root")
    try:
        store = Store.open(f"sqlite:///{tmp_path}/full.sqlite")
        with pytest.raises(StoreFull):
            _fill(store)
        with store.read() as tx:
            numbers = [event.fields["number"] for event in events.after(tx, "ann", limit=10_000)]
        assert numbers == list(range(len(numbers)))
        store.close()
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


def _fill(store: Store) -> None:
    for number in range(1000):
        with store.write() as tx:
            events.append(tx, "ann", None, "fill", {"number": number, "text": "x" * 5000})


SIX = """
import sys, time
from broker.store import Record, Store, entities
store, ends, count = Store.open(sys.argv[1]), time.monotonic() + 8, 0
while time.monotonic() < ends:
    with store.write(durable=count % 2 == 0) as tx:
        entities.insert(tx, Record("ann", "http://x#thing", f"{sys.argv[2]}-{count}", attributes={"n": count}))
    count += 1
print(count)
"""


@pytest.mark.slow
def test_six_processes_write_one_file_for_seconds_without_a_lock_error(store: Store, address: str) -> None:
    """`make bench` has them do so for a minute."""
    writers = [
        subprocess.Popen([sys.executable, "-c", SIX, address, str(n)], stdout=subprocess.PIPE, text=True)
        for n in range(6)
    ]
    written = [int(writer.communicate()[0]) for writer in writers]
    assert [writer.returncode for writer in writers] == [0] * 6
    with store.read() as tx:
        stored = tx.run(sa.select(sa.func.count()).select_from(tables.entities)).scalar_one()
    assert stored == sum(written)
