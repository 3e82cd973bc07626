"""Real processes to kill: the fake cloud's server, which outlives everybody, and workers. No product code knows it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from broker.store import operations
from providers.fake import Trouble
from providers.fake.remote import RemoteFake
from tests.databases import database
from tests.operations.stage import ACCOUNT, Stage

WORKER = "from broker.settings import load; from broker.worker import run; run(load())"
PATIENCE = 40.0
"""Seconds after which a test gives up; nothing here should take so long."""
LEASE = 2.0


def until(what: Callable[[], object], why: str | Callable[[], str]) -> None:
    """Look again and again; AssertionError with `why` when it never comes."""
    ends = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < ends, f"in {PATIENCE} s never: {why if isinstance(why, str) else why()}"
        time.sleep(0.02)


@dataclass
class Scene:
    """One home, one cloud server, one service, and as many workers as a test starts."""

    home: Path
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        command = [sys.executable, "-m", "providers.fake.server", "--port", "0"]
        self.server = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert self.server.stdout is not None
        self.url = self.server.stdout.readline().decode().split()[-1]
        self.cloud = RemoteFake("paris", self.url)
        self.stage = Stage(self.home, self.cloud)

    def start(self, **settings: object) -> subprocess.Popen[bytes]:
        """A worker, as `accords work` is one. One step at a time, so that the n-th call is always the same."""
        own = {
            "ACCORDS_HOME": str(self.home),
            "ACCORDS_DATABASE": database(self.home),
            "ACCORDS_PROVIDERS": json.dumps({"paris": {"driver": "fake", "url": self.url}}),
            "ACCORDS_LEASE": str(LEASE),
            "ACCORDS_CALL_DEADLINE": str(0.95 * LEASE),
            "ACCORDS_WALK_PARALLEL": "1",
            "ACCORDS_BASE_PORT": "1",
            "ACCORDS_LOG_LEVEL": "error",
            **{f"ACCORDS_{name.upper()}": str(value) for name, value in settings.items()},
        }
        log = (self.home / "workers.log").open("ab")
        worker = subprocess.Popen([sys.executable, "-c", WORKER], env={**os.environ, **own}, stderr=log)
        self.workers.append(worker)
        return worker

    def hold(self, call: str, nth: int, when: str, kind: str = "*") -> None:
        self.cloud.trouble(Trouble("hold", call=call, kind=kind, nth=nth, when=when))

    def kill_at_hold(self, worker: subprocess.Popen[bytes]) -> None:
        """kill -9 while the call is held; then the cloud goes on with it, answer or no answer."""
        until(self.cloud.held, "a call is held")
        kill(worker)
        self.cloud.calm()

    def settled(self, service: str, *states: str) -> None:
        until(lambda: self.stage.is_state(service, *states), lambda: f"{states}: {self.stage.service(service)}")

    def twice(self) -> list[tuple[str, str]]:
        """What the cloud made more than once for one token."""
        made = [(each.kind.value, each.token) for each in self.cloud.made()]
        return sorted({each for each in made if made.count(each) > 1})

    def names(self) -> list[str]:
        return sorted(f"{each.kind.value}/{each.name}" for each in self.cloud.resources())

    def ended(self, service: str) -> None:
        """Wait until no operation of the service is open."""

        def over() -> bool:
            with self.stage.store.read() as tx:
                found = operations.of_service(tx, ACCOUNT, service)
            return all(each.state in operations.ENDED for each in found)

        until(over, "every operation ends")

    def close(self) -> None:
        for worker in self.workers:
            if worker.poll() is None:
                kill(worker)
        self.cloud.close()
        self.server.kill()
        self.server.wait()
        self.stage.store.close()


def kill(worker: subprocess.Popen[bytes]) -> None:
    worker.send_signal(signal.SIGKILL)
    worker.wait()
