"""A stream of events from a real server, and what tests do with it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from broker import auth
from broker.settings import Settings
from broker.store import Store, events
from tests.databases import database, open_store
from tests.http.brokers import until_listening
from tests.loopback import own_address

PATIENCE = 60.0


@dataclass
class Streaming:
    """`accords serve stream` on a home, and the store that it looks at."""

    home: Path
    host: str
    key: str
    store: Store
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}/events"

    @property
    def port(self) -> int:
        return int(Settings.model_fields["stream_port"].default)

    def start(self) -> None:
        """Back when it listens."""
        given = {"HOME": str(self.home), "HOST": self.host, "DATABASE": database(self.home)}
        command = [str(Path(sys.executable).with_name("accords")), "serve", "stream"]
        with (self.home / "stream.log").open("ab") as log:
            environment = os.environ | {f"ACCORDS_{name}": value for name, value in given.items()}
            self.process = subprocess.Popen(command, env=environment, stderr=log)
        until_listening(self.host, self.port)

    def end(self, *, kill: bool = False) -> None:
        if self.process is not None:
            (self.process.kill if kill else self.process.terminate)()
            self.process.wait(PATIENCE)
            self.process = None

    def headers(self, account: str = "ward", **more: str) -> dict[str, str]:
        token = auth.issue(self.key, auth.Principal("ann", account, auth.Role.USER))
        return {"Authorization": f"Bearer {token}", **more}

    def happens(self, *names: str, account: str = "ward", service: str | None = None) -> int:
        with self.store.write() as tx:
            return events.extend(tx, account, service, [(name, {"n": number}) for number, name in enumerate(names)])

    @contextmanager
    def listening(self, query: str = "", **headers: str) -> Iterator[Iterator[dict[str, Any]]]:
        sent = {**self.headers(), **headers}
        with httpx.stream("GET", self.url + query, headers=sent, timeout=PATIENCE, trust_env=False) as answer:
            assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/event-stream")
            lines = answer.iter_lines()
            assert next(line for line in lines if line.startswith("retry:"))
            yield _read(lines)


@contextmanager
def streaming(home: Path) -> Iterator[Streaming]:
    store = open_store(home)
    found = Streaming(home, own_address(), auth.installation(Settings(home=home)).key, store)
    try:
        found.start()
        yield found
    finally:
        found.end()
        store.close()


def _read(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    """Each event: what its fields say."""
    found: dict[str, Any] = {}
    for line in lines:
        name, _, value = line.partition(": ")
        if line and name:
            found[name] = json.loads(value) if name == "data" else value
        elif "data" in found:
            yield found
            found = {}
