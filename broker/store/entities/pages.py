"""Pages of entities that fit a filter, in the order of kind and id, from an index that has this order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from heapq import merge
from itertools import islice
from typing import Any

import sqlalchemy as sa

from broker.store.engine import Transaction
from broker.store.entities.records import COLUMNS, PLATFORM, Record, from_row
from broker.store.tables import entities, entity_attributes, entity_mixins

Scalar = str | int | float | bool
"""What an attribute can be looked up by."""


@dataclass(frozen=True, slots=True)
class Page:
    """Records ordered by kind and id. `after` is what the next page is asked for with; None: this is the last."""

    records: tuple[Record, ...]
    after: str | None


def page(
    tx: Transaction,
    account: str,
    *,
    kind: str | None = None,
    mixin: str | None = None,
    attributes: Mapping[str, Scalar] | None = None,
    source: str | None = None,
    target: str | None = None,
    after: str | None = None,
    limit: int = 100,
) -> Page:
    """The account's entities and the platform's, ordered by kind and id, those that fit every filter given.

    `attributes` must be written the same: the text "4" finds the number, too. Keyset paging: the cost of a page does
    not depend on how many came before, nor on how many the filters leave out.
    """
    named = list((attributes or {}).items())
    last, _, last_id = (after or "").partition(" ")
    past = None if after is None else "id" if kind == last else "place"
    given = {"kind": kind, "mixin": mixin, "source": source, "target": target}
    long = tuple(name if _is_long(wish) else None for name, wish in named)
    wanted = _select(frozenset(name for name, value in given.items() if value is not None), long, past)
    values: dict[str, Any] = {**given, "limit": limit + 1, "last": last, "last_id": last_id}
    for number, (name, wish) in enumerate(named):
        values |= {f"name_{number}": name[:_NAME], f"value_{number}": written(wish), f"whole_{number}": wish}
    rows = (tx.run(wanted, {**values, "account": name}) for name in _readable(account))
    answers = (sorted(map(from_row, each), key=_place) for each in rows)
    found = list(islice(merge(*answers, key=_place), limit + 1))
    more = len(found) > limit
    return Page(tuple(found[:limit]), _cursor(found[limit - 1]) if more else None)


def written(value: Scalar) -> str:
    """An attribute's value as the index has it (migration 0007), the beginning of a long text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return format(value + 0.0, ".15g") if isinstance(value, float) else str(value)[:_VALUE]  # -0.0 is written 0


_PLACE = ("account", "kind", "id")

_NAME, _VALUE = 200, 64
"""Characters of an attribute's name and value that its index has."""


def _readable(account: str) -> tuple[str, ...]:
    return (account,) if account == PLATFORM else (account, PLATFORM)


@lru_cache(maxsize=256)
def _select(given: frozenset[str], long: tuple[str | None, ...], past: str | None) -> sa.Select[Any]:
    """The statement of a page: filters that are given; of each attribute its name if the index has only the beginning
    of its value; behind which kind of cursor. Which entities is found in one index, and only then are they read: left
    to itself PostgreSQL takes a value for rarer than it is, and sorts all that have it."""
    filters = [*map(_attribute, range(len(long))), *([_MIXIN] if "mixin" in given else [])]
    whole = [_whole(name, number) for number, name in enumerate(long) if name is not None]
    # An end of a link is the rarest of all: its index leads. Otherwise the first filter's, which has the page's order.
    leads = filters.pop(0) if filters and not given & {"source", "target"} else _Filter(entities)
    first = leads.table.c
    wanted = sa.select(first.account, first.kind, first.id).where(
        first.account == sa.bindparam("account"), *leads.where
    )
    for name, column in (("kind", first.kind), ("source", entities.c.source), ("target", entities.c.target)):
        if name in given:
            wanted = wanted.where(column == sa.bindparam(name))
    here = () if leads.table is entities else _same(leads.table)
    for each in filters:
        same = (each.table.c[name] == first[name] for name in _PLACE)
        wanted = wanted.where(sa.exists().where(*each.where, *same))
    for one in whole:
        wanted = wanted.where(sa.exists(sa.select(entities.c.id).where(one, *here)) if here else one)
    if past is not None:
        wanted = wanted.where(_past(leads.table, past))
    wanted = wanted.order_by(first.kind, first.id).limit(sa.bindparam("limit", type_=sa.Integer))
    if leads.table is entities:
        return wanted.with_only_columns(*COLUMNS)
    keys = wanted.subquery("page")
    return sa.select(*COLUMNS).join_from(keys, entities, sa.and_(*_same(keys)))


@dataclass(frozen=True, slots=True)
class _Filter:
    """An index of entities, and the part of it that is wanted."""

    table: sa.FromClause
    where: tuple[sa.ColumnElement[bool], ...] = ()


def _attribute(number: int) -> _Filter:
    table = entity_attributes.alias()
    named = table.c.name == sa.bindparam(f"name_{number}")
    return _Filter(table, (named, table.c.value == sa.bindparam(f"value_{number}")))


_MIXIN = _Filter(entity_mixins, (entity_mixins.c.mixin == sa.bindparam("mixin"),))


def _same(table: sa.FromClause) -> tuple[sa.ColumnElement[bool], ...]:
    return tuple(table.c[name] == entities.c[name] for name in _PLACE)


def _is_long(wish: Scalar) -> bool:
    return isinstance(wish, str) and len(wish) >= _VALUE


def _whole(name: str, number: int) -> sa.ColumnElement[bool]:
    found: sa.ColumnElement[bool] = entities.c.attributes[name].as_string() == sa.bindparam(f"whole_{number}")
    return found


def _place(record: Record) -> tuple[str, str]:
    return (record.kind, record.id)


def _cursor(record: Record) -> str:
    return f"{record.kind} {record.id}"


def _past(table: sa.FromClause, cursor: str) -> sa.ColumnElement[bool]:
    """Behind the cursor. Within one kind by the id alone, so that the primary key gives the order."""
    last_id = sa.bindparam("last_id", type_=sa.String)
    if cursor == "id":
        found: sa.ColumnElement[bool] = table.c.id > last_id
        return found
    return sa.tuple_(table.c.kind, table.c.id) > sa.tuple_(sa.bindparam("last", type_=sa.String), last_id)
