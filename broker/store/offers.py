"""What providers can give, as it was last observed: rows that planning reads, so that planning never calls a cloud."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from broker.store.engine import Transaction
from broker.store.tables import offers
from manifests.offers import Offer, OfferedImage, Size


def replace(tx: Transaction, account: str, provider: str, many: Sequence[Offer]) -> None:
    """The provider instance now gives these, one a zone, and nothing else."""
    tx.run(sa.delete(offers).where(offers.c.account == account, offers.c.provider == provider))
    if many:
        key = {"account": account, "provider": provider}
        tx.run(sa.insert(offers), [{**key, "zone": o.zone, "observed_at": o.observed_at, "offer": o} for o in many])


def every(tx: Transaction, account: str) -> tuple[Offer, ...]:
    """The account's offers, by provider and zone."""
    mine = sa.select(offers.c.offer).where(offers.c.account == account).order_by(offers.c.provider, offers.c.zone)
    return tuple(from_json(row.offer) for row in tx.run(mine))


def from_json(value: Mapping[str, Any]) -> Offer:
    """An offer as it is kept; fields that another version of the broker wrote and this one does not know are left
    out."""
    sizes = tuple(Size(**{**size, "price": _money(size["price"])}) for size in value["sizes"])
    images = tuple(OfferedImage(**{**image, "aliases": tuple(image["aliases"])}) for image in value["images"])
    sets = {name: tuple(value.get(name, ())) for name in ("categories", "abilities")}
    known = {each.name: value[each.name] for each in fields(Offer) if each.name in value}
    return Offer(**{**known, **sets, "sizes": sizes, "images": images, "price": _money(value["price"])})


def _money(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
