"""Three shapes of the broker for the same tests: in this process, one process for all rows, one process a row."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx

from broker import addresses, auth
from broker.services import ROWS
from broker.settings import Settings
from broker.web.app import Rows
from tests.databases import database
from tests.loopback import own_address

START = "from broker.settings import load; from broker.serve import serve; serve(load(), {row!r})"
PATIENCE = 60.0
"""Seconds a process may take to answer: this machine may be busy."""


class InProcess:
    """All rows by their WSGI applications, without a socket."""

    def __init__(self, home: Path) -> None:
        self.settings = Settings(home=home, database=database(home))
        self.key = auth.installation(self.settings).key
        self.rows = Rows(ROWS, self.settings, self.key)
        self._clients = {
            name: httpx.Client(
                transport=httpx.WSGITransport(app=app), base_url=addresses.listening(self.settings, name)
            )
            for name, app in self.rows.apps.items()
        }

    def __call__(self, row: str, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> httpx.Response:
        return self._clients[row].request(method, path, headers=headers, content=body)

    def close(self) -> None:
        self.rows.close()


class Processes:
    """Rows as processes, over TCP. Each is started by the first request to it, or all by one."""

    def __init__(self, home: Path, *, together: bool) -> None:
        own = own_address()
        self.settings = Settings(home=home, database=database(home), host=own, door_address=own)
        self.key = auth.installation(self.settings).key
        self._together = together
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._http = httpx.Client(timeout=PATIENCE)

    def __call__(self, row: str, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> httpx.Response:
        self.start("all" if self._together else row, row)
        address = addresses.listening(self.settings, row)
        return self._http.request(method, address + path, headers=headers, content=body)

    def start(self, name: str, row: str) -> subprocess.Popen[bytes]:
        if name not in self._running:
            env = {
                **os.environ,
                "ACCORDS_HOME": str(self.settings.home),
                "ACCORDS_DATABASE": self.settings.database,
                "ACCORDS_HOST": self.settings.host,
                "ACCORDS_DOOR_ADDRESS": self.settings.door_address,
                "ACCORDS_PUBLICATION_LEASE": "3",
            }
            log = (self.settings.home / f"{name}.log").open("wb")
            self._running[name] = subprocess.Popen(
                [sys.executable, "-c", START.format(row=name)], env=env, stderr=log, start_new_session=True
            )
            until_listening(self.settings.host, addresses.port(self.settings, row))
        return self._running[name]

    def end(self, name: str, how: int = signal.SIGTERM) -> None:
        process = self._running.pop(name)
        if how == signal.SIGKILL:
            os.killpg(process.pid, how)
        else:
            process.send_signal(how)
        process.wait(PATIENCE)

    def close(self) -> None:
        for name in list(self._running):
            self.end(name)
        self._http.close()


def until_listening(host: str, port: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while not _listens(host, port):
        assert time.monotonic() < deadline, f"nothing listens on {host}:{port}"
        time.sleep(0.05)


def _listens(host: str, port: int) -> bool:
    with socket.socket() as found:
        return found.connect_ex((host, port)) == 0
