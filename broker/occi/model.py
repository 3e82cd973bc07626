"""The OCCI core model (GFD.221) as values: categories, entities, and what a request says about them.

A category is known by its type identifier, scheme and term concatenated, never by its term alone. An entity holds
its attributes' values; what they mean is its kind's and mixins' business (`registry`, `checks`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

CORE = "http://schemas.ogf.org/occi/core#"
ENTITY, RESOURCE, LINK = f"{CORE}entity", f"{CORE}resource", f"{CORE}link"

INFRASTRUCTURE = "http://schemas.ogf.org/occi/infrastructure#"
ACCORDS = "http://scheme.compatibleone.fr/scheme/accords#"
CORDS = "http://scheme.compatibleone.fr/scheme/compatible#"
PLATFORM = "http://schemas.ogf.org/occi/platform#"
SLA = "http://schemas.ogf.org/occi/sla#"
RESERVED = "http://schemas.ogf.org/occi/"  # CORE-03: nobody but OGF defines categories below it

Scalar = str | int | float | bool
Value = Scalar | list[object] | dict[str, object]


class Type(StrEnum):
    """The types of attribute values; INTEGER is JSON's number with a pattern that says integer."""

    STRING = "string"
    NUMBER = "number"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    ARRAY = "array"
    OBJECT = "object"


class Exclusive(StrEnum):
    """What happens when an entity gets a second mixin that depends on the same one (CORE-25)."""

    NO = "no"
    REPLACE = "replace"  # INF-32: the newer resource template takes the older one's place
    REFUSE = "refuse"  # INF-21: the operating system of a machine does not change


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute's definition (CORE-05).

    `mutable` False: only the server writes it. `once`: the client gives it at creation and nobody changes it later.
    `secret`: what the client gives is kept as a hash and shown to nobody (`broker.passwords`).
    `refers` is the type identifier of what the value's URL leads to. `pattern` is a regular expression for the
    whole value; `minimum` and `maximum` are inclusive.
    """

    name: str
    type: Type = Type.STRING
    mutable: bool = True
    required: bool = False
    once: bool = False
    secret: bool = False
    default: Value | None = None
    values: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    pattern: str | None = None
    refers: str | None = None
    description: str = ""


@dataclass(frozen=True, slots=True)
class Action:
    """`attributes` are its parameters; their names are outside the `occi.` namespace rule (CORE-04)."""

    scheme: str
    term: str
    title: str = ""
    attributes: tuple[Attribute, ...] = ()

    @property
    def id(self) -> str:
        return self.scheme + self.term


@dataclass(frozen=True, slots=True)
class Kind:
    """`location` is a path ending in a slash, None for core#entity alone (NS-04). `actions` are type identifiers.
    An `abstract` kind has no instances of its own."""

    scheme: str
    term: str
    title: str = ""
    parent: str | None = None
    attributes: tuple[Attribute, ...] = ()
    actions: tuple[str, ...] = ()
    location: str | None = None
    abstract: bool = False

    @property
    def id(self) -> str:
        return self.scheme + self.term


@dataclass(frozen=True, slots=True)
class Mixin:
    """`applies` empty: any kind. `user`: a client made it, so a client may remove it. `exclusive` is about the mixins
    that depend on this one; `overrides`: their defaults win over what the client says (INF-31)."""

    scheme: str
    term: str
    title: str = ""
    attributes: tuple[Attribute, ...] = ()
    actions: tuple[str, ...] = ()
    depends: tuple[str, ...] = ()
    applies: tuple[str, ...] = ()
    location: str = ""
    user: bool = False
    exclusive: Exclusive = Exclusive.NO
    overrides: bool = False

    @property
    def id(self) -> str:
        return self.scheme + self.term


Category = Kind | Mixin | Action


@dataclass(frozen=True, slots=True)
class Entity:
    """A resource or a link, as the server holds it.

    `kind` and `mixins` are type identifiers, `id` a uuid without `urn:uuid:`. `attributes` excludes the core's own
    (id, title, summary, source, target). `source` and `target` are paths of this server or absolute URLs, None for a
    resource; `links` are a resource's outgoing links.
    """

    kind: str
    id: str
    title: str | None = None
    summary: str | None = None
    mixins: tuple[str, ...] = ()
    attributes: Mapping[str, Value] = field(default_factory=dict)
    links: tuple[Entity, ...] = ()
    source: str | None = None
    target: str | None = None
    source_kind: str | None = None
    target_kind: str | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """What a request says about an entity, before it is checked. None and empty mean that it did not say.

    `id` is what the client wrote, `urn:uuid:` taken off; `location` the path it would like. Values are as the
    rendering typed them: the checks convert.
    """

    kind: str | None = None
    id: str | None = None
    title: str | None = None
    summary: str | None = None
    mixins: tuple[str, ...] = ()
    attributes: Mapping[str, Value] = field(default_factory=dict)
    links: tuple[Draft, ...] = ()
    source: str | None = None
    target: str | None = None
    source_kind: str | None = None
    target_kind: str | None = None
    location: str | None = None


@dataclass(frozen=True, slots=True)
class Invocation:
    """A request to do an action: its type identifier (None: only the URL's term is known) and its parameters."""

    action: str | None
    attributes: Mapping[str, Value] = field(default_factory=dict)


def split_type(type_id: str) -> tuple[str, str]:
    """`http://x/y#z` -> (`http://x/y#`, `z`); the scheme is empty when there is no `#`."""
    scheme, mark, term = type_id.rpartition("#")
    return scheme + mark, term


def bare_id(urn: str) -> str:
    """`urn:uuid:996a…` -> `996a…`; anything else unchanged."""
    return urn[9:] if urn[:9].lower() == "urn:uuid:" else urn
