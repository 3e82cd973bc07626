"""What the agreement promises is watched on real nodes: Orthanc dies in its node, and the service says so."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import Any

import pytest

from broker.store import Store, Transaction, verdicts
from broker.store.verdicts import Violation
from tests.pacs.archive import SERVICE, Pacs
from tests.pacs.installation import until

pytestmark = [pytest.mark.lxc, pytest.mark.slow, pytest.mark.timeout(1200)]

ECHO, ROOM = "dicom-answers", "images-fit"
PERIOD = 5_000_000
"""Microseconds between two C-ECHOs, as examples/pacs-agreement.xml has it."""


def test_both_promises_are_met_while_the_archive_works(pacs: Pacs) -> None:
    """One is measured from outside, the other by the agent in the node."""
    until(lambda: _states(pacs) == {ECHO: "met", ROOM: "met"}, lambda: f"both are met: {_states(pacs)}")


def test_a_dead_archive_violates_its_promise_within_two_periods_until_it_is_back(pacs: Pacs) -> None:
    until(lambda: _states(pacs)[ECHO] == "met", "the promise is met")
    with dead(pacs) as died:
        until(lambda: _states(pacs)[ECHO] == "violated", "the promise is violated")
        shown = pacs.here.told("status", SERVICE)
        assert "VIOLATED" in shown
        assert shown.startswith("pacs: active"), "a broken promise is no change of the service's state"
        violation = _violations(pacs)[0]
        assert violation.guarantee == ECHO
        assert violation.ended is None
        assert 0 < violation.at - died <= 2 * PERIOD
        assert [sample.value for sample in violation.evidence] == [0.0]
        assert [each["name"] for each in violation.business] == ["silence"]
    until(lambda: _states(pacs)[ECHO] == "met", "the promise is met again")
    assert "VIOLATED" not in pacs.here.told("status", SERVICE)
    assert _violations(pacs)[0].ended is not None
    assert _news(pacs)[-2:] == [("met", "violated"), ("violated", "met")]


@contextlib.contextmanager
def dead(pacs: Pacs) -> Iterator[int]:
    """Orthanc killed inside its node, and kept from coming back; when, in UTC microseconds."""
    pacs.here.run("pacs", "systemctl", "mask", "--runtime", "orthanc")
    pacs.here.run("pacs", "systemctl", "kill", "--signal=KILL", "orthanc")
    try:
        yield time.time_ns() // 1000
    finally:
        pacs.here.run("pacs", "systemctl", "unmask", "--runtime", "orthanc")
        pacs.here.run("pacs", "systemctl", "reset-failed", "orthanc")
        pacs.here.run("pacs", "systemctl", "start", "orthanc")


def _states(pacs: Pacs) -> dict[str, str]:
    """As `accords status` shows them."""
    return {each["name"]: each["state"] for each in pacs.report["guarantees"]}


def _news(pacs: Pacs) -> list[tuple[str, str]]:
    """(before, now) of the changes of the promise, as events."""
    client = pacs.here.client()
    found: list[dict[str, Any]] = client.get("service", f"/event/?service={pacs.report['service']['id']}&after=0")[
        "events"
    ]
    client.close()
    changes = [each["fields"] for each in found if each["name"] == "verdict.changed"]
    return [(each["before"], each["state"]) for each in changes if each["guarantee"] == ECHO]


def _violations(pacs: Pacs) -> tuple[Violation, ...]:
    service = pacs.report["service"]
    with _store(pacs) as tx:
        return verdicts.violations_of(tx, service["account"], service["id"])


@contextlib.contextmanager
def _store(pacs: Pacs) -> Iterator[Transaction]:
    """The service row's database: no command shows what is kept of a violation."""
    store = Store.open(f"sqlite:///{pacs.here.home}/service.sqlite")
    try:
        with store.read() as tx:
            yield tx
    finally:
        store.close()
