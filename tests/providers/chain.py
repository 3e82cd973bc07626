"""A second broker: whole in this process, with a thread for its worker, or as processes of their own. Not a test."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx

from broker import auth
from broker.addresses import OFFSETS
from providers.occi import Occi, Options
from tests.operations.house import House
from tests.pacs.installation import Installation

ACCOUNT = "customer"
BEHIND = "paris"


def options(broker: Installation, **more: object) -> dict[str, object]:
    """How another broker uses it: as a provider of its own."""
    token = broker.told("token", ACCOUNT).strip()
    return {"url": f"http://127.0.0.1:{broker.base_port + OFFSETS['cloud']}", "token": token, **more}


@contextmanager
def at_work(house: House) -> Iterator[None]:
    """Its worker works by itself, as one does that is a process."""
    ending = threading.Event()

    def work() -> None:
        while not ending.wait(0.005):
            house.work()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join(10)


def through(house: House, name: str = "chain", **more: object) -> Occi:
    """A provider that is the broker of this house, without a network between."""
    said = Options.model_validate({"url": _url(house), "token": _token(house), **more})
    return Occi(name, said, httpx.WSGITransport(app=house.rows.apps["cloud"]))


def customer(house: House) -> httpx.Client:
    """A client of the same account, with nothing of our driver's."""
    transport = httpx.WSGITransport(app=house.rows.apps["cloud"])
    return httpx.Client(base_url=_url(house), transport=transport, headers={"Authorization": f"Bearer {_token(house)}"})


def _token(house: House) -> str:
    return auth.issue(house.installation.key, auth.Principal("a", ACCOUNT, auth.Role.USER))


def _url(house: House) -> str:
    return f"http://127.0.0.1:{house.settings.base_port + OFFSETS['cloud']}"


@contextmanager
def second_broker(folder: Path, providers: Mapping[str, Mapping[str, object]]) -> Iterator[Installation]:
    """Ready when it has told what its providers offer."""
    port = 26_000 + 40 * secrets.randbelow(60)
    broker = Installation(folder, providers, base_port=port)
    try:
        broker.start()
        yield broker
    finally:
        broker.stop()


@contextmanager
def pretend_cloud(*knobs: str) -> Iterator[str]:
    """The address of the pretend cloud, which outlives every broker."""
    command = [sys.executable, "-m", "providers.fake.server", *knobs]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ACCORDS_")}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()
