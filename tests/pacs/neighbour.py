"""A third node on the archive's network, which nobody gave any right: what it reaches, everybody would."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from providers.protocol import FirewallSpec, Kind, MachineSpec, Resource, State
from tests.pacs.archive import SERVICE
from tests.pacs.installation import OnThisMachine, until

TRY = """\
import socket, sys
found = socket.socket()
found.settimeout(2)
if len(sys.argv) > 3:
    found.bind((sys.argv[3], 0))
try:
    found.connect((sys.argv[1], int(sys.argv[2])))
    print("open")
except OSError:
    print("closed")
"""
TAGS = {"accords-node": "third"}


@dataclass(frozen=True, slots=True)
class Neighbour:
    here: OnThisMachine
    machine: str
    firewall: str

    def connect(self, address: str, port: int, *, inside: str = "", source: str = "") -> str:
        """`open` or `closed`, from this node, or from `inside` another; from the address `source` if one is given."""
        words = ["python3", "-c", TRY, address, str(port), *([source] if source else [])]
        return self.here.run(inside, *words) if inside else self.here.run_in(self.machine, *words)

    @contextlib.contextmanager
    def forging(self, address: str) -> Iterator[str]:
        """With another's address on its device."""
        self.here.run_in(self.machine, "ip", "address", "add", f"{address}/32", "dev", "eth0")
        try:
            yield address
        finally:
            self.here.run_in(self.machine, "ip", "address", "del", f"{address}/32", "dev", "eth0")

    def end(self) -> None:
        self.here.cloud.delete(Kind.MACHINE, self.machine, deadline=60)
        self.here.cloud.delete(Kind.FIREWALL, self.firewall, deadline=30)


def move_in(here: OnThisMachine) -> Neighbour:
    """Boot it through the provider: the broker knows nothing of it."""
    cloud = here.cloud
    network = next(each for each in cloud.list({}, deadline=30) if each.kind is Kind.NETWORK and _of_pacs(each))
    wall = cloud.create(FirewallSpec("third", (), network.id), token="third.firewall", tags=TAGS, deadline=30)
    spec = MachineSpec("third", "third", "linux", memory=256 * 1024**2, networks=(network.id,), firewall=wall.id)
    machine = cloud.create(spec, token="third", tags=TAGS, deadline=30)
    until(lambda: _state(here, machine.id) is State.ACTIVE, "the third node runs")
    until(lambda: here.run_in(machine.id, "ip", "route"), "the third node has its network")
    return Neighbour(here, machine.id, wall.id)


def _of_pacs(network: Resource) -> bool:
    return network.name == f"{SERVICE}-lan"


def _state(here: OnThisMachine, machine: str) -> State:
    return here.cloud.observe(Kind.MACHINE, machine, deadline=30).state
