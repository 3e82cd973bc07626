"""The walk on the real store: taken over, woken too late, cancelled, retried."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.execute import Done, Failed, Waiting, execute
from broker.store import Journal, Lease, Projection, Service, Store, journal, operations, outbox, services
from manifests.plan import Ref, Step
from tests.databases import database
from tests.execute.cloud import Clock, Cloud, plan, step

PLAN = plan(step("net"), step("db", "net", net=Ref("net", "id")), step("web", "db", db=Ref("db", "id")), step("log"))
SHOWN = Projection("http://x#compute", "1", title="db")


class Worker:
    """The store as one worker sees it; `time` is the database's clock, shared by all."""

    def __init__(self, store: Store, name: str) -> None:
        self.store = store
        self.name = name

    def take(self) -> Lease | None:
        with self.store.write() as tx:
            return operations.take(tx, self.name, 30)

    def journal(self) -> Journal:
        lease = self.take()
        assert lease is not None, "there is something to take"
        return Journal(self.store, lease, "here")


@pytest.fixture
def time() -> list[int]:
    return [1_700_000_000_000_000]


@pytest.fixture
def store(tmp_path: Path, time: list[int]) -> Iterator[Store]:
    opened = Store.open(database(tmp_path).format(home=tmp_path, row="service"), clock=lambda: time[0])
    with opened.write() as tx:
        services.create(tx, Service("ann", "s", "pacs"))
        operations.submit(tx, "ann", "s", "deploy", plan_json="{}")
    yield opened
    opened.close()


def states(store: Store) -> dict[str, str]:
    with store.read() as tx:
        return {id: entry.state for id, entry in journal.history(tx, "ann", "s").items()}


def test_a_dead_workers_plan_is_walked_to_its_end_by_another_and_nothing_is_made_twice(
    store: Store, time: list[int]
) -> None:
    dead = Worker(store, "one").journal()
    dead.write(intents=[journal_intent(dead, "net"), journal_intent(dead, "log")])
    cloud = Cloud(things={"net": dead.token("net")})
    assert Worker(store, "two").take() is None
    time[0] += 30_000_000
    ending = execute(PLAN, cloud, Worker(store, "two").journal(), clock=Clock())
    assert ending.complete
    assert cloud.count("made") == {"log": 1, "db": 1, "web": 1}
    assert cloud.given["web"] == {"db": "db"}


def journal_intent(book: Journal, step: str) -> journal.Intent:
    return journal.Intent(step, book.token(step))


def test_a_worker_that_was_paused_past_its_lease_wakes_and_does_nothing_more(store: Store, time: list[int]) -> None:
    """It is stopped in the middle of a call; another walks the plan to its end; then it is woken."""
    called, wake = threading.Event(), threading.Event()

    def pause(one: Step) -> None:
        if one.id == "net":
            called.set()
            assert wake.wait(60)

    mine, first = Cloud(during=pause), Worker(store, "one").journal()
    found = []
    paused = threading.Thread(target=lambda: found.append(execute(PLAN, mine, first)))
    paused.start()
    assert called.wait(60)
    time[0] += 30_000_000
    second = Worker(store, "two").journal()
    assert execute(PLAN, Cloud(things=dict(mine.things)), second, clock=Clock()).complete
    with store.write() as tx:
        operations.finish(tx, second.lease, "done")
    before = states(store)
    wake.set()
    paused.join()
    assert found[0].lost
    assert "db" not in mine.count("start")
    assert states(store) == before == dict.fromkeys(("net", "log", "db", "web"), "done")


def test_cancelled_in_flight_what_came_is_kept_and_a_release_finds_all_of_it(store: Store) -> None:
    def cancel(one: Step) -> None:
        if one.id == "net":
            with store.write() as tx:
                operations.cancel(tx, "ann", "s")

    book = Worker(store, "one").journal()
    cloud = Cloud({"log": [Waiting({"id": "7"}, 60.0)]}, during=cancel)
    ending = execute(PLAN, cloud, book, parallel=2)
    assert ending.cancelled
    assert set(cloud.things) <= set(book.made()) <= {"net", "log"}
    assert book.made()["net"] == {"id": "net"}
    with store.write() as tx:
        operations.finish(tx, book.lease, "cancelled")
        operations.submit(tx, "ann", "s", "release")
    taken = Worker(store, "two").take()
    assert taken is not None and taken.operation.kind == "release"


def test_a_retry_goes_on_where_the_walk_failed(store: Store) -> None:
    book = Worker(store, "one").journal()
    cloud = Cloud({"db": [Failed({"code": "quota"}), Done({"id": "db"}, projections=(SHOWN,))]})
    assert list(execute(PLAN, cloud, book, clock=Clock()).failed) == ["db"]
    with store.write() as tx:
        operations.finish(tx, book.lease, "failed", error={"code": "quota"})
        services.set_state(tx, "ann", "s", "failed", error={"code": "quota"})
        operations.submit(tx, "ann", "s", "retry")
    ending = execute(PLAN, cloud, Worker(store, "two").journal(), clock=Clock())
    assert ending.complete
    assert cloud.count("start") == {"net": 1, "log": 1, "db": 2, "web": 1}
    assert cloud.count("made")["db"] == 1
    with store.read() as tx:
        assert [parcel.projection for parcel in outbox.pending(tx)] == [SHOWN]


def test_the_journal_tells_the_user_what_happened(store: Store) -> None:
    book = Worker(store, "one").journal()
    execute(PLAN, Cloud({"db": [Failed({"code": "quota"})]}), book, clock=Clock())
    assert states(store) == {"net": "done", "log": "done", "db": "failed"}
    assert book.entries()["db"].error == {"code": "quota"}
