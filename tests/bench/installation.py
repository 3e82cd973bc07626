"""A whole installation for a benchmark: `accords serve all` and `accords work` as processes in a home of their own."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ACCORDS = str(Path(sys.executable).parent / "accords")
STARTS_WITHIN = 60.0


@dataclass(frozen=True, slots=True)
class Installation:
    """`environment` is what a command needs to reach it; `processes` are the two that were started."""

    home: Path
    environment: Mapping[str, str]
    processes: tuple[subprocess.Popen[bytes], ...]

    def accords(self, *words: str) -> str:
        """What a command prints; CalledProcessError when it fails."""
        ran = subprocess.run([ACCORDS, *words], env=self.environment, check=True, stdout=subprocess.PIPE, text=True)
        return ran.stdout

    def tree(self) -> list[int]:
        """The pids of its processes and all their children."""
        found = [process.pid for process in self.processes]
        for pid in found:
            for task in Path(f"/proc/{pid}/task").glob("*/children"):
                found += map(int, task.read_text().split())
        return found


@contextmanager
def installation(providers: Mapping[str, Mapping[str, object]], **settings: object) -> Iterator[Installation]:
    """Start it, and end it whatever happens. `settings` are ACCORDS_… by their lower-case names."""
    home = Path(tempfile.mkdtemp(prefix="accords-bench-", dir="/var/tmp"))
    home.chmod(0o711)
    given = {"home": home, "base_port": free_range(), "door_address": "127.0.0.9", "door_port": _free(), **settings}
    words = {f"ACCORDS_{name.upper()}": str(value) for name, value in given.items()}
    environment = {**os.environ, **words, "ACCORDS_PROVIDERS": json.dumps(providers)}
    with (home / "log").open("wb") as log:
        started = tuple(
            subprocess.Popen([ACCORDS, *command], env=environment, stdout=log, stderr=log)
            for command in (["serve", "all"], ["work"])
        )
        found = Installation(home, environment, started)
        try:
            _answers(found)
            yield found
        finally:
            for process in reversed(started):
                process.terminate()
            for process in reversed(started):
                process.wait(30)
            shutil.rmtree(home, ignore_errors=True)


def _answers(found: Installation) -> None:
    ends = time.monotonic() + STARTS_WITHIN
    while True:
        ready = subprocess.run([ACCORDS, "status"], env=found.environment, capture_output=True, check=False)
        if ready.returncode == 0:
            return
        if time.monotonic() > ends:
            raise TimeoutError((found.home / "log").read_text()[-2000:])
        time.sleep(0.1)


def _free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def free_range() -> int:
    """A base port with the rows' twenty-one free above it."""
    return next(base for base in range(30000, 60000, 40) if all(_is_free(base + n) for n in range(21)))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0
