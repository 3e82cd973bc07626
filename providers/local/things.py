"""What is on disk of each resource: what was asked for, and what was chosen for it. Not its state: the kernel knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from providers.protocol import FirewallSpec, Kind, MachineSpec, NetworkSpec, SnapshotSpec, VolumeSpec

NODE = "accords-node"  # tag that `node:<name>` in a rule's source is matched with


@dataclass(frozen=True, slots=True)
class Network:
    """`cidr` is a /24 (or what was asked for) whose first address is the bridge's."""

    id: str
    token: str
    tags: Mapping[str, str]
    spec: NetworkSpec
    cidr: str


@dataclass(frozen=True, slots=True)
class Firewall:
    id: str
    token: str
    tags: Mapping[str, str]
    spec: FirewallSpec


@dataclass(frozen=True, slots=True)
class Volume:
    id: str
    token: str
    tags: Mapping[str, str]
    spec: VolumeSpec


@dataclass(frozen=True, slots=True)
class Port:
    """One network device of a machine: `device` is its end on this machine."""

    network: str
    device: str
    mac: str
    address: str


@dataclass(frozen=True, slots=True)
class Machine:
    """`booted`: it was started once; `layers` are then the keys of what its disk stands on, lowest first. `asked`: stop
    or restart, until the job that does it has ended; then empty. `error`: why it cannot be made; empty when nothing
    failed."""

    id: str
    token: str
    tags: Mapping[str, str]
    spec: MachineSpec
    ports: tuple[Port, ...] = ()
    booted: bool = False
    layers: tuple[str, ...] = ()
    asked: Literal["", "stop", "restart"] = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A copy of a machine's own layer, and the keys of the `layers` it stands on, lowest first. `done`: it is whole."""

    id: str
    token: str
    tags: Mapping[str, str]
    spec: SnapshotSpec
    layers: tuple[str, ...] = ()
    done: bool = False
    error: str = ""


Thing: TypeAlias = Network | Firewall | Volume | Machine | Snapshot

KINDS: Mapping[type[Thing], Kind] = {
    Network: Kind.NETWORK,
    Firewall: Kind.FIREWALL,
    Volume: Kind.VOLUME,
    Machine: Kind.MACHINE,
    Snapshot: Kind.SNAPSHOT,
}


@dataclass(frozen=True, slots=True)
class Things:
    """All that is on disk, read at one moment."""

    networks: Mapping[str, Network] = field(default_factory=dict)
    firewalls: Mapping[str, Firewall] = field(default_factory=dict)
    volumes: Mapping[str, Volume] = field(default_factory=dict)
    machines: Mapping[str, Machine] = field(default_factory=dict)
    snapshots: Mapping[str, Snapshot] = field(default_factory=dict)
