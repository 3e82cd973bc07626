"""What is asked for: a specification a kind, and instructions. Values; ids are the provider's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from providers.protocol.words import Kind


@dataclass(frozen=True, slots=True)
class NetworkSpec:
    """A network with a way out (a router, NAT) and none in. `cidr` None: the provider chooses a free one. `subnets` are
    more ranges beside it; `vlan` its number on the wire, None for any."""

    name: str
    cidr: str | None = None
    label: str | None = None
    subnets: tuple[str, ...] = ()
    vlan: int | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """Inward traffic that is let in. `source` is a CIDR, or `node:<name>`: the machines tagged with that node name in
    the same service, whether they exist yet or not. Ports 0-0 mean all."""

    protocol: str
    from_port: int
    to_port: int
    source: str


@dataclass(frozen=True, slots=True)
class FirewallSpec:
    """What is let in to the machines that name it; everything else is dropped. `network` is an id."""

    name: str
    rules: tuple[Rule, ...] = ()
    network: str | None = None


@dataclass(frozen=True, slots=True)
class VolumeSpec:
    """Block storage. `size` in bytes; `type` is the provider's word, None for its usual one."""

    name: str
    size: int
    type: str | None = None


@dataclass(frozen=True, slots=True)
class Attachment:
    """A volume in a machine: the volume's id, and the directory it is mounted at in the node."""

    volume: str
    mountpoint: str


@dataclass(frozen=True, slots=True)
class MachineSpec:
    """`size` is the provider's name for one, None where sizes are flexible; memory and disk in bytes. `packages` only
    where the driver's offer says `packages`. `user_data` is cloud-init user-data. `addresses` are fixed ones, in the
    order of `networks`, empty for any. `key` is the id of a Key. `zone` None: whichever has room. `public`: the
    provider is to give it a public address if it does so without an Address of its own."""

    name: str
    hostname: str
    image: str
    cores: int = 1
    memory: int = 512 * 1024**2
    disk: int = 0
    size: str | None = None
    networks: tuple[str, ...] = ()
    firewall: str | None = None
    volumes: tuple[Attachment, ...] = ()
    packages: tuple[str, ...] = ()
    user_data: str = ""
    public: bool = False
    addresses: tuple[str, ...] = ()
    key: str | None = None
    zone: str | None = None


@dataclass(frozen=True, slots=True)
class AddressSpec:
    """A public address for a machine, whose id it is. Given back, the machine has it no more."""

    name: str
    machine: str


@dataclass(frozen=True, slots=True)
class KeySpec:
    """A public key in OpenSSH's one-line form, for the machines that name it."""

    name: str
    public_key: str


@dataclass(frozen=True, slots=True)
class SnapshotSpec:
    """A machine's disk, saved as an image that a later MachineSpec can name."""

    name: str
    machine: str


@dataclass(frozen=True, slots=True)
class ApplicationSpec:
    """A node that is handed over whole: `category` is what it is (`paas_application_manifest`), `type` the name of the
    document that describes it, `document` that document whole, as JSON (`{"paas_application_manifest": {...}}`); empty
    where the type names none. Refused where the offering does not have that category."""

    name: str
    category: str
    type: str
    document: str = ""


Spec: TypeAlias = (
    NetworkSpec | FirewallSpec | VolumeSpec | KeySpec | MachineSpec | AddressSpec | SnapshotSpec | ApplicationSpec
)

KINDS: Mapping[type, Kind] = {
    NetworkSpec: Kind.NETWORK,
    FirewallSpec: Kind.FIREWALL,
    VolumeSpec: Kind.VOLUME,
    KeySpec: Kind.KEY,
    MachineSpec: Kind.MACHINE,
    AddressSpec: Kind.ADDRESS,
    SnapshotSpec: Kind.SNAPSHOT,
    ApplicationSpec: Kind.APPLICATION,
}
"""What each specification makes."""


@dataclass(frozen=True, slots=True)
class Instruction:
    """What a node is told to do. `method`: install, configure, run, fork, kill. `arguments` per method as in
    `broker.agent`; values of secrets are already in place: never log one."""

    method: str
    arguments: Mapping[str, object]
