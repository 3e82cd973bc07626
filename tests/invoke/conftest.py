"""A service with an interface, on the fake cloud, over HTTP."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.cli import invoking
from providers.fake import Knobs, Script
from tests.operations.house import House, User
from tests.operations.stage import PAIR

INTERFACE = """<interface name="methods">
    <action name="Backup" type="cordscript" expression="db.system('dump $1 $2'); web.fork('copy');"/>
    <action name="Backup" type="cordscript" expression="web.kill('copier');"/>
    <action name="breaks" type="cordscript" expression="db.system('broken'); web.system('after');"/>
  </interface>
</manifest>"""
WITH_METHODS = PAIR.replace("</manifest>", INTERFACE)


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    found = House(tmp_path)
    scripts = (Script("dump", output="dumped 7 studies\n"), Script("broken", exit=3, output="no space left\n"))
    found.cloud.turn_knobs(Knobs(scripts=scripts))
    monkeypatch.setattr(invoking, "client", lambda: found.client("ann", "ward"))
    yield found
    found.close()


@pytest.fixture
def ann(house: House) -> User:
    return User(house.client("ann", "ward"))


@pytest.fixture
def service(house: House, ann: User) -> str:
    found = ann.up(WITH_METHODS)
    house.work()
    assert ann.state(found) == "active"
    return found


@pytest.fixture
def working(house: House) -> Iterator[None]:
    """A worker beside the test."""
    over = threading.Event()

    def work() -> None:
        while not over.wait(0.02):
            house.work()

    thread = threading.Thread(target=work)
    thread.start()
    yield
    over.set()
    thread.join()
