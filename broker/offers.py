"""What providers can give, as values the planner reads: an offering as a `manifests.Offer`, and as JSON, which
`broker.store.offers.from_json` reads.
Pure: the worker asks providers and stores; planning reads rows only, never a cloud.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from decimal import Decimal
from typing import Any, TypeVar

from manifests import Offer, OfferedImage, Placement, Refusal, Size
from providers.protocol import Offering

_T = TypeVar("_T", OfferedImage, Placement, Refusal, Size)


def offer_of(provider: str, driver: str, offering: Offering, observed_at: int) -> Offer:
    """What an instance of a driver said at `observed_at` (UTC microseconds)."""
    return Offer(
        provider=provider,
        driver=driver,
        zone=offering.zone,
        sizes=tuple(Size(**_fields(size)) for size in offering.sizes),
        images=tuple(OfferedImage(**_fields(image)) for image in offering.images),
        observed_at=observed_at,
        flexible=offering.flexible,
        left=offering.left,
        abilities=tuple(sorted(each.value for each in offering.abilities)),
        delivery=offering.delivery,
        price=offering.price,
        currency=offering.currency,
        operator=offering.operator,
        categories=offering.categories,
        open=offering.open,
    )


def offer_json(offer: Offer) -> dict[str, Any]:
    """JSON values; money as text, so that nothing is rounded."""
    return {key: _plain(item) for key, item in asdict(offer).items()}


def placement_json(placement: Placement) -> dict[str, Any]:
    """A placement as JSON; `placement_from_json` gives an equal one."""
    return {key: _plain(item) for key, item in asdict(placement).items()}


def placement_from_json(item: Mapping[str, Any]) -> Placement:
    """The inverse of `placement_json`."""
    replaced = {
        "size": _size(item["size"]),
        "image": _image(item["image"]),
        "price": _money(item["price"]),
        "reasons": tuple(item["reasons"]),
        "refused": tuple(_made(Refusal, each) for each in item["refused"]),
    }
    return _made(Placement, {**item, **replaced})


def cost(placements: Sequence[Placement]) -> dict[str, Decimal]:
    """What all nodes cost an hour, by currency; nodes without a price are not in it."""
    found: dict[str, Decimal] = {}
    for each in placements:
        if each.price is not None:
            found[each.currency] = found.get(each.currency, Decimal(0)) + each.price
    return found


def _fields(value: Any) -> dict[str, Any]:
    return {each.name: getattr(value, each.name) for each in fields(value)}


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, tuple | list) else value


def _size(item: Mapping[str, Any]) -> Size:
    return _made(Size, {**item, "price": _money(item["price"])})


def _image(item: Mapping[str, Any]) -> OfferedImage:
    return _made(OfferedImage, {**item, "aliases": tuple(item["aliases"])})


def _money(value: str | None) -> Decimal | None:
    return None if value is None else Decimal(value)


def _made(made: type[_T], item: Mapping[str, Any]) -> _T:
    """Fields that a newer broker wrote and this one does not know are left out."""
    known = {each.name for each in fields(made)}
    return made(**{key: value for key, value in item.items() if key in known})
