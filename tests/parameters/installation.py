"""A broker with its worker as a process on a home and an address of its own, over the fake cloud; and its commands."""

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
from typing import Any

from tests.databases import database
from tests.loopback import own_address

ACCORDS = str(Path(sys.executable).with_name("accords"))
PROVIDERS = {"fake": {"driver": "fake", "delivery": "direct"}}
PATIENCE = 60.0
"""Seconds a process may take to begin, or a command to end: this machine may be busy."""


@dataclass
class Installation:
    home: Path
    environment: dict[str, str] = field(init=False)
    _server: subprocess.Popen[bytes] = field(init=False)

    def __post_init__(self) -> None:
        here = own_address()
        own = {"HOME": str(self.home), "HOST": here, "DOOR_ADDRESS": here, "PROVIDERS": json.dumps(PROVIDERS)}
        own["DATABASE"] = database(self.home)
        others = {name: value for name, value in os.environ.items() if not name.startswith("ACCORDS_")}
        self.environment = others | {f"ACCORDS_{name}": value for name, value in own.items()}
        with (self.home / "server.log").open("wb") as log:
            self._server = subprocess.Popen(
                [ACCORDS, "serve", "all", "--work"],
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        ends = time.monotonic() + PATIENCE
        while self.run("status").returncode != 0:
            assert time.monotonic() < ends and self._server.poll() is None, (self.home / "server.log").read_text()
            time.sleep(0.2)

    def run(self, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """One command, without a terminal."""
        return subprocess.run(
            [ACCORDS, *words],
            env=self.environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def done(self, *words: str) -> str:
        """What a command that succeeds prints."""
        ran = self.run(*words)
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    def report(self, service: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.done("status", service, "--json"))
        return found

    def until(self, service: str, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first report of which that is true."""
        ends = time.monotonic() + PATIENCE
        while not holds(found := self.report(service)):
            assert time.monotonic() < ends, found
            time.sleep(0.2)
        return found

    def close(self) -> None:
        self._server.send_signal(signal.SIGTERM)
        try:
            self._server.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(self._server.pid, signal.SIGKILL)
            self._server.wait()
