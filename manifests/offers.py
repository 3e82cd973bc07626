"""What providers offer, and what was chosen of it. Observed by the worker, read by planning; values only.

Sizes are bytes (int), money is Decimal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Size:
    """One size of machine a provider sells; `name` is the provider's (None: any size up to the capacity)."""

    name: str | None
    cores: int
    memory: int
    disk: int
    architecture: str = "x86_64"
    price: Decimal | None = None


@dataclass(frozen=True, slots=True)
class OfferedImage:
    """An image a provider has. `id` is the provider's; the rest is what a `system` element is matched with."""

    id: str
    name: str
    distribution: str | None = None
    version: str | None = None
    architecture: str = "x86_64"
    aliases: tuple[str, ...] = ()


USUAL_ABILITIES = ("console", "firewalls", "snapshots", "suspend", "volumes")


@dataclass(frozen=True, slots=True)
class Offer:
    """What one provider instance can give in one zone, observed at `observed_at` (UTC microseconds).

    `flexible`: sizes are upper limits, the machine gets what it asks for. `left` is how much more fits: machines,
    cores, memory (bytes), volumes, storage (bytes), addresses, networks; what is not in it has no known limit.
    `abilities` (sorted) are what it can do beside machines and networks, by the words of `providers.protocol.Ability`.
    `price` is for a machine and hour where the size has none. `delivery` is how instructions reach a node: `home`
    (its agent calls), `direct` (the provider carries them), `none`. `categories` are those of abstract nodes that the
    provider takes whole (cords.md 1.5). `open`: whoever set it up takes nodes that no firewall closes, in one network
    that is the cloud's own.
    """

    provider: str
    driver: str
    zone: str
    sizes: tuple[Size, ...]
    images: tuple[OfferedImage, ...]
    observed_at: int
    flexible: bool = False
    left: Mapping[str, int] = field(default_factory=dict)
    abilities: tuple[str, ...] = USUAL_ABILITIES
    delivery: str = "home"
    price: Decimal | None = None
    currency: str = "EUR"
    operator: str = "any"
    categories: tuple[str, ...] = ()
    open: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a provider was not chosen for a node: a sentence with the numbers in it."""

    provider: str
    zone: str
    reason: str


@dataclass(frozen=True, slots=True)
class Placement:
    """The offer chosen for a node, with the reasons for it and against the others. `address`: it gets a public address
    that is a thing of its own at the provider. `devices`: its volumes are block devices, which it is told to mount.
    `keys`: the provider knows SSH keys by name. `open`: no firewall closes it."""

    node: str
    provider: str
    zone: str
    size: Size
    image: OfferedImage
    packages: bool
    delivery: str
    price: Decimal | None
    currency: str
    reasons: tuple[str, ...]
    refused: tuple[Refusal, ...] = ()
    address: bool = False
    devices: bool = False
    keys: bool = False
    open: bool = False
