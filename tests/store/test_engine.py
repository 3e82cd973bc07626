"""Opening, durability, order, and what the database's failures become."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from broker.errors import AccordsError, RowDown, StoreFull
from broker.store import Record, Store, engine, entities, events, migrate

PRAGMAS = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")


def pragmas(store: Store, *, durable: bool) -> list[object]:
    with store.write(durable=durable) as tx:
        return [tx.connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in PRAGMAS]


def test_what_must_not_be_lost_is_synchronised_at_every_commit(store: Store) -> None:
    assert pragmas(store, durable=True) == ["wal", 2, 1, 15000]


def test_samples_are_synchronised_with_the_next_commit_that_is(store: Store) -> None:
    assert pragmas(store, durable=False) == ["wal", 1, 1, 15000]
    assert pragmas(store, durable=True) == ["wal", 2, 1, 15000]


def test_a_transaction_that_fails_leaves_nothing(store: Store) -> None:
    with pytest.raises(KeyError), store.write() as tx:
        events.append(tx, "ann", None, "half", {})
        raise KeyError("in the middle")
    with store.read() as tx:
        assert events.after(tx, "ann") == ()


def test_a_read_sees_one_state_throughout(store: Store) -> None:
    with store.read() as before:
        assert events.last(before, "ann") == 0
        with store.write() as tx:
            events.append(tx, "ann", None, "meanwhile", {})
        assert events.last(before, "ann") == 0
    with store.read() as after:
        assert events.last(after, "ann") == 1


def test_a_read_cannot_write(store: Store) -> None:
    with pytest.raises(Exception, match="readonly"), store.read() as tx:
        events.append(tx, "ann", None, "no", {})


def test_time_stands_still_in_a_transaction(address: str) -> None:
    times = iter((1, 2))
    store = Store.open(address, clock=lambda: next(times))
    with store.write() as tx:
        assert (tx.now, tx.now) == (1, 1)
    assert store.now() == 2
    store.close()


def test_another_database_than_a_file_is_refused() -> None:
    with pytest.raises(AccordsError, match="no database that Accords can use"):
        Store.open("sqlite://")


def test_a_database_of_a_newer_accords_is_refused(address: str, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "test.sqlite")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(AccordsError) as found:
        Store.open(address)
    assert found.value.code == "store.newer"


def test_a_writer_that_never_ends_is_reported_and_not_waited_for(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_WRITER", ("busy_timeout=1",))
    store = Store.open(address)
    with closing(sqlite3.connect(tmp_path / "test.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(RowDown) as found, store.write():
            pass
    assert (found.value.code, found.value.status) == ("store.busy", 503)
    store.close()


def test_a_second_writing_transaction_in_the_same_thread_is_a_mistake_that_is_named(store: Store) -> None:
    with store.write(), pytest.raises(RuntimeError, match="hand that one on"), store.write():
        pass
    with store.write() as tx:
        events.append(tx, "ann", None, "as before", {})


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
        pages = tx.connection.exec_driver_sql("PRAGMA page_count").scalar()
        tx.connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
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


def test_two_processes_that_open_a_new_database_at_once_are_both_served(tmp_path: Path) -> None:
    script = f"from broker.store import Store; Store.open('sqlite:///{tmp_path}/new.sqlite').close()"
    both = [subprocess.Popen([sys.executable, "-c", script]) for _ in range(2)]
    assert [process.wait(300) for process in both] == [0, 0]
    with closing(sqlite3.connect(tmp_path / "new.sqlite")) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [(migrate.NEWEST,)]


WRITERS = """
import sys
from broker.store import Store, events
store = Store.open(sys.argv[1])
for number in range(100):
    with store.write(durable=False) as tx:
        events.append(tx, "ann", None, sys.argv[2], {"number": number})
"""


def test_several_processes_write_without_a_lock_error_and_events_stay_in_order(store: Store, address: str) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", WRITERS, address, f"writer-{n}"]) for n in range(3)]
    assert [process.wait(300) for process in writers] == [0, 0, 0]
    with store.read() as tx:
        found = events.after(tx, "ann", limit=1000)
    assert [event.seq for event in found] == list(range(1, 301))
    for n in range(3):
        mine = [event.fields["number"] for event in found if event.name == f"writer-{n}"]
        assert mine == list(range(100))


def test_many_threads_share_one_writing_connection(store: Store) -> None:
    def write() -> None:
        for _ in range(20):
            with store.write() as tx:
                events.append(tx, "ann", None, "thread", {})

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.read() as tx:
        assert events.last(tx, "ann") == 160
