"""Four workers on machines of their own share two hundred plans. Two of them are killed, one is cut off for a minute
and comes back: every plan ends, everything is made once, nothing is orphaned. The same for every queue."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import psycopg
import pytest

from tests.apart.machines import can_be
from tests.apart.workers import Workers
from tests.databases import ON_POSTGRESQL
from tests.pacs.installation import until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not can_be(), reason="only root may make networks"),
    pytest.mark.skipif(ON_POSTGRESQL, reason="has a PostgreSQL of its own either way"),
]

PLANS, FEW = 200, 40
MINUTE = 60.0
CHANGES = {"create", "delete", "act", "instruct"}
NAMES = ("first", "second", "third", "fourth")


@pytest.fixture(params=["store", "dbos"])
def workers(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Workers]:
    found = Workers(tmp_path, request.param, {"latency": 0.02, "pending": 1.0})
    yield found
    found.close()


def _ends(workers: Workers, state: str, count: int = PLANS) -> None:
    until(lambda: workers.states() == {state: count}, workers.logs, patience=180)


def _twice(workers: Workers) -> list[object]:
    made = Counter((each.kind, each.token) for each in workers.ask(lambda cloud: cloud.made()))
    return [thing for thing, count in made.items() if count > 1]


def _changes(workers: Workers) -> int:
    return sum(call.method in CHANGES for call in workers.ask(lambda cloud: cloud.calls()))


def _busy(workers: Workers, name: str) -> bool:
    return workers.holds(name) > 2


def _active(workers: Workers, count: int) -> None:
    until(lambda: workers.states()["active"] >= count, workers.logs)


def test_every_plan_ends_and_everything_is_made_once_whatever_becomes_of_three_workers(workers: Workers) -> None:
    workers.submit(PLANS)
    for name in NAMES:
        workers.start(name)
    until(partial(_busy, workers, "third"), workers.logs)
    workers.link("third", "down")
    back = time.monotonic() + MINUTE
    for name, ended in (("first", 20), ("second", 50)):
        _active(workers, ended)
        until(partial(_busy, workers, name), workers.logs)
        workers.kill(name)
    _ends(workers, "active")
    until(lambda: time.monotonic() > back, "a minute goes by", patience=MINUTE + 1)

    made, changes = workers.ask(lambda cloud: cloud.made()), _changes(workers)
    looks = len(workers.ask(lambda cloud: cloud.calls()))
    workers.kill("fourth")
    workers.link("third", "up")
    until(lambda: len(workers.ask(lambda cloud: cloud.calls())) > looks + 3, workers.logs)
    assert _changes(workers) == changes, "who comes back makes nothing of what was taken from it"
    assert not _twice(workers)
    assert len(made) == len({each.token for each in made}) == len(workers.ask(lambda cloud: cloud.resources()))
    assert {each.id for each in workers.ask(lambda cloud: cloud.resources())} == workers.known(), "nothing is orphaned"

    workers.start("fourth")
    workers.release()
    _ends(workers, "released")
    assert not workers.ask(lambda cloud: cloud.resources()), "what was made is given back"


@pytest.mark.parametrize("workers", ["dbos"], indirect=True)
def test_a_queue_that_loses_its_tables_loses_nothing(workers: Workers) -> None:
    workers.submit(FEW)
    for name in NAMES[:2]:
        workers.start(name)
    _active(workers, 5)
    _lose_tables(workers)
    _ends(workers, "active", FEW)
    until(lambda: _rows(workers, "SELECT name FROM service_dbos.queues"), "its tables are made anew")
    _lose_tables(workers)
    workers.release()
    _ends(workers, "released", FEW)
    assert not _twice(workers)
    assert not workers.ask(lambda cloud: cloud.resources())


@pytest.mark.parametrize("workers", ["dbos"], indirect=True)
def test_the_engine_begins_nothing_again_by_itself(workers: Workers) -> None:
    """What a killed worker was at is taken by the next with another epoch, as another workflow."""
    workers.submit(FEW)
    workers.start("first")
    until(partial(_busy, workers, "first"), workers.logs)
    workers.kill("first")
    workers.start("second")
    _ends(workers, "active", FEW)
    given = _given(workers)
    left = {id.partition(".")[0] for id, status, _ in given if status == "PENDING"}
    assert left
    assert all(f"{operation}.2" in {id for id, _, _ in given} for operation in left)
    assert {times for _, _, times in given} == {1}


def _lose_tables(workers: Workers) -> None:
    workers.postgresql.run("DROP SCHEMA service_dbos CASCADE", workers.database)


def _given(workers: Workers) -> list[tuple[str, str, int]]:
    """What DBOS knows: workflow, its state, how often it was begun."""
    found = _rows(workers, "SELECT workflow_uuid, status, recovery_attempts FROM service_dbos.workflow_status")
    return [(str(id), str(status), int(str(times))) for id, status, times in found]


def _rows(workers: Workers, question: str) -> list[tuple[object, ...]]:
    """Nothing while the table is not there."""
    try:
        return workers.postgresql.run(question, workers.database)
    except psycopg.errors.UndefinedTable:
        return []
