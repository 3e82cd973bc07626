"""What a provider answers: things as they were observed, what it can give, what is missing, how something ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from providers.protocol.words import USUAL, Ability, Kind, State


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
    """What the provider can give in one zone now. The fields mean what those of `manifests.offers.Offer` mean.

    `left` is how much more fits, by quota and capacity: machines, cores, memory (bytes), volumes, storage (bytes),
    addresses, networks; what is not in it has no known limit. `open`: whoever set it up takes machines that nothing
    closes, in one network that is the cloud's own."""

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
    open: bool = False


@dataclass(frozen=True, slots=True)
class Problem:
    """Something missing at a provider: what, and how to mend it."""

    what: str
    mend: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an instruction ended: exit status of what was run (0 is success) and the end of its output."""

    exit: int
    output: str = ""
