"""What the cloud can give now, in the one place that the settings chose. libcloud tells no quotas, and the prices it
has are of the day it was written: they are in a file of ours, or unknown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from providers.libcloud import images, shape
from providers.libcloud.account import Session
from providers.protocol import Ability, OfferedSize, Offering

MIB, GIB = 1024**2, 1024**3
CORES = ("vcpus", "cpus", "cpu", "cores", "vcpu", "vcpu_count")
"""Where drivers tell cores, as attributes of a size or in its `extra`; the base API has no word for them."""


def abilities(session: Session) -> frozenset[Ability]:
    return shape.abilities(session.shape)


def delivery(session: Session) -> str:
    """Where a machine takes no user-data nothing brings our agent into it."""
    taken = shape.word(session.shape, "create_node", shape.USER_DATA)
    return session.account.options.delivery if taken else "none"


def offers(session: Session, prices: Mapping[str, Decimal]) -> Sequence[Offering]:
    options, place = session.account.options, session.location()
    session.account.kept.pop("list_sizes", None)
    return [
        Offering(
            zone=str(place.name) if place is not None else options.zone or session.account.cloud,
            sizes=tuple(_sizes(session, prices)),
            images=tuple(images.offered(session)),
            abilities=abilities(session),
            delivery=delivery(session),
            currency=options.currency,
            operator=options.operator,
            open=options.open,
        )
    ]


def _sizes(session: Session, prices: Mapping[str, Decimal]) -> Sequence[OfferedSize]:
    """By name; by id where two have one name."""
    found, wanted = session.things("list_sizes"), frozenset(session.account.options.sizes)
    names = [str(each.name) for each in found]
    chosen = [each for each in found if not wanted or wanted & {str(each.id), str(each.name)}]
    return [
        _size(each, str(each.name) if names.count(str(each.name)) == 1 else str(each.id), prices) for each in chosen
    ]


def _size(size: Any, name: str, prices: Mapping[str, Decimal]) -> OfferedSize:
    memory, disk = int(size.ram or 0) * MIB, int(size.disk or 0) * GIB
    return OfferedSize(name, _cores(size), memory, disk, price=prices.get(name))


def _cores(size: Any) -> int:
    """One, where a driver does not tell them."""
    extra = size.extra or {}
    told = (str(getattr(size, word, None) or extra.get(word)) for word in CORES)
    return next((int(found) for found in told if found.isdecimal()), 1)
