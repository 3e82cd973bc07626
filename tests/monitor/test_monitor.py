"""What was promised is measured when it is due, judged, and only a change is news."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from broker import monitor
from broker.agent.node import Probe
from broker.plans import plan_to_json
from broker.report import report_of
from broker.store import (
    Service,
    Store,
    events,
    guarantees,
    instructions,
    operations,
    samples,
    services,
    verdicts,
)
from broker.store.journal import Ended, Intent, Journal
from broker.times import rfc3339
from manifests import Plan
from sla import METRICS, Comparison, Guarantee, Objective, Origin, Sample, VerdictState
from sla.probes import ProbeUnable
from tests.databases import open_store

ACCOUNT, SERVICE = "hospital", "6a1d7f35-9f54-4a39-8f0e-6c3b8e2a6d70"
ECHO = Guarantee("answers", "dicom:echo", Objective(Comparison.EQ, 1), "pacs", 5, 10, location="PACS@4242")
DISK = Guarantee("fits", "du:bytes", Objective(Comparison.LS, 100), "pacs", location="/srv/images")


@dataclass
class Clock:
    at: int = 1_000_000_000_000_000

    def __call__(self) -> int:
        return self.at

    def passes(self, seconds: float) -> None:
        self.at += int(seconds * 1_000_000)


@dataclass
class Pacs:
    """The node as a probe sees it."""

    value: float | None = 1.0
    asked: list[tuple[str, str, str | None]] = field(default_factory=list)

    def __call__(self, metric: str, address: str, location: str | None, timeout: float) -> float:
        self.asked.append((metric, address, location))
        if self.value is None:
            raise ProbeUnable("no library")
        return self.value


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[Store]:
    found = open_store(tmp_path, clock=clock)
    with found.write() as tx:
        services.create(tx, Service(ACCOUNT, SERVICE, "pacs"))
        operations.submit(tx, ACCOUNT, SERVICE, "deploy", plan_json=plan_to_json(Plan("deploy", "pacs", ())))
        lease = operations.take(tx, "me", 60)
    assert lease is not None
    journal = Journal(found, lease, installation="i")
    journal.write(intents=[Intent("pacs.0.machine", journal.token("pacs.0.machine"))])
    journal.write(ended=[Ended("pacs.0.machine", result={"id": "m", "address": "192.0.2.7"})])
    with found.write() as tx:
        guarantees.put(tx, ACCOUNT, SERVICE, [ECHO, DISK])
        services.set_state(tx, ACCOUNT, SERVICE, "active")
    yield found
    found.close()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as found:
        yield found


def states(store: Store) -> dict[str, VerdictState]:
    with store.read() as tx:
        return {verdict.guarantee: verdict.state for verdict in verdicts.of_service(tx, ACCOUNT, SERVICE)}


def test_a_guarantee_from_outside_is_probed_at_the_nodes_address(store: Store, pool: ThreadPoolExecutor) -> None:
    pacs = Pacs()
    monitor.tick(store, pool, measure=pacs)
    assert pacs.asked == [("dicom:echo", "192.0.2.7", "PACS@4242")]
    assert states(store) == {"answers": VerdictState.MET, "fits": VerdictState.UNKNOWN}


def test_a_node_that_is_outside_is_probed_at_the_address_it_says(store: Store, pool: ThreadPoolExecutor) -> None:
    away = Guarantee("theirs", "dicom:echo", ECHO.objective, "hospital", location="PACS@104", address="10.1.2.3")
    with store.write() as tx:
        guarantees.put(tx, ACCOUNT, SERVICE, [away])
    pacs = Pacs()
    monitor.tick(store, pool, measure=pacs)
    assert ("dicom:echo", "10.1.2.3", "PACS@104") in pacs.asked


def test_a_probe_is_due_once_a_period(store: Store, pool: ThreadPoolExecutor, clock: Clock) -> None:
    pacs = Pacs()
    for _ in range(4):
        monitor.tick(store, pool, measure=pacs)
        clock.passes(2)
    assert len(pacs.asked) == 2


def test_a_service_that_stops_answering_is_violated_and_met_again_when_it_is_back(
    store: Store, pool: ThreadPoolExecutor, clock: Clock
) -> None:
    pacs = Pacs()
    seen = []
    for value in (1.0, 0.0, 0.0, 1.0):
        pacs.value = value
        monitor.tick(store, pool, measure=pacs)
        seen.append(states(store)["answers"])
        clock.passes(6)
    assert seen == [VerdictState.MET, VerdictState.VIOLATED, VerdictState.VIOLATED, VerdictState.MET]
    with store.read() as tx:
        (violation,) = verdicts.violations_of(tx, ACCOUNT, SERVICE)
        told = [one.fields["state"] for one in events.after(tx, ACCOUNT) if one.fields.get("guarantee") == "answers"]
    assert violation.ended is not None
    assert violation.evidence[0].value == 0.0
    assert told == ["met", "violated", "met"]


def test_the_report_tells_since_when_a_promise_is_broken_and_keeps_what_was(
    store: Store, pool: ThreadPoolExecutor, clock: Clock
) -> None:
    began = []
    for value in (0.0, 1.0, 0.0):
        began.append(clock.at)
        monitor.tick(store, pool, measure=Pacs(value))
        clock.passes(ECHO.period + 1)
    with store.read() as tx:
        found = report_of(tx, ACCOUNT, SERVICE)
    first, second, third = map(rfc3339, began)
    assert {each["name"]: each["since"] for each in found["guarantees"]} == {"answers": third, "fits": None}
    assert [(each["since"], each["ended"]) for each in found["violations"]] == [(third, None), (first, second)]
    assert found["violations"][0]["evidence"][0]["value"] == 0.0


def test_a_probe_that_cannot_measure_leaves_the_verdict_unknown(store: Store, pool: ThreadPoolExecutor) -> None:
    monitor.tick(store, pool, measure=Pacs(None))
    assert states(store)["answers"] is VerdictState.UNKNOWN


def test_what_a_node_measures_is_judged_and_is_unknown_when_it_falls_silent(
    store: Store, pool: ThreadPoolExecutor, clock: Clock
) -> None:
    with store.write() as tx:
        samples.add(tx, ACCOUNT, SERVICE, [Sample("du:bytes", "pacs", 40, clock.at, "/srv/images")])
    monitor.tick(store, pool, measure=Pacs())
    assert states(store)["fits"] is VerdictState.MET
    clock.passes(121)
    monitor.tick(store, pool, measure=Pacs())
    assert states(store)["fits"] is VerdictState.UNKNOWN


def test_only_active_services_are_judged(store: Store, pool: ThreadPoolExecutor) -> None:
    with store.write() as tx:
        services.set_state(tx, ACCOUNT, SERVICE, "stopped")
    pacs = Pacs()
    assert monitor.tick(store, pool, measure=pacs) == 0
    assert pacs.asked == []


def test_a_round_that_finds_nothing_new_writes_nothing(store: Store, pool: ThreadPoolExecutor) -> None:
    pacs = Pacs()
    assert monitor.tick(store, pool, measure=pacs) == 2
    with store.read() as tx:
        before = events.last(tx, ACCOUNT)
    assert monitor.tick(store, pool, measure=pacs) == 0
    with store.read() as tx:
        assert events.last(tx, ACCOUNT) == before


def test_a_node_is_told_what_to_measure_once(store: Store) -> None:
    with store.write() as tx:
        for _ in range(2):
            monitor.ask_nodes(tx, ACCOUNT, SERVICE, [ECHO, DISK])
        (told,) = instructions.pending(tx, ACCOUNT, SERVICE, "pacs")
    assert (told.method, told.arguments) == (
        "probe",
        {"metric": "du:bytes", "location": "/srv/images", "period": 60},
    )


def test_old_samples_are_forgotten(store: Store, clock: Clock) -> None:
    with store.write() as tx:
        samples.add(tx, ACCOUNT, SERVICE, [Sample("cpu", "pacs", 1, clock.at - monitor.KEPT - 1)])
        samples.add(tx, ACCOUNT, SERVICE, [Sample("cpu", "pacs", 1, clock.at)])
    assert monitor.prune(store) == 1


@pytest.mark.parametrize("name", [name for name, one in METRICS.items() if one.origin is Origin.NODE])
def test_the_agent_measures_every_metric_that_is_measured_in_nodes(name: str) -> None:
    assert Probe(name, "/", 60).metric == name
