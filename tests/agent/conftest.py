"""The real agent as a process, the real door as another, over TLS on loopback; the store is opened here, as a worker
would. What runs in the node is the file as user-data brings it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from broker.agent import userdata
from broker.settings import Settings
from broker.store import Store, agents, instructions
from broker.store.instructions import Instruction
from tests.databases import database, open_store

ROOT = Path(__file__).parents[2]
PATIENCE = 30.0


def until(condition: Callable[[], object], what: str, patience: float = PATIENCE) -> None:
    """Look until it is so; the limit is for a test that hangs, not for one that is slow."""
    end = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < end, f"never came: {what}"
        time.sleep(0.01)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@dataclass
class DoorProcess:
    """The listener as `accords serve` would run it."""

    settings: Settings
    process: subprocess.Popen[bytes] | None = None

    def open(self) -> None:
        environment = {
            "PATH": os.environ["PATH"],
            "ACCORDS_HOME": str(self.settings.home),
            "ACCORDS_DATABASE": database(self.settings.home),
            "ACCORDS_DOOR_ADDRESS": self.settings.door_address,
            "ACCORDS_DOOR_PORT": str(self.settings.door_port),
        }
        code = (
            "from broker import logs, settings; from broker.door import listener; "
            "logs.configure('info'); listener.run(settings.load())"
        )
        with self.log.open("ab") as log:
            self.process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env=environment, stderr=log)
        until(self.answers, "the door listens")

    def answers(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(self.where, timeout=1):
            return True
        return False

    @property
    def where(self) -> tuple[str, int]:
        return (self.settings.door_address, self.settings.door_port)

    @property
    def log(self) -> Path:
        return self.settings.home / "door.log"

    def shut(self) -> None:
        if self.process:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None


@dataclass
class Node:
    """A node: its folder, and its agent while one runs. `inside` is what its command begins with."""

    folder: Path
    store: Store
    settings: Settings
    account: str = "acme"
    service: str = field(default_factory=lambda: str(uuid.uuid4()))
    name: str = "pacs-db"
    token: str = field(default_factory=lambda: uuid.uuid4().hex)
    process: subprocess.Popen[bytes] | None = None
    python: str = sys.executable
    inside: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.folder.mkdir(exist_ok=True, parents=True)
        with self.store.write() as tx:
            agents.bind(tx, self.account, self.service, self.name, self.token)
        text = userdata.render(
            self.settings, node=self.name, token=self.token, environment={"contract": "c-1", "account": self.account}
        )
        enclosed = userdata.parse(text)
        (self.folder / "agent.py").write_text(enclosed.agent)
        self.configure(enclosed.config)

    def configure(self, config: Mapping[str, object]) -> None:
        (self.folder / "config.json").write_text(json.dumps(config))

    def config(self) -> dict[str, object]:
        return dict(json.loads((self.folder / "config.json").read_text()))

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def log(self) -> str:
        return (self.folder / "agent.log").read_text()

    def start(self) -> Node:
        own, state = [str(self.folder / name) for name in ("agent.py", "config.json")], str(self.state)
        command = [*self.inside, self.python, "-I", own[0], "--config", own[1], "--state", state]
        with (self.folder / "agent.log").open("ab") as log:
            self.process = subprocess.Popen(command, cwd=self.folder, stderr=log)
        return self

    def kill(self) -> None:
        """kill -9 of the agent alone; what it started goes on, as under its systemd unit (KillMode=process)."""
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def tell(self, method: str, /, **arguments: object) -> str:
        id = str(uuid.uuid4())
        with self.store.write() as tx:
            instructions.add(tx, self.account, self.service, self.name, id=id, method=method, arguments=arguments)
        return id

    def look(self, id: str) -> Instruction:
        with self.store.read() as tx:
            return instructions.get(tx, self.account, id)

    def ended(self, id: str) -> Instruction:
        until(lambda: self.look(id).exit is not None, f"the outcome of {id}")
        return self.look(id)

    def does(self, method: str, /, **arguments: object) -> Instruction:
        return self.ended(self.tell(method, **arguments))

    def seen(self) -> int | None:
        with self.store.read() as tx:
            return agents.get(tx, self.account, self.service, self.name).seen


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(
        home=tmp_path_factory.mktemp("home"), door_address="127.9.8.7", door_port=free_port(), step_timeout=60.0
    )


@pytest.fixture(scope="module")
def store(settings: Settings) -> Iterator[Store]:
    found = open_store(settings.home)
    yield found
    found.close()


@pytest.fixture(scope="module")
def door(settings: Settings, store: Store) -> Iterator[DoorProcess]:
    found = DoorProcess(settings)
    found.open()
    yield found
    found.shut()


@pytest.fixture
def make_node(tmp_path: Path, store: Store, settings: Settings) -> Iterator[Callable[..., Node]]:
    made: list[Node] = []

    def make(**fields: object) -> Node:
        made.append(Node(tmp_path / f"node{len(made)}", store, settings, **fields))  # type: ignore[arg-type]  # a test's
        return made[-1]

    yield make
    for node in made:
        node.kill()
        _end_scripts(node.state)


@pytest.fixture
def node(make_node: Callable[..., Node], door: DoorProcess) -> Node:
    return make_node().start()


def _end_scripts(state: Path) -> None:
    """What a test left running in its node, found by the node's folder."""
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and str(state).encode() in (entry / "cmdline").read_bytes():
                os.killpg(int(entry.name), signal.SIGKILL)
    shutil.rmtree(state, ignore_errors=True)
