"""Volumes kept after their service was released, and saved images: still the account's, still costing, until somebody
removes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import sqlalchemy as sa

from broker.errors import Clash, Missing
from broker.store import services
from broker.store.engine import Transaction, upsert
from broker.store.tables import volumes


@dataclass(frozen=True, slots=True)
class Volume:
    """`reference` is the provider's id, `size` bytes; `step` and `token` are of the step that made it. `facts`: what
    else is known (host path, price)."""

    account: str
    id: str
    service: str
    service_name: str
    node: str
    name: str
    step: str
    token: str
    provider: str
    reference: str
    size: int
    facts: Mapping[str, Any] = field(default_factory=dict)
    created: int = 0

    @property
    def kind(self) -> str:
        """image or volume, by the step that made it: `<node>.<index>.save.<n>` or `<node>.<index>.volume.<name>`."""
        return "image" if self.step.split(".")[2] == "save" else "volume"


def retain(tx: Transaction, volume: Volume) -> None:
    """Keep a volume; keeping it again (same account and id) replaces what is known of it."""
    user = {_USER: volume.facts[_USER]} if _USER in volume.facts else _user_of(tx, volume)
    known = {"created": volume.created or tx.now, "facts": {**volume.facts, **user}}
    row = {name: getattr(volume, name) for name in Volume.__slots__} | known
    fresh = {name: value for name, value in row.items() if name not in ("account", "id", "created")}
    tx.run(upsert(volumes).values(row).on_conflict_do_update(index_elements=["account", "id"], set_=fresh))


def get(tx: Transaction, account: str, id: str) -> Volume:
    """Missing, also when it is another account's."""
    row = tx.run(sa.select(volumes).where(volumes.c.account == account, volumes.c.id == id)).one_or_none()
    if row is None:
        raise Missing(f"there is no volume or image {id} that is kept", hint="list them: accords volumes")
    return Volume(**row._mapping)


def take(tx: Transaction, account: str, id: str, service: str) -> None:
    """A service uses it from now on, as long as it lives. Clash when another does."""
    found = get(tx, account, id)
    used = user(tx, found)
    if used is not None and used.id != service:
        raise Clash(f"the volume {found.name} is used by {used.name}", hint=f"release {used.name} first")
    retain(tx, replace(found, facts={**found.facts, _USER: service}))


def user(tx: Transaction, volume: Volume) -> services.Service | None:
    """The living service that has it now, beside the one that made it."""
    try:
        found = services.get(tx, volume.account, str(volume.facts[_USER]))
    except (KeyError, Missing):
        return None
    return None if found.state == "released" else found


def _user_of(tx: Transaction, volume: Volume) -> Mapping[str, Any]:
    """Who uses it, as it was known before it was kept again."""
    mine = sa.select(volumes.c.facts).where(volumes.c.account == volume.account, volumes.c.id == volume.id)
    facts = tx.run(mine).scalar_one_or_none() or {}
    return {_USER: facts[_USER]} if _USER in facts else {}


_USER = "user"
"""The fact that holds the id of the service that a kept volume was last joined to."""


def every(tx: Transaction, account: str, *, service: str | None = None) -> tuple[Volume, ...]:
    """The account's retained volumes, of one service (id) or all, oldest first."""
    wanted = sa.select(volumes).where(volumes.c.account == account)
    if service is not None:
        wanted = wanted.where(volumes.c.service == service)
    return tuple(Volume(**row._mapping) for row in tx.run(wanted.order_by(volumes.c.created, volumes.c.id)))


def at(tx: Transaction, provider: str) -> tuple[Volume, ...]:
    """What is kept at a provider, of all accounts: for the worker."""
    return tuple(Volume(**row._mapping) for row in tx.run(sa.select(volumes).where(volumes.c.provider == provider)))


def images(tx: Transaction) -> frozenset[str]:
    """The providers' ids of all images that accounts have saved."""
    found = (Volume(**row._mapping) for row in tx.run(sa.select(volumes)))
    return frozenset(each.reference for each in found if each.kind == "image")


def forget(tx: Transaction, account: str, id: str) -> None:
    """It was removed at the provider; forgetting what is gone is fine."""
    tx.run(sa.delete(volumes).where(volumes.c.account == account, volumes.c.id == id))
