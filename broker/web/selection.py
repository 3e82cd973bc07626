"""Which entities a collection holds: those of its kinds or mixin that fit the filter, in the order of kind and id.

What a filter says becomes what the store is asked for, kind by kind; nothing is left to be looked at here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from broker.errors import Invalid, TooLarge
from broker.occi import filters
from broker.occi.model import Value, bare_id
from broker.occi.read import Filter
from broker.occi.registry import Registry
from broker.store import Record, Transaction, entities
from broker.store.entities import Key, Wanted
from broker.web.exchange import whole_number

PAGE = 100
"""Entities of a page when the client does not say how many."""
LARGEST = 1000
_CHUNK = 500

_One = TypeVar("_One")


@dataclass(frozen=True, slots=True)
class Window:
    """A page: `number` entities after `skip`, or behind the path `after`; None means all."""

    skip: int = 0
    number: int | None = None
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Selection:
    """Entities of any of these kinds that have the mixin, or one that depends on it, and fit the filter."""

    kinds: frozenset[str]
    mixin: str | None = None
    wanted: Filter = field(default_factory=Filter)


def window(query: Mapping[str, str]) -> Window:
    """`page` counts from 1 (PAG-02); 413 for a larger page than allowed (PAG-03)."""
    page, number, after = whole_number(query, "page"), whole_number(query, "number"), query.get("after")
    if page is None and number is None and after is None:
        return Window()
    if page is not None and after is not None:
        raise Invalid("A page has its number, or begins after an entity: not both.", hint="leave out page")
    size = number or PAGE
    if size > LARGEST:
        raise TooLarge(f"number={size} is more than a page may have.", hint=f"at most {LARGEST}")
    return Window(((page or 1) - 1) * size, size, after)


def below(registry: Registry, path: str) -> frozenset[str]:
    """The kinds that live below a path (NS-05)."""
    return frozenset(kind.id for kind in registry.kinds.values() if kind.location and kind.location.startswith(path))


def select(tx: Transaction, account: str, registry: Registry, selection: Selection) -> Iterator[Record]:
    """All of them, the account's own and the platform's, some at a time."""
    parts = asked(registry, selection)
    after: str | None = None
    while True:
        found, after = records(tx, account, parts, after, _CHUNK)
        yield from found
        if after is None:
            return


def asked(registry: Registry, selection: Selection) -> tuple[Wanted, ...]:
    """What the store is asked for, each kind for itself: a value means what the kind's attribute is."""
    if any(name.startswith("occi.core.") and name not in _CORE for name in selection.wanted.attributes):
        return ()  # FIL-03
    mixins = _families(registry, selection)
    found = (_of_kind(registry, kind, selection.wanted.attributes) for kind in sorted(_narrowed(registry, selection)))
    return tuple({**each, "mixins": mixins} for each in found if each is not None)


def records(
    tx: Transaction, account: str, parts: Sequence[Wanted], after: str | None, limit: int
) -> tuple[list[Record], str | None]:
    """The first of what is asked for, behind a cursor; and the cursor behind these, None when there are no more."""

    def ask(part: Wanted, after: str | None, limit: int) -> Collection[Record]:
        return entities.page(tx, account, after=after, limit=limit, **part).records

    found = _gathered(_present(tx, account, parts), ask, after, limit + 1)
    more = len(found) > limit
    return found[:limit], entities.cursor(found[limit - 1].kind, found[limit - 1].id) if more else None


def keys(
    tx: Transaction, account: str, parts: Sequence[Wanted], after: str | None, limit: int
) -> tuple[list[Key], str | None]:
    """Kind and id of what `records` gives; no entity is read."""

    def ask(part: Wanted, after: str | None, limit: int) -> Collection[Key]:
        return entities.keys(tx, account, after=after, limit=limit, **part)[0]

    found = _gathered(_present(tx, account, parts), ask, after, limit + 1)
    return found[:limit], entities.cursor(*found[limit - 1]) if len(found) > limit else None


def passed(
    tx: Transaction, account: str, parts: Sequence[Wanted], after: str | None, count: int
) -> tuple[str | None, int]:
    """The cursor behind the next `count`, and `count`; None, and how many there are, when there are fewer."""
    left = count
    for part in _from(_present(tx, account, parts), after):
        after, number = entities.passed(tx, account, left, after=_within(part, after), **part)
        left -= number
        if after is not None:
            return after, count
    return None, count - left


def _gathered(
    parts: Sequence[Wanted],
    ask: Callable[[Wanted, str | None, int], Collection[_One]],
    after: str | None,
    limit: int,
) -> list[_One]:
    found: list[_One] = []
    for part in _from(parts, after):
        found += ask(part, _within(part, after), limit - len(found))
        if len(found) == limit:
            break
    return found


def _from(parts: Sequence[Wanted], after: str | None) -> Iterator[Wanted]:
    """Those that a cursor has not left behind."""
    last = "" if after is None else after.partition(" ")[0]
    return (part for part in parts if str(part["kind"]) >= last)


def _within(part: Wanted, after: str | None) -> str | None:
    return after if after is not None and after.partition(" ")[0] == part["kind"] else None


def _present(tx: Transaction, account: str, parts: Sequence[Wanted]) -> Sequence[Wanted]:
    """Without the kinds that nobody has anything of; one is as quickly asked for."""
    if len(parts) < 2:
        return parts
    kinds = {kind for _, kind in entities.generations(tx, account)}
    return [part for part in parts if part["kind"] in kinds]


SOURCE, TARGET = "occi.core.source", "occi.core.target"
ENDS = (SOURCE, TARGET)
"""A link's ends: a filter has them as they are stored."""

_TITLES = ("occi.core.title", "occi.core.summary")
_CORE = frozenset({"occi.core.id", *_TITLES, *ENDS})


def _of_kind(registry: Registry, kind: str, attributes: Mapping[str, Value]) -> Wanted | None:
    """None when no entity of the kind fits: it has no such attribute, or none of that type."""
    values = filters.narrowed(registry, kind, _others(attributes))
    if values is None:
        return None
    titles = {name: str(attributes[name]) for name in _TITLES if name in attributes}
    source, target = (str(attributes[name]) if name in attributes else None for name in ENDS)
    id = bare_id(str(attributes["occi.core.id"])) if "occi.core.id" in attributes else None
    return {"kind": kind, "id": id, "attributes": {**values, **titles}, "source": source, "target": target}


def _others(attributes: Mapping[str, Value]) -> dict[str, Value]:
    """Those that are not the core's own, which have a place of their own in a record."""
    return {name: value for name, value in attributes.items() if not name.startswith("occi.core.")}


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
