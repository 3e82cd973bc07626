"""Machines that are no more than a network of their own: each has an address on one bridge, and nothing else that it
shares. All of it hangs on processes of this test run and ends with them, however they end: no name is left anywhere.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from broker import auth
from broker.services import ROWS
from broker.settings import Settings

T = TypeVar("T")

ACCORDS = str(Path(sys.executable).with_name("accords"))
DIES_WITH_US = ("setpriv", "--pdeathsig", "KILL")
NETWORK = "10.77.0"
KNOBS = {"delivery": "direct", "latency": 0.2}
PROVIDERS = {"paris": {"driver": "fake", "url": "http://127.0.0.1:8099"}}
LEASE = "3"
_CLONE_NEWNET = 0x40000000  # linux/sched.h


def can_be() -> bool:
    """Whether this process may make networks."""
    return os.geteuid() == 0 and subprocess.run(["unshare", "--net", "true"], check=False).returncode == 0


class Machine:
    """A network namespace; with an address when it is on the bridge of `hub`."""

    def __init__(self, number: int, hub: Machine | None = None) -> None:
        self.address = f"{NETWORK}.{number}"
        words = [*DIES_WITH_US, "unshare", "--net", "sh", "-c", "echo; exec sleep infinity"]
        self._holder = subprocess.Popen(words, stdout=subprocess.PIPE)
        assert self._holder.stdout is not None
        self._holder.stdout.readline()  # it has its namespace now
        self._thread = ThreadPoolExecutor(1, initializer=self._enter)
        self.tell("ip link set lo up")
        if hub is None:
            self.tell("ip link add bridge type bridge", "ip link set bridge up")
        else:
            hub.tell(
                f"ip link add to{number} type veth peer name eth0 netns {self._holder.pid}",
                f"ip link set to{number} master bridge up",
            )
            self.tell(f"ip address add {self.address}/24 dev eth0", "ip link set eth0 up")

    def tell(self, *commands: str) -> None:
        for command in commands:
            subprocess.run([*self.inside(), *command.split()], check=True)

    def inside(self) -> tuple[str, ...]:
        """What begins a command line that runs here."""
        return ("nsenter", f"--net=/proc/{self._holder.pid}/ns/net")

    def call(self, work: Callable[[], T]) -> T:
        """Done by a thread whose sockets are here."""
        return self._thread.submit(work).result()

    def end(self) -> None:
        self._thread.shutdown()
        self._holder.kill()
        self._holder.wait()
        assert self._holder.stdout is not None
        self._holder.stdout.close()

    def _enter(self) -> None:
        with Path(f"/proc/{self._holder.pid}/ns/net").open() as namespace:
            assert ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), _CLONE_NEWNET) == 0


@dataclass
class Apart:
    """Every row, the worker and the door on machines of their own, and a desk where somebody sits with a token.

    The worker and the door open the database of the service row, whose home they share; every other has its own.
    """

    home: Path
    machines: dict[str, Machine] = field(default_factory=dict)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.key = auth.installation(Settings(home=self.home)).key
        self.token = auth.issue(self.key, auth.Principal("ann", "ward", auth.Role.USER))
        self.machines["hub"] = Machine(1)
        for name in ("desk", "worker", "agent", *(row.name for row in ROWS)):
            self.add(name)

    def add(self, name: str) -> Machine:
        """One more machine, with nothing on it yet."""
        found = Machine(1 + len(self.machines), self.machines["hub"])
        self.machines[name] = found
        return found

    # --- processes -----------------------------------------------------------------------------------------------

    def start_all(self) -> None:
        server = [sys.executable, "-m", "providers.fake.server", "--port", "8099", "--knobs", json.dumps(KNOBS)]
        self.run("cloud-of-others", server, on="worker")
        for name in (*(row.name for row in ROWS), "agent", "worker"):
            self.start(name)

    def start(self, name: str, *, on: str = "") -> None:
        """A row, `agent` or `worker`, on its machine or another one."""
        words = [ACCORDS, "work"] if name == "worker" else [ACCORDS, "serve", name]
        self.run(name, words, on=on or name)

    def run(self, name: str, words: list[str], *, on: str) -> None:
        with (self.home / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [*DIES_WITH_US, *self.machines[on].inside(), *words],
                env=self.environment(name, on),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def environment(self, name: str, on: str) -> dict[str, str]:
        address = self.machines[on].address
        return _environment(
            home=str(self._home(name)),
            host=address,
            door_address=address,
            publisher=self.publisher,
            providers=json.dumps(PROVIDERS),
            publication_lease=LEASE,
        )

    @property
    def publisher(self) -> str:
        return f"http://{self.machines['publisher'].address}:8086"

    def _home(self, name: str) -> Path:
        found = self.home / ("service" if name in ("worker", "agent") else name)
        found.mkdir(exist_ok=True, mode=0o711)
        if not (found / "installation.json").exists():
            shutil.copy(self.home / "installation.json", found)
        return found

    def kill(self, name: str) -> None:
        """kill -9 of a process and of what it started."""
        process = self.processes.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def close(self) -> None:
        for name in list(self.processes):
            self.kill(name)
        for machine in reversed(self.machines.values()):
            machine.end()

    # --- the desk ------------------------------------------------------------------------------------------------

    def accords(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A command on a machine that has a token, the publisher's address, and nothing else."""
        given = _environment(home=str(self.home / "desk"), publisher=self.publisher, token=self.token)
        command = [*self.machines["desk"].inside(), ACCORDS, *words]
        return subprocess.run(command, env=given, text=True, capture_output=True, timeout=120, check=False)

    def told(self, *words: str) -> str:
        done = self.accords(*words)
        assert done.returncode == 0, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}\n{self.logs()}"
        return done.stdout

    def state(self, service: str) -> str:
        done = self.accords("status", "--json")
        found = json.loads(done.stdout) if done.returncode == 0 else []
        return next((str(each["state"]) for each in found if each["name"] == service), "absent")

    def report(self, service: str) -> Any:
        return json.loads(self.told("status", service, "--json"))

    def logs(self) -> str:
        """The end of what each process said."""
        return "\n".join(f"{path.name}: {path.read_text()[-600:]}" for path in sorted(self.home.glob("*.log")))


def _environment(**settings: str) -> dict[str, str]:
    others: Mapping[str, str] = {key: value for key, value in os.environ.items() if not key.startswith("ACCORDS_")}
    return {**others, **{f"ACCORDS_{name.upper()}": value for name, value in settings.items()}}
