"""What carries our tag at a provider, and no living service has: left by a release, or not known at all."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from broker.reconcile.values import SERVICE, Observed
from manifests import Offer
from providers.protocol import Kind, Resource

# What holds something comes before what it holds: given back in this order nothing is refused.
ORDER = (
    Kind.ADDRESS,
    Kind.APPLICATION,
    Kind.MACHINE,
    Kind.SNAPSHOT,
    Kind.VOLUME,
    Kind.FIREWALL,
    Kind.KEY,
    Kind.NETWORK,
)


Thing: TypeAlias = tuple[Kind, str]
"""What a thing is known by: some clouds number each kind by itself."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the store knows of one provider: `things` that were made or kept, `tokens` of calls whose answer is not
    written yet, and the services that something is being done with, which are left alone."""

    things: frozenset[Thing] = frozenset()
    tokens: frozenset[str] = frozenset()
    busy: frozenset[str] = frozenset()


def orphans(observed: Observed, ended: Collection[str], kept: Collection[Thing]) -> Sequence[Resource]:
    """What services that have ended left at a provider: a call whose answer nobody waited for may be carried out after
    the release looked for it. `ended` are services released before the observation; `kept` are retained
    volumes, saved images, and what others have."""
    found = observed.resources.items()
    return in_order(each for thing, each in found if each.tags.get(SERVICE) in ended and thing not in kept)


def strays(observed: Observed, known: Known) -> Sequence[Resource]:
    """What nobody in the store knows."""
    return in_order(
        found
        for thing, found in observed.resources.items()
        if thing not in known.things
        and (found.token or found.tags.get("accords-token", "")) not in known.tokens
        and found.tags.get(SERVICE) not in known.busy
    )


def in_order(found: Iterable[Resource]) -> Sequence[Resource]:
    return sorted(found, key=lambda each: (ORDER.index(each.kind), each.id))


def price_of(found: Resource, offers: Iterable[Offer]) -> str | None:
    """What a thing costs an hour, as its provider says with it, or as a machine's size is offered; None where nobody
    knows."""
    said = found.facts.get("price")
    if said is not None or found.kind is not Kind.MACHINE:
        return None if said is None else str(said)
    sizes = (size for offer in offers for size in offer.sizes if size.name and size.name == found.facts.get("size"))
    return next((str(size.price) for size in sizes if size.price is not None), None)
