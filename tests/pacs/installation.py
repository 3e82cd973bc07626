"""A broker and a worker of the tests' own: real processes on a home, ports, names and addresses that nobody else has.

Nothing of the product knows that it is tested: it is told all this by its settings, and asked by its commands.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from broker import auth
from broker.client import Client
from broker.settings import Settings
from providers.local import Local, open_local
from providers.protocol import Kind, Resource

EXAMPLES = Path(__file__).parents[2] / "examples"
CACHE = os.environ.get("ACCORDS_TEST_CACHE", "/var/tmp/accords-test-layers")  # noqa: S108 - big, shared, and kept
ACCORDS = str(Path(sys.executable).with_name("accords"))
PATIENCE = 120.0
"""Seconds after which a test gives up; the machine may be doing much else."""
BUILDING = 900.0
"""Seconds that `accords up --wait` may take: layers may have to be built first."""
GIVEN_BACK = (Kind.MACHINE, Kind.SNAPSHOT, Kind.VOLUME, Kind.FIREWALL, Kind.NETWORK)


def until(
    look: Callable[[], object], what: str | Callable[[], str], *, patience: float = PATIENCE, pause: float = 0.1
) -> Any:
    """The first answer that is true; AssertionError with `what` when there is none in time."""
    ends = time.monotonic() + patience
    while not (found := look()):
        assert time.monotonic() < ends, f"in {patience:.0f} s never: {what if isinstance(what, str) else what()}"
        time.sleep(pause)
    return found


def kill(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()


@dataclass
class Installation:
    """One home, one broker, one worker. `own`: settings over the tests' (ACCORDS_ names without the prefix)."""

    home: Path
    providers: Mapping[str, Mapping[str, object]]
    base_port: int
    own: Mapping[str, str] = field(default_factory=dict)
    worker: Sequence[str] = (ACCORDS, "work")
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def given(self) -> dict[str, str]:
        """What the settings are told by the environment."""
        return {
            "ACCORDS_HOME": str(self.home),
            "ACCORDS_BASE_PORT": str(self.base_port),
            "ACCORDS_DOOR_PORT": str(self.base_port + 30),
            "ACCORDS_PROVIDERS": json.dumps(self.providers),
            **{f"ACCORDS_{name.upper()}": value for name, value in self.own.items()},
        }

    @property
    def environment(self) -> dict[str, str]:
        others = {name: value for name, value in os.environ.items() if not name.startswith("ACCORDS_")}
        commands = {"PATH": f"{Path(ACCORDS).parent}:{os.environ['PATH']}"}
        return {**others, **self.given, **commands}

    @property
    def settings(self) -> Settings:
        return Settings(
            home=self.home,
            base_port=self.base_port,
            door_port=self.base_port + 30,
            providers=self.providers,
            **self.own,
        )

    # --- processes -----------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Both; back when the worker has told what each of its providers offers."""
        self.start_broker()
        self.start_worker()
        client = self.client()
        until(lambda: self._offering(client) >= self.providers.keys(), "every provider has offers")
        client.close()

    def _offering(self, client: Client) -> set[str]:
        return {each["provider"] for each in client.get("service", "/provider/?view=offers")["offers"]}

    def start_broker(self) -> None:
        self._start("serve", [ACCORDS, "serve", "all"])
        until(lambda: self.accords("status").returncode == 0, lambda: f"the broker answers\n{self.log('serve')}")

    def start_worker(self) -> None:
        self._start("work", self.worker)

    def kill_worker(self) -> None:
        kill(self.processes.pop("work"))

    def kill(self) -> None:
        """kill -9 of both, with what the broker started beside it."""
        for process in self.processes.values():
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self.processes.clear()

    def stop(self) -> None:
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        self.processes.clear()

    def _start(self, name: str, words: Sequence[str]) -> None:
        with (self.home / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                words, env=self.environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
            )

    def log(self, name: str) -> str:
        return (self.home / f"{name}.log").read_text(errors="replace")

    # --- commands ------------------------------------------------------------------------------------------------

    def accords(self, *words: str, timeout: float = BUILDING) -> subprocess.CompletedProcess[str]:
        command = [ACCORDS, *words]
        return subprocess.run(
            command, env=self.environment, text=True, capture_output=True, timeout=timeout, check=False
        )

    def told(self, *words: str) -> str:
        """What a command prints; AssertionError, with all it said, when it does not end well."""
        done = self.accords(*words)
        assert done.returncode == 0, f"accords {' '.join(words)}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def report(self, service: str) -> Any:
        return json.loads(self.told_or_failed("status", service, "--json"))

    def told_or_failed(self, *words: str) -> str:
        """What a command prints that also ends with 1 when it tells of a failure."""
        done = self.accords(*words)
        assert done.returncode in (0, 1), done.stderr
        return done.stdout

    def state(self, service: str) -> str:
        """The service's state; `absent` when no living service has the name."""
        found = [each for each in json.loads(self.told("status", "--json")) if each["name"] == service]
        living = [each["state"] for each in found if each["state"] != "released"]
        return str(living[-1]) if living else "absent"

    def client(self) -> Client:
        """As the administrator, to look at what no command shows."""
        key = auth.installation(self.settings).key
        return Client(self.settings, auth.issue(key, auth.Principal("tests", "admin", auth.Role.ADMIN)))

    def token(self) -> str:
        return self.told("token", "admin").strip()


