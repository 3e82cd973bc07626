"""An installation for a benchmark: `accords serve …` and `accords work` as processes in a home of their own, and what
those have used of the machine.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from broker import addresses

ACCORDS = str(Path(sys.executable).parent / "accords")
ALL = (("serve", "all"), ("work",))
STARTS_WITHIN = 60.0
TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Installation:
    """`environment` is what a command needs to reach it; `processes` are those that were started."""

    home: Path
    base_port: int
    environment: Mapping[str, str]
    processes: tuple[subprocess.Popen[bytes], ...]

    def accords(self, *words: str) -> str:
        """What a command prints; CalledProcessError when it fails."""
        ran = subprocess.run([ACCORDS, *words], env=self.environment, check=True, stdout=subprocess.PIPE, text=True)
        return ran.stdout

    def cpu(self) -> float:
        """CPU seconds of its processes so far, user and system."""
        return sum(map(cpu, self.tree()))

    def memory(self) -> int:
        """Bytes of its processes together: what they share counts once (proportional set size)."""
        return sum(map(_proportional, self.tree()))

    def tree(self) -> list[int]:
        """The pids of its processes and all their children."""
        return [pid for process in self.processes for pid in family(process.pid)]


@contextmanager
def installation(
    providers: Mapping[str, Mapping[str, object]], commands: Sequence[Sequence[str]] = ALL, **settings: object
) -> Iterator[Installation]:
    """Start it, and end it whatever happens. `settings` are ACCORDS_… by their lower-case names."""
    home = Path(tempfile.mkdtemp(prefix="accords-bench-", dir="/var/tmp"))
    home.chmod(0o711)
    base = free_range()
    given = {"home": home, "base_port": base, "door_address": "127.0.0.9", "door_port": free(), **settings}
    said = {f"ACCORDS_{name.upper()}": str(value) for name, value in given.items()}
    environment = {**os.environ, **said, "ACCORDS_PROVIDERS": json.dumps(providers)}
    started: list[subprocess.Popen[bytes]] = []
    with (home / "log").open("wb") as log:
        try:
            for verb, *words in commands:
                started.append(subprocess.Popen([ACCORDS, verb, *words], env=environment, stdout=log, stderr=log))
                if verb == "serve":  # a worker wants the service row's database to be there
                    _listens(base + addresses.OFFSETS.get(words[0], 0), home / "log")
            yield Installation(home, base, environment, tuple(started))
        finally:
            for process in reversed(started):
                process.terminate()
            for process in reversed(started):
                process.wait(30)
            shutil.rmtree(home, ignore_errors=True)


def family(pid: int) -> list[int]:
    """A process and all its children."""
    found = [pid]
    for each in found:
        for task in Path(f"/proc/{each}/task").glob("*/children"):
            found += map(int, task.read_text().split())
    return found


def cpu(pid: int) -> float:
    """CPU seconds of one process so far, user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def until_listening(port: int, within: float = STARTS_WITHIN) -> None:
    """TimeoutError when nothing listens there in time."""
    ends = time.monotonic() + within
    while _is_free(port):
        if time.monotonic() > ends:
            raise TimeoutError(f"nothing listens on port {port}")
        time.sleep(0.05)


def _listens(port: int, log: Path) -> None:
    try:
        until_listening(port)
    except TimeoutError as late:
        raise TimeoutError(log.read_text()[-2000:]) from late


def _proportional(pid: int) -> int:
    found = re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


def free() -> int:
    """A port of loopback that nobody has now."""
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
