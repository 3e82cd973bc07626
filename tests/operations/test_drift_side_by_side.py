"""Two clouds, one of which does not answer: it stops what needs it and nothing else."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from broker.hooks.drift import observed
from broker.services import ROWS
from broker.store import PLATFORM, findings, offers
from broker.worker import Worker, drifting
from broker.worker.observing import Observing
from providers.fake import Fake, Knobs, Trouble
from providers.protocol import Kind
from tests.crash.scene import until
from tests.operations.house import House, User
from tests.operations.stage import ACCOUNT, INSTALLATION, Stage


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drifting, "SETTLE", 0)
    monkeypatch.setattr("broker.worker.OBSERVE_PERIOD", 0.05)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """Lyon is the first that is asked."""
    found = House(tmp_path)
    lyon = Fake("lyon", Knobs())
    found.tools = replace(found.tools, providers={"lyon": lyon, "paris": found.cloud})
    found.worker = Worker(found.tools, found.installation.id, found.hands, "house")
    for row in ROWS:  # each opens its database at its first request, and several threads will ask
        found.hands.get(row.name, "/-/")
    yield found
    lyon.calm()
    found.close()


def lyon_of(house: House) -> Fake:
    found = house.tools.providers["lyon"]
    assert isinstance(found, Fake)
    return found


@pytest.mark.parametrize("call", ["offers", "list"])
def test_a_cloud_that_hangs_delays_nothing_of_another(house: House, call: str) -> None:
    """What it is asked for is held; meanwhile a service at the other comes up, and a loss there is seen."""
    lyon_of(house).trouble(Trouble("hold", call=call, times=0))
    ann, stop = User(house.client("ann", "ward")), threading.Event()
    worker = threading.Thread(target=house.worker.run, args=(stop,))
    worker.start()
    try:
        assert lyon_of(house).held(1, wait=20)
        service = ann.up()
        until(lambda: ann.state(service) == "active", "the service at the other cloud runs")
        house.cloud.lose(Kind.MACHINE, "machine-1")
        until(lambda: ann.state(service) == "failed", "the loss is seen")
        assert [each["seen"] for each in ann.report(service)["drift"]] == ["gone"]
    finally:
        stop.set()
        lyon_of(house).calm()
        worker.join(20)
    assert not worker.is_alive()


def test_offers_of_one_cloud_come_while_another_hangs(house: House) -> None:
    with house.tools.store.write() as tx:
        offers.replace(tx, PLATFORM, "paris", ())
    lyon_of(house).trouble(Trouble("hold", call="offers", times=0))
    stop = threading.Event()
    worker = threading.Thread(target=house.worker.run, args=(stop,))
    worker.start()
    try:
        assert lyon_of(house).held(1, wait=20)
        until(lambda: "paris" in offering(house), "the other's offers are there")
        assert "lyon" not in offering(house)
    finally:
        stop.set()
        lyon_of(house).calm()
        worker.join(20)


def offering(house: House) -> set[str]:
    with house.tools.store.read() as tx:
        return {each.provider for each in offers.every(tx, PLATFORM)}


def test_a_cloud_that_is_down_judges_nothing_and_is_said_to_be_down(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    service = stage.deployed()
    watching = Observing(stage.tools, INSTALLATION)
    watching.turn("paris")
    stage.cloud.lose(Kind.MACHINE, "machine-1")
    stage.cloud.trouble(Trouble("fail", call="list", times=0))
    watching.turn("paris")
    with stage.store.read() as tx:
        (seen,) = observed(tx)
        assert findings.of_service(tx, ACCOUNT, service) == ()
    assert seen["at"] is not None
    assert seen["error"] is not None
    assert stage.service(service).state == "active"


def test_one_nodes_failure_is_one_nodes_failure(tmp_path: Path) -> None:
    """Repairing one leaves the other's machine as it is."""
    stage = Stage(tmp_path)
    service = stage.deployed()
    before = {each.id for each in stage.cloud.list({}, deadline=5)}
    stage.cloud.lose(Kind.MACHINE, "machine-2")
    Observing(stage.tools, INSTALLATION).turn("paris")
    with stage.store.read() as tx:
        (one,) = findings.of_service(tx, ACCOUNT, service)
    assert one.id == "machine-2"
    assert {each.id for each in stage.cloud.list({}, deadline=5)} == before - {"machine-2"}
