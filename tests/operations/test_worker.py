"""The worker's loops: what one waits for keeps no other waiting."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from broker import monitor
from providers.fake import Trouble
from tests.operations.house import House


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
