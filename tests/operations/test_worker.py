"""The worker's loops: what one waits for keeps no other waiting."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from broker import monitor
from broker.settings import Settings
from broker.store import operations
from broker.worker import open_providers
from providers.fake import Knobs, Script, Trouble
from tests.crash.scene import until
from tests.operations.house import House, User


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    found = House(tmp_path)
    yield found
    found.close()


@pytest.fixture
def stop(house: House) -> Iterator[threading.Event]:
    """Set at the end, after what is held was let go."""
    found = threading.Event()
    yield found
    found.set()
    house.cloud.calm()


def test_a_worker_that_ends_gives_its_operation_to_the_next_at_once(house: House) -> None:
    """The script goes on in its node; whoever looks next finds it running."""
    house.cloud.turn_knobs(Knobs(scripts=(Script("createdb", seconds=3600, times=1),)))
    told = threading.Event()
    service = User(house.client("ann", "ward")).up()
    worker = threading.Thread(target=house.worker.run, args=(told,))
    worker.start()
    until(lambda: any("createdb" in repr(each.arguments) for each in house.cloud.carried()), "the script runs")
    told.set()
    worker.join(20)
    assert not worker.is_alive()
    with house.tools.store.write() as tx:
        lease = operations.take(tx, "another", 30)
    assert lease is not None
    assert (lease.operation.service, lease.epoch) == (service, 2)


def test_a_cloud_that_does_not_answer_delays_no_probe(
    house: House, stop: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds = threading.Semaphore(0)
    monkeypatch.setattr(monitor, "tick", lambda *_: rounds.release())
    monkeypatch.setattr("broker.worker.TICK", 0.01)
    house.cloud.trouble(Trouble("hold", call="offers"))
    worker = threading.Thread(target=house.worker.run, args=(stop,))
    worker.start()
    assert house.cloud.held(1, wait=20)
    for _ in range(3):
        assert rounds.acquire(timeout=20)
    assert house.cloud.held()
    stop.set()
    house.cloud.calm()
    worker.join(20)
    assert not worker.is_alive()


def test_a_provider_that_cannot_be_opened_stops_only_what_needs_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = Settings(home=tmp_path, providers={"paris": {"driver": "fake", "colour": 1}, "lyon": {"driver": "fake"}})
    assert list(open_providers(settings)) == ["lyon"]
    (said,) = (vars(each) for each in caplog.records if each.message == "provider.unusable")
    assert said["provider"] == "paris"
    assert "colour" in said["error"]
