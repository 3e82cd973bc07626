"""Which entities a collection holds: those of its kinds or mixin, that fit the filter, of the page asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

from broker.errors import TooLarge
from broker.occi import filters
from broker.occi.model import Value, bare_id
from broker.occi.read import Filter
from broker.occi.registry import Registry
from broker.store import Record, Transaction, entities
from broker.web.exchange import whole_number

PAGE = 100
"""Entities of a page when the client does not say how many."""
LARGEST = 1000
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Window:
    """A page: `number` entities after `skip`; None means all."""

    skip: int = 0
    number: int | None = None

    @property
    def chunk(self) -> int:
        """How many records are worth asking the store for at once."""
        return _CHUNK if self.number is None else min(_CHUNK, self.skip + self.number)

    def cut(self, found: Iterator[Record]) -> Iterator[Record]:
        return islice(found, self.skip, None if self.number is None else self.skip + self.number)


@dataclass(frozen=True, slots=True)
class Selection:
    """Entities of any of these kinds that have the mixin, or one that depends on it, and fit the filter."""

    kinds: frozenset[str]
    mixin: str | None = None
    wanted: Filter = field(default_factory=Filter)


def window(query: Mapping[str, str]) -> Window:
    """`page` counts from 1 (PAG-02); 413 for a larger page than allowed (PAG-03)."""
    page, number = whole_number(query, "page"), whole_number(query, "number")
    if page is None and number is None:
        return Window()
    size = number or PAGE
    if size > LARGEST:
        raise TooLarge(f"number={size} is more than a page may have.", hint=f"at most {LARGEST}")
    return Window(((page or 1) - 1) * size, size)


def below(registry: Registry, path: str) -> frozenset[str]:
    """The kinds that live below a path (NS-05)."""
    return frozenset(kind.id for kind in registry.kinds.values() if kind.location and kind.location.startswith(path))


def select(
    tx: Transaction, account: str, registry: Registry, selection: Selection, *, page: Window | None = None
) -> Iterator[Record]:
    """The account's own and the platform's, ordered by kind and id; those of the `page`, by default all."""
    found = _selected(tx, account, registry, selection, _CHUNK if page is None else page.chunk)
    return found if page is None else page.cut(found)


def _selected(tx: Transaction, account: str, registry: Registry, selection: Selection, chunk: int) -> Iterator[Record]:
    core, others = _split(selection.wanted.attributes)
    families = _families(registry, selection)
    mixin = next((name for family in families if len(family) == 1 for name in family), None)
    for kind in sorted(_narrowed(registry, selection)):
        values = filters.narrowed(registry, kind, others)
        if values is None:
            continue
        for record in _of_kind(tx, account, kind, values, core, mixin=mixin, chunk=chunk):
            if any(family.isdisjoint(record.mixins) for family in families):
                continue
            if _has(record, core) and _fits(record, values):
                yield record


SOURCE, TARGET = "occi.core.source", "occi.core.target"
ENDS = (SOURCE, TARGET)
"""A link's ends: a filter has them as they are stored."""

_CORE: Mapping[str, str] = {
    "occi.core.id": "id",
    "occi.core.title": "title",
    "occi.core.summary": "summary",
    SOURCE: "source",
    TARGET: "target",
}


def _split(attributes: Mapping[str, Value]) -> tuple[dict[str, Value], dict[str, Value]]:
    """(the core's own, which are members of a record; the others)."""
    core = {name: value for name, value in attributes.items() if name.startswith("occi.core.")}
    return core, {name: value for name, value in attributes.items() if name not in core}


def _families(registry: Registry, selection: Selection) -> list[frozenset[str]]:
    """Of each set of mixins an entity must have one."""
    names = [name for name in selection.wanted.categories if name in registry.mixins]
    return [registry.mixins_below(name) for name in (*names, selection.mixin) if name is not None]


def _narrowed(registry: Registry, selection: Selection) -> frozenset[str]:
    """Without the kinds that the filter rules out; an action rules out all."""
    kinds = selection.kinds
    for name in selection.wanted.categories:
        if name not in registry.mixins:
            kinds &= registry.kinds_below(name)
    return kinds


def _has(record: Record, core: Mapping[str, Value]) -> bool:
    return all(name in _CORE and getattr(record, _CORE[name]) == bare_id(str(value)) for name, value in core.items())


def _fits(record: Record, values: Mapping[str, Value]) -> bool:
    """The store is asked for single values only."""
    return all(record.attributes.get(name) == value for name, value in values.items() if isinstance(value, list | dict))


def _of_kind(
    tx: Transaction,
    account: str,
    kind: str,
    values: Mapping[str, Value],
    core: Mapping[str, Value],
    *,
    mixin: str | None,
    chunk: int,
) -> Iterator[Record]:
    """What the store can be asked for; `chunk` records at a time."""
    source, target = (str(core[name]) if name in core else None for name in ENDS)
    wanted = {name: value for name, value in values.items() if isinstance(value, str | int | float | bool)}
    after: str | None = None
    while True:
        page = entities.page(
            tx,
            account,
            kind=kind,
            mixin=mixin,
            attributes=wanted,
            source=source,
            target=target,
            after=after,
            limit=chunk,
        )
        yield from page.records
        if (after := page.after) is None:
            return
