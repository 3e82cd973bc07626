"""What is forgotten in time, and what never is while its service lives."""

from __future__ import annotations

import pytest

from broker.store import Service, Store, events, logs, retention, services, verdicts
from sla.model import Verdict, VerdictState
from tests.store.conftest import Clock

DAY = 86400


@pytest.fixture
def told(store: Store, service: Service) -> Service:
    """A service with a line of log and a violation."""
    with store.write() as tx:
        logs.append(tx, "ann", service.id, "db", [("i", "hello")])
        verdicts.record(tx, "ann", service.id, Verdict("answers", "db", VerdictState.VIOLATED, tx.now, "silent", ()))
    return service


def kept(store: Store, service: Service) -> tuple[int, int, int]:
    """How many events, log lines and violations there are."""
    with store.read() as tx:
        own = ("ann", service.id)
        found = (events.after(tx, "ann"), logs.after(tx, *own), verdicts.violations_of(tx, *own))
    return (len(found[0]), len(found[1]), len(found[2]))


def test_of_a_living_service_only_old_events_go(store: Store, told: Service, clock: Clock) -> None:
    clock.forward(40 * DAY)
    with store.write() as tx:
        retention.prune(tx, tx.now - 30 * DAY * 1_000_000)
    assert kept(store, told) == (0, 1, 1)


def test_logs_and_violations_go_when_their_service_was_released_long_ago(
    store: Store, told: Service, clock: Clock
) -> None:
    with store.write() as tx:
        services.set_state(tx, "ann", told.id, "released", desired="released")
    for days, left in ((29, (1, 1)), (2, (0, 0))):
        clock.forward(days * DAY)
        with store.write() as tx:
            retention.prune(tx, tx.now - 30 * DAY * 1_000_000)
        assert kept(store, told)[1:] == left
