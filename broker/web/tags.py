"""The mixins that users define: kept in the row's store, an account's own, so that they survive a restart (QI-13).

Stored as entities of a kind that no registry knows, so that no collection ever shows them.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from broker import templates
from broker.errors import AccordsError
from broker.occi.model import Mixin
from broker.occi.registry import Registry
from broker.store import Record, Store, Transaction, entities
from broker.store.entities.changes import Generations, generations

KIND = "urn:accords:user-mixin"
_MOST = 10_000
_IDS = uuid.UUID("0b1f5a3e-54f2-5a5d-8a64-1f6f0a7c9f0d")


@dataclass(frozen=True, slots=True)
class _Known:
    """An account's mixins as they were read, when they had changed last, and the registry with them."""

    changed: Generations
    mixins: tuple[Mixin, ...]
    registry: Registry


class Registries:
    """Each account's registry: the row's categories and the account's own mixins.

    What is remembered is this process' own, and other processes of the row change mixins, too: whoever asks for the
    `newest` has the database say whether they did. The same mixins give the same registry, which caches know by its
    identity.
    """

    def __init__(self, base: Registry) -> None:
        self.base = base
        self._known: dict[str, _Known] = {}

    def of(self, store: Store, account: str, *, newest: bool = True) -> Registry:
        known = self._known.get(account)
        if known is None or (newest and known.changed != _looked_at(store, account)):
            known = self._known[account] = self._read(store, account, known)
        return known.registry

    def _read(self, store: Store, account: str, known: _Known | None) -> _Known:
        with store.read() as tx:
            changed, mixins = _changed(tx, account), _stored(tx, account)
        same = known is not None and known.mixins == mixins
        return _Known(changed, mixins, known.registry if known and same else _with_all(self.base, mixins))


def _looked_at(store: Store, account: str) -> Generations:
    with store.look() as tx:
        return _changed(tx, account)


def _changed(tx: Transaction, account: str) -> Generations:
    """When what categories are made of changed last."""
    return {key: number for key, number in generations(tx, account).items() if key[1] in (KIND, templates.KIND)}


def add(tx: Transaction, account: str, registry: Registry, mixins: Iterable[Mixin]) -> None:
    """Store mixins that the registry has not yet; its errors when one may not be (QI-06, QI-08)."""
    for mixin in mixins:
        grown = registry.with_mixin(mixin)
        if grown is not registry:
            entities.insert(tx, _record(account, mixin))
        registry = grown


def remove(tx: Transaction, account: str, registry: Registry, type_ids: Iterable[str]) -> None:
    """Remove mixins, and all entities' membership with them (QI-09)."""
    for type_id in type_ids:
        registry = registry.without_mixin(type_id)
        entities.delete(tx, account, KIND, _id(type_id))
        while members := entities.page(tx, account, mixins=[{type_id}], limit=500).records:
            for member in members:
                _without(tx, member, type_id)


def _without(tx: Transaction, member: Record, type_id: str) -> None:
    entities.update(tx, replace(member, mixins=tuple(each for each in member.mixins if each != type_id)))


def _stored(tx: Transaction, account: str) -> tuple[Mixin, ...]:
    """The templates that the platform's providers and the account's images give, and the account's own mixins."""
    offered = entities.page(tx, account, kind=templates.KIND, limit=_MOST).records
    found = entities.page(tx, account, kind=KIND, limit=_MOST).records
    own = (_mixin(record) for record in found if record.account == account)
    return (*(templates.from_attributes(record.attributes).mixin for record in offered), *own)


def _with_all(registry: Registry, mixins: Sequence[Mixin]) -> Registry:
    registry = registry.with_offered(mixin for mixin in mixins if not mixin.user)
    for mixin in (each for each in mixins if each.user):
        try:
            registry = registry.with_mixin(mixin)
        except AccordsError:
            continue  # a later version of ours took its place: ours wins, the row must start
    return registry


def _id(type_id: str) -> str:
    return str(uuid.uuid5(_IDS, type_id))


def _record(account: str, mixin: Mixin) -> Record:
    attributes = {
        "scheme": mixin.scheme,
        "term": mixin.term,
        "location": mixin.location,
        "depends": list(mixin.depends),
    }
    return Record(account=account, kind=KIND, id=_id(mixin.id), title=mixin.title, attributes=attributes)


def _mixin(record: Record) -> Mixin:
    said = record.attributes
    return Mixin(
        said["scheme"],
        said["term"],
        record.title,
        depends=tuple(said["depends"]),
        location=said["location"],
        user=True,
    )
