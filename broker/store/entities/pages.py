"""Pages of entities that fit a filter, in the order of kind and id: the account's and the platform's.

A page is read from an index that has its order, behind the last of the page before: what it costs depends neither on
how many came before nor on how many there are. Of several filters the one that fits fewest leads; two that both fit
many and seldom the same are what can still cost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import groupby, islice
from typing import Any, TypeVar, Unpack

from broker.store.engine import Transaction
from broker.store.entities import statements
from broker.store.entities.records import PLATFORM, Record, from_row
from broker.store.entities.statements import Shape
from broker.store.entities.wanted import Wanted, indexed, is_whole
from broker.store.json_text import dump

Key = tuple[str, str]
"""Kind and id of an entity."""

_One = TypeVar("_One")


@dataclass(frozen=True, slots=True)
class Page:
    """Records ordered by kind and id. `after` is what the next page is asked for with; None: this is the last."""

    records: tuple[Record, ...]
    after: str | None


def page(
    tx: Transaction, account: str, *, after: str | None = None, limit: int = 100, **wanted: Unpack[Wanted]
) -> Page:
    """The first `limit` entities behind the cursor."""
    parts = (
        sorted(map(from_row, tx.rows(statements.rows(way.shape(after)), way.values(after, limit + 1))), key=_place)
        for way in _ways(tx, account, wanted)
    )
    found = _merged(parts, _place, limit + 1)
    more = len(found) > limit
    return Page(tuple(found[:limit]), cursor(*_place(found[limit - 1])) if more else None)


def keys(
    tx: Transaction, account: str, *, after: str | None = None, limit: int = 100, **wanted: Unpack[Wanted]
) -> tuple[tuple[Key, ...], str | None]:
    """Kind and id of what `page` gives, and its `after`; no entity is read."""
    found = _keys(tx, _ways(tx, account, wanted), after, limit + 1)
    return tuple(found[:limit]), cursor(*found[limit - 1]) if len(found) > limit else None


def passed(
    tx: Transaction, account: str, count: int, *, after: str | None = None, **wanted: Unpack[Wanted]
) -> tuple[str | None, int]:
    """The cursor behind the `count`-th entity, and `count`; None, and how many there are, when there are fewer. The
    index is walked this far: ask for some thousands at a time."""
    ways = _ways(tx, account, wanted)
    if len(ways) == 1:
        (way,) = ways
        values = way.values(after, 1, skip=count - 1)
        if last := tx.rows(statements.keys(way.shape(after)), values):
            return cursor(*last[0][1:]), count
    found = _keys(tx, ways, after, count)
    return (cursor(*found[-1]), count) if len(found) == count else (None, len(found))


def cursor(kind: str, id: str) -> str:
    """What a page is asked for with that begins behind an entity, which need not be there any more."""
    return f"{kind} {id}"


def _keys(tx: Transaction, ways: Iterable[_Way], after: str | None, limit: int) -> list[Key]:
    parts = (
        [(kind, id) for _, kind, id in tx.rows(statements.keys(way.shape(after)), way.values(after, limit))]
        for way in ways
    )
    return _merged(parts, _itself, limit)


def _merged(parts: Iterable[Iterable[_One]], place: Callable[[_One], Key], limit: int) -> list[_One]:
    """Parts in order as one; what is in several of them comes once."""
    lists = [each for each in map(list, parts) if each]
    if len(lists) == 1:
        return lists[0][:limit]
    once = (next(same) for _, same in groupby(merge(*lists, key=place), key=place))
    return list(islice(once, limit))


def _place(record: Record) -> Key:
    return (record.kind, record.id)


def _itself(key: Key) -> Key:
    return key


_MANY = 64
"""Mixins of a set that are looked for one by one; more are looked up of each entity."""

_ENOUGH = 1000
"""Entities of a filter that are counted, to find the one that fits fewest."""


@dataclass(frozen=True, slots=True)
class _Way:
    """One index to read, in its order: an account, a filter and which part of it leads."""

    account: str
    wanted: Wanted
    mixins: Sequence[Sequence[str]]
    leads: str = ""

    def shape(self, after: str | None = None) -> Shape:
        given = frozenset(name for name in ("kind", "id", "source", "target") if self.wanted.get(name) is not None)
        named = (self.wanted.get("attributes") or {}).items()
        parts = tuple(
            (None if is_whole(value) else name, isinstance(value, list | dict), isinstance(value, float))
            for name, value in named
        )
        past = None if after is None else "id" if after.partition(" ")[0] == self.wanted.get("kind") else "place"
        return Shape(given, parts, tuple(map(len, self.mixins)), self.leads, past)

    def values(self, after: str | None, limit: int, skip: int = 0) -> dict[str, Any]:
        last, _, last_id = (after or "").partition(" ")
        found: dict[str, Any] = {"account": self.account, "limit": limit, "skip": skip}
        found |= {"last": last, "last_id": last_id}
        found |= {name: self.wanted.get(name) for name in ("kind", "id", "source", "target")}
        for number, (name, value) in enumerate((self.wanted.get("attributes") or {}).items()):
            found[f"name_{number}"], found[f"value_{number}"] = indexed(name, value)
            found[f"whole_{number}"] = value if isinstance(value, str) else dump(value)
        for number, names in enumerate(self.mixins):
            found |= {f"mixin_{number}_{each}": name for each, name in enumerate(names)}
        return found


def _ways(tx: Transaction, account: str, wanted: Wanted) -> list[_Way]:
    """The indexes that together have the page, each in its order."""
    accounts = (account,) if account == PLATFORM else (account, PLATFORM)
    return [way for each in accounts for way in _ways_of(tx, each, wanted)]


def _ways_of(tx: Transaction, account: str, wanted: Wanted) -> Iterator[_Way]:
    mixins = _used(tx, account, wanted)
    if any(not names for names in mixins):
        return
    way = _leading(tx, account, wanted, mixins)
    kind, _, number = way.leads.partition(" ")
    if kind == "mixins" and len(mixins[int(number)]) > 1:
        for name in mixins[int(number)]:
            yield _Way(account, wanted, _with(mixins, int(number), name), way.leads)
    else:
        yield way


def _leading(tx: Transaction, account: str, wanted: Wanted, mixins: Sequence[Sequence[str]]) -> _Way:
    """The way that the filter leads which fits fewest entities; an id is looked up by the primary key."""
    ends = [name for name in ("source", "target") if wanted.get(name) is not None]
    attributes = [f"attribute {number}" for number in range(len(wanted.get("attributes") or {}))]
    sets = [f"mixins {number}" for number, names in enumerate(mixins) if len(names) <= _MANY]
    ways = [_Way(account, wanted, mixins, leads) for leads in (*ends, *attributes, *sets)]
    if not ways or wanted.get("id") is not None:
        return _Way(account, wanted, mixins)
    return ways[0] if len(ways) == 1 else min(ways, key=lambda way: _counted(tx, way))


def _counted(tx: Transaction, way: _Way) -> int:
    ((number,),) = tx.rows(statements.count(way.shape()), way.values(None, _ENOUGH))
    return int(number)


def _used(tx: Transaction, account: str, wanted: Wanted) -> list[Sequence[str]]:
    """Of each set of mixins those that the account's entities have: a set may hold every template there is."""
    sets = wanted.get("mixins") or ()
    if all(len(names) == 1 for names in sets):
        return [tuple(names) for names in sets]
    used = set(tx.run(statements.USED_MIXINS, {"account": account}).scalars())
    return [sorted(used & names) for names in sets]


def _with(mixins: Sequence[Sequence[str]], number: int, name: str) -> Sequence[Sequence[str]]:
    return [[name] if each == number else names for each, names in enumerate(mixins)]
