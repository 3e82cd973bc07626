"""The promise every cloud driver keeps. A driver observes, the walk decides.

Each method is one call, ends before `deadline` (seconds from now), never waits for a state, never retries, and raises
only `providers.errors`. Every promise in these docstrings is a test in `tests/providers/` that runs on every driver.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Protocol, TypeAlias, runtime_checkable


class Kind(StrEnum):
    """What a provider makes. Firewall: the rules of one node, default deny inwards. Address: a public address of a
    machine (floating, elastic). Key: a public key that machines are made with. Application: what a provider that offers
    its category makes of a whole node, by itself."""

    NETWORK = "network"
    FIREWALL = "firewall"
    VOLUME = "volume"
    KEY = "key"
    MACHINE = "machine"
    ADDRESS = "address"
    SNAPSHOT = "snapshot"
    APPLICATION = "application"


EVERY = frozenset(Kind)


class State(StrEnum):
    """The observed state of a resource. PENDING: being made or changed; look again."""

    PENDING = "pending"
    ACTIVE = "active"
    STOPPED = "stopped"
    SUSPENDED = "suspended"
    ERROR = "error"


class Action(StrEnum):
    """What a machine can be told to do."""

    START = "start"
    STOP = "stop"
    RESTART = "restart"
    SUSPEND = "suspend"
    RESUME = "resume"


class Ability(StrEnum):
    """What not every provider can do. What its offering does not name, it refuses; planning reads the offering, so that
    nobody learns of it in the middle of a walk.

    PACKAGES: distribution packages in the image a machine is made of. KEYS: keys by name. ADDRESSES: public addresses
    of their own. FIXED: an address in a network that the specification chooses. SUBNETS: more than one in a network.
    VLAN: a network's number on the wire. RESIZE: another size for a machine that is there."""

    PACKAGES = "packages"
    VOLUMES = "volumes"
    FIREWALLS = "firewalls"
    SNAPSHOTS = "snapshots"
    SUSPEND = "suspend"
    RESIZE = "resize"
    CONSOLE = "console"
    KEYS = "keys"
    ADDRESSES = "addresses"
    FIXED = "fixed"
    SUBNETS = "subnets"
    VLAN = "vlan"


USUAL = frozenset({Ability.VOLUMES, Ability.FIREWALLS, Ability.SNAPSHOTS, Ability.SUSPEND, Ability.CONSOLE})
"""What an offering names unless its driver says otherwise."""


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


@dataclass(frozen=True, slots=True)
class Resource:
    """One thing at the provider, as it was just observed. `id` is the provider's. `addresses`: a machine's or an
    application's, first the one its siblings reach it at. `facts`: what else is known (cidr, gateway, mac, size, host
    path, price, console)."""

    kind: Kind
    id: str
    name: str
    state: State
    token: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    addresses: tuple[str, ...] = ()
    facts: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OfferedSize:
    """A size of machine. `memory` and `disk` in bytes; `price` an hour, in the offering's currency. `name` None:
    any size up to it can be had."""

    name: str | None
    cores: int
    memory: int
    disk: int
    architecture: str = "x86_64"
    price: Decimal | None = None


@dataclass(frozen=True, slots=True)
class OfferedImage:
    """An image that machines can be made of. `id` is the provider's; `aliases` are the names that the settings give
    it."""

    id: str
    name: str
    distribution: str | None = None
    version: str | None = None
    architecture: str = "x86_64"
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Offering:
    """What the provider can give in one zone now. The fields mean what those of `manifests.model.Offer` mean. `left` is
    how much more fits, by quota and capacity: machines, cores, memory (bytes), volumes, storage (bytes), addresses,
    networks; what is not in it has no known limit."""

    zone: str
    sizes: tuple[OfferedSize, ...]
    images: tuple[OfferedImage, ...]
    flexible: bool = False
    left: Mapping[str, int] = field(default_factory=dict)
    abilities: frozenset[Ability] = USUAL
    delivery: str = "home"
    price: Decimal | None = None
    currency: str = "EUR"
    operator: str = "any"
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """Something missing at a provider: what, and how to mend it."""

    what: str
    mend: str


@dataclass(frozen=True, slots=True)
class Instruction:
    """What a node is told to do. `method`: install, configure, run, fork, kill. `arguments` per method as in
    `broker.agent`; values of secrets are already in place: never log one."""

    method: str
    arguments: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an instruction ended: exit status of what was run (0 is success) and the end of its output."""

    exit: int
    output: str = ""


@runtime_checkable
class Provider(Protocol):
    """A cloud, or one account at one. Instances are safe to call from many threads.

    `lists`: a list answers for many looks at less than they cost, as at clouds over a network; whoever waits for many
    things then asks for one list and not for each."""

    name: str
    driver: str
    lists: bool

    def check(self, *, deadline: float) -> Sequence[Problem]:
        """Everything that keeps this provider from working; empty when it works."""
        ...

    def offers(self, *, deadline: float) -> Sequence[Offering]:
        """One offering a zone."""
        ...

    def create(self, spec: Spec, *, token: str, tags: Mapping[str, str], deadline: float) -> Resource:
        """Make one thing. The same token twice gives the same thing once, also at the same time from two threads. May
        answer PENDING. `tags` are kept with the thing and come back from `list`."""
        ...

    def find(self, kind: Kind, token: str, *, deadline: float) -> Resource | None:
        """The thing this token made, if it is there: how a walk learns what a lost answer did. None when nothing of it
        is left: nobody gives back what is not found."""
        ...

    def observe(self, kind: Kind, id: str, *, deadline: float) -> Resource:
        """As it is now; NotFound when it is gone."""
        ...

    def act(self, kind: Kind, id: str, action: Action, *, deadline: float) -> Resource:
        """Ask for a change of state. May answer PENDING, and so do looks until the change has ended; Conflict when
        something else is asked meanwhile. A state that was seen after that lasts: nothing asked for before changes it.
        Asking for the state it is in already is fine. NotFound when it is gone; Conflict when the state forbids it."""
        ...

    def resize(self, id: str, size: OfferedSize, *, deadline: float) -> Resource:
        """Ask for another size of a machine, one of the offering's or, where it is flexible, any up to it. May answer
        PENDING, and so do looks until it has that size; the size it has already is fine. Conflict where it must be
        stopped first. Refused without Ability.RESIZE."""
        ...

    def delete(self, kind: Kind, id: str, *, deadline: float) -> None:
        """Give it back. Deleting what is gone is fine. Conflict while something else still uses it."""
        ...

    def list(self, tags: Mapping[str, str], *, kinds: Collection[Kind] = EVERY, deadline: float) -> Sequence[Resource]:
        """Everything of these kinds that carries all these tags. An empty answer has been checked: a cloud that would
        answer so to whoever may not look raises Auth or Unavailable instead."""
        ...

    def console(self, id: str, *, deadline: float) -> str:
        """The machine's console log, its end if it is long."""
        ...

    def instruct(self, id: str, instruction: Instruction, *, token: str, deadline: float) -> Outcome | None:
        """Carry one instruction to a machine whose offering says delivery `direct`, and say how it ended; None while it
        runs (ask again with the same token). The same token is carried out once. Refused where delivery is not so."""
        ...

    def close(self) -> None:
        """Let go of connections and threads; what was made stays."""
        ...
