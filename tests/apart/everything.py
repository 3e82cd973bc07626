"""The whole broker with every part on a machine of its own, and a desk from where it is used."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx

from broker import auth
from broker.client import Client
from broker.services import ROWS
from broker.settings import Settings
from broker.store import Store
from providers.fake.remote import RemoteFake
from tests.apart.machines import ACCORDS, DIES_WITH_US, ROOT, Machine
from tests.databases import ON_POSTGRESQL
from tests.operations.stage import PAIR
from tests.pacs.installation import BUILDING, EXAMPLES, until
from tests.postgresql import Server, server

T = TypeVar("T")

KNOBS = {"delivery": "direct", "latency": 0.2}
PROVIDERS = {"paris": {"driver": "fake", "url": "http://127.0.0.1:8099"}}
LEASE, WORKERS_LEASE, CALL = "9", "8", "7"
"""Seconds: shorter than by default, so that the tests are, too; and longer than a busy machine keeps a row waiting,
which would be unpublished meanwhile."""
EVERYTHING = (*(row.name for row in ROWS), "agent", "worker")
UP = ("up", str(EXAMPLES / "pacs.xml"), "--agreement", str(EXAMPLES / "pacs-agreement.xml"))


@dataclass
class Apart:
    """Every row on a machine of its own, the worker and the agents' door on one together, and a desk where somebody
    sits with a token. `door` is the address on it that nodes call, by default its own.

    The worker and the door open the database of the service row, whose home they share; every other has its own. On
    PostgreSQL that is a schema for each row, on one more machine.
    """

    home: Path
    providers: Mapping[str, Mapping[str, object]] = field(default_factory=lambda: PROVIDERS)
    door: str = ""
    machines: dict[str, Machine] = field(default_factory=dict)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    postgresql: Server | None = None

    def __post_init__(self) -> None:
        self._ends = ExitStack()
        self.key = auth.installation(Settings(home=self.home)).key
        self.token = auth.issue(self.key, auth.Principal("ann", "ward", auth.Role.USER))
        self.machines["hub"] = Machine(1)
        self.add("worker", nodes=bool(self.door))
        for name in ("desk", *(row.name for row in ROWS)):
            self.add(name)
        if ON_POSTGRESQL:
            machine = self.add("database")
            self.postgresql = machine.call(lambda: self._ends.enter_context(server(address=machine.address)))
            self._database = self.postgresql.make()

    def add(self, name: str, *, nodes: bool = False) -> Machine:
        """One more machine, with nothing on it yet."""
        found = Machine(1 + len(self.machines), self.machines["hub"], nodes=nodes)
        self.machines[name] = found
        return found

    # --- processes -----------------------------------------------------------------------------------------------

    def start_all(self) -> None:
        """The cloud of others, if it is pretended, and everything of ours. Back when it can plan."""
        if self.providers is PROVIDERS:
            server = [sys.executable, "-m", "providers.fake.server", "--port", "8099", "--knobs", json.dumps(KNOBS)]
            self.run("cloud-of-others", server, on="worker")
        for row in ROWS:
            self.start(row.name)
        self.settled()
        for name in ("agent", "worker"):
            self.start(name)
        until(lambda: self.accords("plan", str(EXAMPLES / "pacs.xml")).returncode == 0, self.logs)

    def settled(self) -> None:
        """Until every row is published where it is now, and answers there: what was killed a moment ago is published
        still."""
        there = {row.name: self.at(row.name) for row in ROWS}
        until(
            lambda: {name: found[0] for name, found in self.rows().items()} == there and all(map(self._answers, there)),
            lambda: f"{self.rows()}\n{self.logs()}",
        )

    def _answers(self, row: str) -> bool:
        try:
            return self.get(f"{self.at(row)}/-/").status_code == 200
        except httpx.TransportError:
            return False

    def start(self, name: str, *, on: str = "") -> None:
        """A row, `agent` or `worker`, on its machine or another one."""
        words = [ACCORDS, "work"] if name == "worker" else [ACCORDS, "serve", name]
        self.run(name, words, on=on or ("worker" if name == "agent" else name))

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
        return _environment(**self.own(name, on))

    def own(self, name: str, on: str) -> dict[str, str]:
        """The settings of a process."""
        address = self.machines[on].address
        given = {} if self.postgresql is None else {"database": f"{self.postgresql.url(self._database)}?schema={{row}}"}
        return {
            **given,
            "home": str(self._home(name)),
            "host": address,
            "door_address": self.door or address,
            "publisher": self.publisher,
            "providers": json.dumps(self.providers),
            "publication_lease": LEASE,
            "lease": WORKERS_LEASE,
            "call_deadline": CALL,
        }

    @contextmanager
    def store(self, row: str) -> Iterator[Store]:
        """A row's database, looked at from here."""
        url = f"sqlite:///{self.home}/{row}/{row}.sqlite"
        if self.postgresql is not None:
            url = f"{self.postgresql.local_url(self._database)}&schema={row}"
        found = Store.open(url)
        try:
            yield found
        finally:
            found.close()

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

    def stop(self) -> None:
        """kill -9 of all of them."""
        for name in list(self.processes):
            self.kill(name)

    def tidy(self) -> None:
        """Everything runs, the pretended cloud is without trouble, and no service is left."""
        for name in EVERYTHING:
            if name not in self.processes:
                self.start(name)
        self.of_cloud(lambda cloud: cloud.calm())
        self.settled()
        until(lambda: self.accords("status").returncode == 0, self.logs)
        for each in json.loads(self.told("status", "--json")):
            self.told("release", each["name"], "--volumes", "--yes", each["name"], "--wait")

    def close(self) -> None:
        self.stop()
        self._ends.close()
        for machine in reversed(self.machines.values()):
            machine.end()

    # --- the desk ------------------------------------------------------------------------------------------------

    def accords(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A command on a machine that has a token, the publisher's address, and nothing else."""
        given = _environment(home=str(self.home / "desk"), publisher=self.publisher, token=self.token)
        command = [*self.machines["desk"].inside(), ACCORDS, *words]
        return subprocess.run(command, env=given, text=True, capture_output=True, timeout=BUILDING, check=False)

    def told(self, *words: str) -> str:
        done = self.accords(*words)
        assert done.returncode == 0, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}\n{self.logs()}"
        return done.stdout

    def done(self, machine: str, words: Sequence[str], said: str = "") -> str:
        """What a command prints on a machine, with the settings of the process there."""
        command = [*self.machines[machine].inside(), *words]
        given = self.environment(machine, machine) | {"PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            command, env=given, input=said, text=True, capture_output=True, timeout=BUILDING, check=False
        )
        assert done.returncode == 0, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def client(self) -> Client:
        """As the commands have one. Close it."""
        return Client(Settings(home=self.home / "desk", publisher=self.publisher), self.token, timeout=10)

    def rows(self) -> dict[str, list[str]]:
        """Where the publisher says that rows are; nothing while it is away."""
        try:
            found = self.get(f"{self.publisher}/rows").json()["rows"]
        except httpx.TransportError:
            return {}
        assert isinstance(found, dict)
        return found

    def get(self, address: str) -> httpx.Response:
        return self._ask("GET", address, b"", "application/json")

    def delete(self, address: str) -> httpx.Response:
        return self._ask("DELETE", address, b"", "application/json")

    def post_json(self, row: str, path: str, body: object) -> httpx.Response:
        """To a row, by its machine's address."""
        return self._ask("POST", self.at(row) + path, json.dumps(body).encode(), "application/json")

    def post_document(self, text: str) -> httpx.Response:
        """To the manifest row, which sends each row its part."""
        return self._ask("POST", f"{self.at('manifest')}/manifest/", text.encode(), "application/xml")

    def post(self, name: str) -> httpx.Response:
        """A manifest of that name, of which several rows have a part."""
        return self.post_document(PAIR.replace('name="pair"', f'name="{name}"'))

    def at(self, row: str) -> str:
        offset = next(each.offset for each in ROWS if each.name == row)
        return f"http://{self.machines[row].address}:{8086 + offset}"

    def _ask(self, method: str, address: str, content: bytes, media: str) -> httpx.Response:
        sent = {"Authorization": f"Bearer {self.token}", "Accept": "application/json", "Content-Type": media}
        return self.machines["desk"].call(
            lambda: httpx.request(method, address, content=content, headers=sent, timeout=60, trust_env=False)
        )

    def of_cloud(self, look: Callable[[RemoteFake], T]) -> T:
        """What the pretended cloud says to a question."""

        def asked() -> T:
            cloud = RemoteFake("paris", str(PROVIDERS["paris"]["url"]))
            try:
                return look(cloud)
            finally:
                cloud.close()

        return self.machines["worker"].call(asked)

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
