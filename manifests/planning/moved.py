"""What a plan was made on, and what of it has changed since. Pure: the newest offers are values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from manifests.offers import Offer, Placement, Size
from manifests.plan import Plan
from manifests.planning.quotas import demand, exceeded


def moved(plan: Plan, offers: Sequence[Offer]) -> tuple[str, ...]:
    """A sentence for each image, size, price and quota that is not any more what the plan was made on; none when it all
    still holds. A price that fell keeps nobody from what was planned."""
    newest = {(offer.provider, offer.zone): offer for offer in offers}
    found = [sentence for each in plan.placements for sentence in _of_node(each, newest)]
    return tuple(dict.fromkeys([*found, *_quotas(plan, offers)]))


def _of_node(placed: Placement, newest: Mapping[tuple[str, str], Offer]) -> Iterator[str]:
    where = f"{placed.provider}/{placed.zone}"
    offer = newest.get((placed.provider, placed.zone))
    if offer is None:
        yield f"{where} offers nothing any more, and {placed.node} was to be there"
        return
    if not placed.image.id:  # an application: it has neither size nor image
        return
    if all(image.id != placed.image.id for image in offer.images):
        yield f"{where} has the image {placed.image.name} of {placed.node} no more"
    size = _size(placed.size, offer)
    if size is None:
        yield f"{where} has the size of {placed.node} no more: {_named(placed.size)}"
    elif dearer := _dearer(placed, size, offer):
        yield dearer


def _size(wanted: Size, offer: Offer) -> Size | None:
    """The size as it is offered now; where sizes are limits, the first that the machine is within."""
    if wanted.name is not None:
        return next((size for size in offer.sizes if size.name == wanted.name), None)
    return next((size for size in offer.sizes if size.cores >= wanted.cores and size.memory >= wanted.memory), None)


def _dearer(placed: Placement, size: Size, offer: Offer) -> str:
    price = size.price if size.price is not None else offer.price
    before, now = _cost(placed.price, placed.currency), _cost(price, offer.currency)
    known = price is not None and placed.price is not None and offer.currency == placed.currency
    if now == before or (known and (price or Decimal(0)) <= (placed.price or Decimal(0))):
        return ""
    return f"{placed.node} costs {now} at {placed.provider}, and was to cost {before}"


def _cost(price: Decimal | None, currency: str) -> str:
    return "nothing that is said" if price is None else f"{price} {currency} an hour"


def _named(size: Size) -> str:
    return size.name if size.name is not None else f"{size.cores} cores and {size.memory} bytes of memory"


def _quotas(plan: Plan, offers: Sequence[Offer]) -> Iterator[str]:
    """What is left of a provider is the same account's in each of its zones."""
    for provider, amounts in sorted(demand(plan).items()):
        for offer in (each for each in offers if each.provider == provider):
            if beyond := exceeded(amounts, {}, offer.left):
                yield f"{provider} {beyond}"
                break