@dataclass
class OnThisMachine(Installation):
    """An installation whose nodes are containers here. `prefix` begins every name that it makes."""

    prefix: str = ""
    cloud: Local = field(init=False)

    def __post_init__(self) -> None:
        self.cloud = open_local("local", **self.settings.provider_options("local"))

    @classmethod
    def made(cls, **own: Any) -> OnThisMachine:
        """With a home, ports, names and addresses that no other has: several checkouts may be tested side by side."""
        number, prefix = (
            secrets.randbelow(60),
            "p" + "".join(secrets.choice("abcdefghijklmnopqrstuvwxyz") for _ in "xx"),
        )
        home = Path(f"/var/tmp/accords-pacs-{prefix}")  # noqa: S108 - nodes' root must be able to pass through
        home.mkdir(mode=0o711)
        local = {"driver": "local", "prefix": prefix, "pool": f"10.{20 + number}.64.0/18", "cache": CACHE}
        settings = {"door_address": f"10.198.88.{1 + number}", **own.pop("own", {})}
        port = 22_000 + 40 * secrets.randbelow(250)  # the OpenStack lab has ports from 21,000 on
        return cls(home=home, providers={"local": local}, base_port=port, own=settings, prefix=prefix, **own)

    def machines(self) -> dict[str, Resource]:
        """What runs, by the node's name, as the provider knows it."""
        found = self.cloud.list({}, deadline=30)
        return {
            each.tags["accords-node"]: each
            for each in found
            if each.kind is Kind.MACHINE and "accords-node" in each.tags
        }

    def run(self, node: str, *argv: str) -> str:
        """What a command prints that root runs inside a node."""
        return self.run_in(self.machines()[node].id, *argv)

    def run_in(self, machine: str, *argv: str) -> str:
        nodes = str(self.cloud.site.home / "nodes")
        command = ["lxc-attach", "-P", nodes, "-n", machine, "--clear-env", "--", *argv]
        return subprocess.run(command, text=True, capture_output=True, timeout=60, check=False).stdout.strip()

    def clear(self) -> None:
        """End the processes, give back all that is left, remove the home: whatever happened before."""
        self.stop()
        for kind in GIVEN_BACK:
            for resource in self.cloud.list({}, deadline=30):
                if resource.kind is kind:
                    self.cloud.delete(kind, resource.id, deadline=60)
        shutil.rmtree(self.home, ignore_errors=True)
