"""Workers on machines of their own, and what they share on another one: a PostgreSQL and the pretend cloud. No row
runs; what is to be done is put into the store as the service row would."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa

from broker import auth
from broker.offers import offer_of
from broker.plans import plan_to_json
from broker.settings import Settings
from broker.store import Service, Store, journal, operations, services
from broker.store.tables import operations as operation_rows
from manifests import Plan, place, plan
from providers.fake.remote import RemoteFake
from tests.apart.machines import ACCORDS, DIES_WITH_US, Machine
from tests.operations.stage import ACCOUNT, manifest_of, nodes
from tests.pacs.installation import until
from tests.postgresql import server

T = TypeVar("T")

PORT = 8099
LEASE, CALL = 6.0, 3.0
"""Seconds of a worker's lease, and of a call to the cloud."""


@dataclass
class Workers:
    """`queue` is the setting of all workers; `home` has theirs. The test itself reaches the database by its socket."""

    home: Path
    queue: str
    knobs: dict[str, float]
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    machines: dict[str, Machine] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._ends = ExitStack()
        self.hub = Machine(1)
        self._ends.callback(self.hub.end)
        self.shared = self._machine("shared")
        address = self.shared.address
        self.postgresql = self.shared.call(lambda: self._ends.enter_context(server(address=address)))
        self.database = self.postgresql.make()
        self.store = Store.open(f"{self.postgresql.local_url(self.database)}&schema=service")
        self._ends.callback(self.store.close)
        self._cloud()
        self.remote = RemoteFake("paris", f"http://{address}:{PORT}")
        self._ends.callback(self.remote.close)
        auth.installation(Settings(home=self.home))

    # --- machines and processes ----------------------------------------------------------------------------------

    def start(self, name: str) -> None:
        """`accords work` on a machine, which is added if need be."""
        machine = self.machines.get(name) or self._machine(name)
        home = self.home / name
        home.mkdir(exist_ok=True, mode=0o711)
        shutil.copy(self.home / "installation.json", home)
        settings = {
            "home": str(home),
            "database": f"{self.postgresql.url(self.database)}?schema={{row}}",
            "providers": json.dumps({"paris": {"driver": "fake", "url": f"http://{self.shared.address}:{PORT}"}}),
            "worker_queue": self.queue,
            "lease": str(LEASE),
            "call_deadline": str(CALL),
            "offer_period": "1",
            "publisher": f"http://{self.shared.address}:1",
            "log_level": "warning",
        }
        given = {f"ACCORDS_{key.upper()}": said for key, said in settings.items()}
        self._run(name, machine, [ACCORDS, "work"], given)

    def kill(self, name: str) -> None:
        process = self.processes.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def link(self, name: str, state: str) -> None:
        """`down` cuts a machine off from the others, `up` brings it back."""
        number = self.machines[name].address.rpartition(".")[2]
        self.hub.tell(f"ip link set to{number} {state}")

    def close(self) -> None:
        for name in list(self.processes):
            self.kill(name)
        for machine in self.machines.values():
            if machine is not self.shared:
                machine.end()
        self._ends.pop_all().close()
        self.shared.end()

    def _machine(self, name: str) -> Machine:
        self.machines[name] = Machine(2 + len(self.machines), self.hub)
        return self.machines[name]

    def _cloud(self) -> None:
        words = [sys.executable, "-m", "providers.fake.server", "--host", self.shared.address, "--port", str(PORT)]
        self._run("cloud", self.shared, [*words, "--knobs", json.dumps(self.knobs)], {})
        until((self.home / "cloud.log").read_text, "the cloud listens")

    def _run(self, name: str, machine: Machine, words: Sequence[str], settings: dict[str, str]) -> None:
        with (self.home / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [*DIES_WITH_US, *machine.inside(), *words],
                env={**os.environ, **settings},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    # --- what there is to do, and what came of it ----------------------------------------------------------------

    def plan(self) -> Plan:
        """One machine and its network."""
        manifest, now = manifest_of(nodes(1)), self.store.now()
        offers = [offer_of("paris", "fake", each, now) for each in self.ask(lambda cloud: cloud.offers(deadline=5))]
        placed = place(manifest, offers, now=now, max_age=60_000_000, providers=("paris",))
        planned = plan(manifest, placed.placements).plan
        assert planned is not None, placed.diagnostics
        return planned

    def submit(self, count: int) -> None:
        text = plan_to_json(self.plan())
        with self.store.write() as tx:
            for number in range(count):
                service = services.create(tx, Service(ACCOUNT, str(uuid.uuid4()), f"service-{number}"))
                operations.submit(tx, ACCOUNT, service.id, "deploy", plan_json=text)

    def release(self) -> None:
        with self.store.write() as tx:
            for service in services.page(tx, ACCOUNT, limit=1000):
                operations.submit(tx, ACCOUNT, service.id, "release")
                services.change(tx, ACCOUNT, service.id, desired="released")

    def states(self) -> Counter[str]:
        with self.store.read() as tx:
            return Counter(each.state for each in services.page(tx, ACCOUNT, released=True, limit=1000))

    def holds(self, name: str) -> int:
        """How many operations a worker has by the store's word, whether its leases have run out or not."""
        owner = f"{socket.gethostname()}:{self.processes[name].pid}:"
        mine = (operation_rows.c.state.in_(operations.OPEN), operation_rows.c.owner.startswith(owner))
        with self.store.read() as tx:
            return int(tx.run(sa.select(sa.func.count()).select_from(operation_rows).where(*mine)).scalar_one())

    def known(self) -> set[str]:
        """The provider's id of everything that some journal has."""
        with self.store.read() as tx:
            found = [journal.made(tx, ACCOUNT, each.id) for each in services.page(tx, ACCOUNT, limit=1000)]
        return {str(made["id"]) for each in found for made in each.values() if made and "id" in made}

    def ask(self, question: Callable[[RemoteFake], T]) -> T:
        """Of the cloud, from its machine."""
        return self.shared.call(lambda: question(self.remote))

    def logs(self) -> str:
        return f"{self.states()}\n" + "\n".join(
            f"{path.name}: {path.read_text()[-1500:]}" for path in sorted(self.home.glob("*.log"))
        )
