"""Opening, order, and what the database's failures become, on every kind of database."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest
import sqlalchemy as sa

from broker.errors import AccordsError
from broker.store import Store, events, migrate


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
    with pytest.raises(Exception, match=r"read-?only"), store.read() as tx:
        events.append(tx, "ann", None, "no", {})


def test_time_stands_still_in_a_transaction(address: str) -> None:
    times = iter((1, 2))
    store = Store.open(address, clock=lambda: next(times))
    with store.write() as tx:
        assert (tx.now, tx.now) == (1, 1)
    assert store.now() == 2
    store.close()


@pytest.mark.parametrize("url", ["sqlite://", "postgresql://ann@there", "mysql://ann:hidden@there/accords", "hidden"])
def test_another_address_is_refused_without_repeating_its_password(url: str) -> None:
    with pytest.raises(AccordsError, match="no database that Accords can use") as found:
        Store.open(url)
    assert found.value.code == "store.address"
    assert "hidden" not in str(found.value)


def test_a_database_of_a_newer_accords_is_refused(store: Store, address: str) -> None:
    with store.write() as tx:
        tx.run(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(AccordsError) as found:
        Store.open(address)
    assert found.value.code == "store.newer"


def test_a_second_writing_transaction_in_the_same_thread_is_a_mistake_that_is_named(store: Store) -> None:
    with store.write(), pytest.raises(RuntimeError, match="hand that one on"), store.write():
        pass
    with store.write() as tx:
        events.append(tx, "ann", None, "as before", {})


def test_two_processes_that_open_a_new_database_at_once_are_both_served(new_address: str) -> None:
    script = "import sys; from broker.store import Store; Store.open(sys.argv[1]).close()"
    both = [subprocess.Popen([sys.executable, "-c", script, new_address]) for _ in range(2)]
    assert [process.wait(300) for process in both] == [0, 0]
    store = Store.open(new_address)
    with store.read() as tx:
        assert tx.run(sa.text("SELECT version_num FROM alembic_version")).scalars().all() == [migrate.NEWEST]
    store.close()


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


def test_many_threads_take_turns_to_write(store: Store) -> None:
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
