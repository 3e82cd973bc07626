"""CORDS documents as typed values (CORDS Reference Manual 2.12; element names are the manual's).

Values only: nothing here reads, resolves or plans. Sizes are bytes (int), speed is hertz (int), money is Decimal.
`None` is "the document did not say"; an empty named element (`<infrastructure name="x"/>`) has already been
resolved by the reader to the element of that name in the same document.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Position:
    """Where in the document's text a value was read; counts from 1. Never part of a comparison."""

    line: int = 0
    column: int = 0


def _at() -> Position:
    return field(default_factory=Position, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Port:
    """What may reach a node. `source` is a CIDR, or the name of another node of the document (our extension of
    CORDS `range`): then only that node's addresses may."""

    name: str
    protocol: str = "tcp"
    from_port: int = 0
    to_port: int = 0
    source: str = "0.0.0.0/0"
    direction: str = "inout"
    at: Position = _at()


@dataclass(frozen=True, slots=True)
class Compute:
    """What a node wants to run on. `cores` a count, `speed` in Hz, `memory` in bytes; None: whatever there is.
    Speed is a wish."""

    name: str
    architecture: str | None = None
    cores: int | None = None
    speed: int | None = None
    memory: int | None = None
    hostname: str | None = None
    at: Position = _at()


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A named way into a network, with its own ports (CORDS: endpoint). Its ports are the node's."""

    name: str
    label: str | None = None
    dns: str | None = None
    subnet: str | None = None
    range: str | None = None
    ports: tuple[Port, ...] = ()
    at: Position = _at()


@dataclass(frozen=True, slots=True)
class Network:
    """The network a node is on; nodes that name the same one share it. Without ports nobody gets in."""

    name: str
    label: str | None = None
    vlan: str | None = None
    ports: tuple[Port, ...] = ()
    endpoints: tuple[Endpoint, ...] = ()
    at: Position = _at()


@dataclass(frozen=True, slots=True)
class Volume:
    """Block storage of its own. Mounted in the node at `mountpoint` (ours; default `/srv/<name>`); `retain` (ours,
    default yes) keeps it when the service is released."""

    name: str
    size: int
    type: str | None = None
    mountpoint: str = ""
    retain: bool = True
    at: Position = _at()


@dataclass(frozen=True, slots=True)
class Storage:
    """The node's own disk, which ends with it (`size` in bytes), and volumes, which may not."""

    name: str
    size: int | None = None
    type: str | None = None
    volumes: tuple[Volume, ...] = ()
    at: Position = _at()


@dataclass(frozen=True, slots=True)
class Infrastructure:
    """What is asked for below the node; each part is at most once."""

    name: str
    compute: Compute | None = None
    network: Network | None = None
    storage: Storage | None = None
    at: Position = _at()


@dataclass(frozen=True, slots=True)
class System:
    """The operating system asked for, as documents name it. Matched with what a provider offers by
    `manifests.planning.images`."""

    name: str
    version: str | None = None
    distribution: str | None = None
    architecture: str | None = None
    description: str | None = None
    at: Position = _at()


@dataclass(frozen=True, slots=True)
class Package:
    """`installation` empty (or the historic `#`): the distribution's package of this name. A text is run by the
    agent in the node, always. `configuration` is run by the agent after the node's `configure` values arrived."""

    name: str
    version: str | None = None
    installation: str = ""
    configuration: str = ""
    distribution: str | None = None
    mirrors: str | None = None
    ports: tuple[Port, ...] = ()
    at: Position = _at()


@dataclass(frozen=True, slots=True)
class Image:
    """The system and what is put on it. `agent` is `cosacs`, the node's own agent, or `none`."""

    name: str
    system: System | None = None
    packages: tuple[Package, ...] = ()
    agent: str = "cosacs"
    at: Position = _at()


@dataclass(frozen=True, slots=True)
class Node:
    """`count` is 1 until scaling exists; every step name carries the index all the same.

    `nested` is the manifest that `type` names, where it is not `simple` (a complex node, cords.md 1.5); `document`, of
    an abstract node, what its type names in the category's own language, as a JSON twin. `address`, `aetitle` and
    `certificate` (PEM) are ours: they say where a node is that nobody here makes (`provider="external"`). So is `key`,
    the name of an SSH key that the account has. `common` is what those who share a common node know it by within their
    account, as `expand` found it.
    """

    name: str
    type: str = "simple"
    category: str = "manifest"
    provider: str = "any"
    operator: str = "any"
    profile: str | None = None
    zone: str | None = None
    access: str = "private"
    scope: str = "normal"
    infrastructure: Infrastructure | None = None
    image: Image | None = None
    key: str | None = field(default=None, repr=False)
    address: str | None = None
    aetitle: str | None = None
    certificate: str | None = None
    apart: str | None = field(default=None, repr=False)
    together: str | None = field(default=None, repr=False)
    nested: Manifest | None = None
    document: str | None = None
    common: str = ""
    count: int = 1
    at: Position = _at()


@dataclass(frozen=True, slots=True)
class Property:
    """`pacs-db.hostname`: a property of a node. `path` is the node path (nested nodes joined by a dot), or `input`.
    `literal` is its value where that is known before anything is made: a plain input, a node that is outside. `node` is
    the node that the path leads to, as `expand` found it; the path itself stays as written, for scripts name it."""

    path: str
    name: str
    literal: str | None = None
    node: str = ""
    at: Position = _at()

    def __str__(self) -> str:
        return f"{self.path}.{self.name}"


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of the action language (cords.md 1.4): `target.method(arguments);`.

    An assignment `a.prop = 'v';` has the method `set` and the arguments `("prop", "v")`. A literal is a str. `within`
    is the path of the complex node whose manifest wrote it; the names of what it passes are relative to that.
    """

    target: str
    method: str
    arguments: tuple[str | Property, ...] = ()
    within: str = ""
    at: Position = _at()


@dataclass(frozen=True, slots=True)
class Action:
    """One `action` element: `expression` as written, `statements` what it says. `type` is the language,
    `cordscript`."""

    name: str = ""
    type: str = "cordscript"
    expression: str = ""
    statements: tuple[Statement, ...] = ()
    at: Position = _at()


@dataclass(frozen=True, slots=True)
class Phase:
    """A `configuration`, `release` or `interface` element: a named list of actions, in document order."""

    name: str
    actions: tuple[Action, ...] = ()
    at: Position = _at()


@dataclass(frozen=True, slots=True)
class Security:
    """What a manifest says of security, as written (CORDS: security)."""

    name: str
    level: str = "public"
    scheme: str | None = None
    at: Position = _at()


@dataclass(frozen=True, slots=True)
class Input:
    """What a document leaves open (ours). `type` is text, number, flag, size or name; `allowed` empty: anything of the
    type. `value`: what was given, or the default; None while there is neither, and always of a `secret` one."""

    name: str
    type: str = "text"
    default: str | None = None
    allowed: tuple[str, ...] = ()
    secret: bool = False
    description: str | None = None
    value: str | None = None
    at: Position = _at()


@dataclass(frozen=True, slots=True)
class Output:
    """What is said when the service runs (ours): `value` is a property of a node, such as `pacs.address`."""

    name: str
    value: Property
    description: str | None = None
    at: Position = _at()


@dataclass(frozen=True, slots=True)
class Manifest:
    """A whole document: nodes, and what is done with them when they are up and before they end. `zone` and `key` are
    those of nodes that name none. `named` are the nodes by name, the first of each."""

    name: str
    nodes: tuple[Node, ...] = ()
    configuration: Phase | None = None
    release: Phase | None = None
    interface: Phase | None = None
    inputs: tuple[Input, ...] = ()
    outputs: tuple[Output, ...] = ()
    security: Security | None = None
    account: str | None = None
    zone: str | None = None
    key: str | None = field(default=None, repr=False)
    description: str | None = None
    at: Position = _at()
    named: Mapping[str, Node] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "named", {node.name: node for node in reversed(self.nodes)})

    def node(self, name: str) -> Node:
        """The node of that name; KeyError if there is none."""
        return self.named[name]


@dataclass(frozen=True, slots=True)
class Metric:
    """`period` in seconds; the packet is sent after `samples` measurements."""

    name: str
    units: str | None = None
    period: int = 60
    samples: int = 1
    expression: str | None = None
    at: Position = _at()


@dataclass(frozen=True, slots=True)
class Variable:
    """`condition` is the historic operator word (eq, gr, ls, ne, le, ge and their long forms), `value` as written.
    `location` is a path in the node for measurements that need one."""

    name: str
    property: str
    condition: str = "eq"
    value: str = ""
    location: str | None = None
    metric: Metric | None = None
    at: Position = _at()


@dataclass(frozen=True, slots=True)
class Business:
    """What a violation or its absence is worth (slamtypes.xsd): `nature` is penalty, reward or both; `expression`
    as written."""

    name: str
    nature: str = "penalty"
    type: str | None = None
    expression: str = ""
    at: Position = _at()


@dataclass(frozen=True, slots=True)
class Guarantee:
    """`scope` is `any`, a node's name, or a list of names."""

    name: str
    variable: Variable
    scope: str = "any"
    importance: str | None = None
    obligated: str | None = None
    business: tuple[Business, ...] = ()
    description: str | None = None
    at: Position = _at()


@dataclass(frozen=True, slots=True)
class Term:
    """One service term: its variables, and guarantees about them. It is about a manifest, nearly always one
    that is elsewhere and only named here, or about what a provider or a federation gives."""

    name: str
    manifest: Manifest | None = None
    provider: Record | None = None
    federation: Record | None = None
    variables: tuple[Variable, ...] = ()
    guarantees: tuple[Guarantee, ...] = ()
    at: Position = _at()


@dataclass(frozen=True, slots=True)
class Terms:
    """A group of terms; `type` says of what: `services` names the manifests an agreement is about, and there are
    `conditions` and `guarantees`."""

    name: str
    type: str = ""
    terms: tuple[Term, ...] = ()
    at: Position = _at()


@dataclass(frozen=True, slots=True)
class Agreement:
    """The document, as written (slamtypes.xsd 2.15). `sla.Agreement` is what is judged."""

    name: str
    initiator: str | None = None
    responder: str | None = None
    serviceprovider: str | None = None
    initiation: str | None = None
    expiration: str | None = None
    description: str | None = None
    terms: tuple[Terms, ...] = ()
    at: Position = _at()


@dataclass(frozen=True, slots=True)
class Record:
    """An element that is checked and kept as it is written, and that nobody here acts on: an account, a price, a quota,
    an application of another platform. `children` are records, or typed values where an import holds those."""

    term: str
    name: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    children: tuple[object, ...] = ()
    at: Position = _at()


Document = Manifest | Agreement | Record
