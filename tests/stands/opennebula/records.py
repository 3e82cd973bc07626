"""What the stand-in's cloud holds: values that its methods change. What OpenNebula calls them is in `rendering`."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Address

from tests.stands.opennebula.pairs import Pairs
from tests.stands.opennebula.states import PENDING, ImageState, ImageType, NetworkState, Path, Place


@dataclass(slots=True)
class User:
    """`limits` are of VM_QUOTA (VMS, CPU, MEMORY in MB), DATASTORE_QUOTA of the image datastore (IMAGES, SIZE in MB);
    what is not named has none. `admin`: recover, networks, hosts."""

    id: int
    name: str
    password: str
    gid: int = 1
    admin: bool = False
    networks: bool = True
    limits: dict[str, int] = field(default_factory=dict)
    tokens: dict[str, float] = field(default_factory=dict)
    attributes: Pairs = field(default_factory=list)


@dataclass(slots=True)
class Owned:
    """What every object of a pool has."""

    id: int
    uid: int
    name: str
    attributes: Pairs


@dataclass(slots=True)
class Template(Owned):
    made: int = 0


@dataclass(slots=True)
class Image(Owned):
    """`size` in MB. `ready` is when the cloud's clock has it so; `machines` are those that use it."""

    type: ImageType = ImageType.OS
    size: int = 1024
    persistent: bool = False
    state: ImageState = ImageState.LOCKED
    ready: float = 0.0
    made: int = 0
    datastore: int = 1
    machines: set[int] = field(default_factory=set)


@dataclass(slots=True)
class Lease:
    """An address that a machine (or, held, nobody) has."""

    ip: IPv4Address
    mac: str
    machine: int = -1


@dataclass(slots=True)
class Range:
    """An address range (AR)."""

    id: int
    start: IPv4Address
    size: int
    parent: int | None = None
    leases: dict[IPv4Address, Lease] = field(default_factory=dict)

    def holds(self, ip: IPv4Address) -> bool:
        return 0 <= int(ip) - int(self.start) < self.size


@dataclass(slots=True)
class Network(Owned):
    state: NetworkState = NetworkState.READY
    vn_mad: str = "bridge"
    bridge: str = ""
    phydev: str = ""
    vlan: str = ""
    vlan_automatic: bool = False
    parent: int | None = None
    changes: float = 0.0
    clusters: list[int] = field(default_factory=list)
    ranges: list[Range] = field(default_factory=list)


@dataclass(slots=True)
class Group(Owned):
    """A security group; `outdated` machines still have older rules of it."""

    machines: set[int] = field(default_factory=set)
    outdated: set[int] = field(default_factory=set)
    changes: float = 0.0


@dataclass(slots=True)
class Machine(Owned):
    """`attributes` are its TEMPLATE, `own` its USER_TEMPLATE. `path` is what it is about to pass, each at its moment of
    the cloud's clock. `disks`: the next DISK_ID; `nics`: the next NIC_ID. Neither is ever given twice.
    `since`: when it came upon its path."""

    own: Pairs = field(default_factory=list)
    place: Place = PENDING
    before: Place = PENDING
    path: list[tuple[float, Place]] = field(default_factory=list)
    disks: int = 0
    nics: int = 0
    since: float = 0.0
    host: int | None = None
    sequence: int = 0
    started: int = 0
    ended: int = 0
    snapshots: int = 0

    def passes(self, path: Path, now: float, step: float) -> None:
        """Walks that path from now on: into its first place at once, a step for each that follows."""
        self.before, self.place, self.since = self.place, path[0], now
        self.path = [(now + step * count, place) for count, place in enumerate(path[1:], start=1)]


@dataclass(slots=True)
class Host:
    """`cpu` in hundredths of a core, `memory` in KB."""

    id: int
    name: str
    cpu: int
    memory: int
    cluster: int = 0
