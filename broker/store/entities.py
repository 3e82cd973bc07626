"""OCCI entities: resources and links of every kind. Only storing and finding; what they mean is `broker.occi`'s.

The entities of account `platform` are readable by all accounts and written by none but the platform itself. An update
names the generation it saw, so that no update is lost.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from heapq import merge
from itertools import islice
from typing import Any

import sqlalchemy as sa

from broker.errors import Clash, Missing, Stale
from broker.store.engine import Transaction, upsert
from broker.store.tables import entities, entity_attributes, entity_mixins, tombstones

PLATFORM = "platform"

Scalar = str | int | float | bool
"""What an attribute can be looked up by."""


@dataclass(frozen=True, slots=True)
class Record:
    """One entity. `kind` and `mixins` are full type ids (scheme + term); `source` and `target` are a link's ends, None
    for a resource. `generation` counts from 1 and is the ETag; `created` and `updated` are UTC microseconds."""

    account: str
    kind: str
    id: str
    generation: int = 1
    title: str = ""
    summary: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    mixins: tuple[str, ...] = ()
    source: str | None = None
    target: str | None = None
    created: int = 0
    updated: int = 0


@dataclass(frozen=True, slots=True)
class Page:
    """Records ordered by kind and id. `after` is what the next page is asked for with; None: this is the last."""

    records: tuple[Record, ...]
    after: str | None


def get(tx: Transaction, account: str, kind: str, id: str) -> Record:
    """The account's entity, or the platform's. Missing."""
    found = find(tx, account, kind, id)
    if found is None:
        raise Missing(f"there is no {_term(kind)} {id}", hint="list the collection to see those there are")
    return found


def find(tx: Transaction, account: str, kind: str, id: str) -> Record | None:
    """The account's entity, or the platform's, or None."""
    rows = tx.run(_FIND, {"account_": account, "kind_": kind, "id_": id}).all()
    mine = sorted(rows, key=lambda row: row.account != account)
    return _record(mine[0]) if mine else None


def insert(tx: Transaction, record: Record) -> Record:
    """Store a new entity, generation 1; gives it as stored. Clash when the account has one with this kind and id."""
    stored = replace(record, generation=1, created=tx.now, updated=tx.now)
    if not tx.run(_INSERT, {**_values(stored), "sequence": 0}).rowcount:
        raise Clash(f"{_term(record.kind)} {record.id} exists", hint="update it, or choose another id")
    _set_mixins(tx, stored)
    return stored


def update(tx: Transaction, record: Record, *, expect: int | None = None) -> Record:
    """Replace what may change; gives it as stored. `expect` is the generation that was seen, by default the record's.
    Stale when it is not the newest, Missing when the entity is gone."""
    expected = record.generation if expect is None else expect
    stored = replace(record, generation=expected + 1, updated=tx.now)
    values = {key: value for key, value in _values(stored).items() if key not in _FIXED}
    changed = tx.run(
        sa.update(entities)
        .where(*_is(record.account, record.kind, record.id), entities.c.generation == expected)
        .values(values)
    )
    if not changed.rowcount:
        _refuse_stale(tx, record.account, record.kind, record.id, expected)
    _set_mixins(tx, stored, anew=True)
    return stored


def delete(tx: Transaction, account: str, kind: str, id: str, *, expect: int | None = None) -> None:
    """Remove the account's entity, never the platform's. Missing; Stale when `expect` is not the newest generation."""
    gone = sa.delete(entities).where(*_is(account, kind, id))
    if expect is not None:
        gone = gone.where(entities.c.generation == expect)
    if not tx.run(gone).rowcount:
        _refuse_stale(tx, account, kind, id, expect)


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
    answers = (sorted(map(_record, each), key=_place) for each in rows)
    found = list(islice(merge(*answers, key=_place), limit + 1))
    more = len(found) > limit
    return Page(tuple(found[:limit]), _cursor(found[limit - 1]) if more else None)


def upsert_projection(tx: Transaction, record: Record, sequence: int) -> bool:
    """Store what a journal's sequence says of an entity; False when a newer one is there, so that late and repeated
    deliveries do no harm."""
    return bool(upsert_projections(tx, [(record, sequence)]))


def upsert_projections(tx: Transaction, many: Sequence[tuple[Record, int]]) -> int:
    """`upsert_projection` of many, in a few statements; how many entities were stored. Of one that comes several times
    the newest counts, wherever it stands."""
    newest = {_key(record): (record, sequence) for record, sequence in sorted(many, key=lambda each: each[1])}
    there = _sequences(tx, [record for record, _ in newest.values()])
    newer = [(record, sequence) for key, (record, sequence) in newest.items() if there.get(key, -1) < sequence]
    if not newer:
        return 0
    now = {"generation": 1, "created": tx.now, "updated": tx.now}
    tx.run(_UPSERT, [{**_values(record), **now, "sequence": sequence} for record, sequence in newer])
    _index_mixins(tx, [record for record, _ in newer], there)
    return len(newer)


def _sequences(tx: Transaction, records: Sequence[Record]) -> dict[tuple[str, str, str], int]:
    """The sequences of those that are there, or were removed lately. The transaction holds the writers' lock: they stay
    so."""
    found: dict[tuple[str, str, str], int] = {}
    for account, kind in dict.fromkeys((record.account, record.kind) for record in records):
        ids = [record.id for record in records if (record.account, record.kind) == (account, kind)]
        for start in range(0, len(ids), _AT_ONCE):
            asked = {"account_": account, "kind_": kind, "ids": ids[start : start + _AT_ONCE]}
            for row in tx.run(_SEQUENCES, asked):
                key = (account, kind, row.id)
                found[key] = max(row.sequence, found.get(key, row.sequence))
    return found


def _index_mixins(tx: Transaction, records: Sequence[Record], there: Mapping[tuple[str, str, str], int]) -> None:
    """The index of mixins; the records' own lists are the truth."""
    former = [_key(record) for record in records if _key(record) in there]
    if former:
        tx.run(_FORGET_MIXINS, [dict(zip(("account_", "kind_", "id_"), key, strict=True)) for key in former])
    rows = [
        {"account": record.account, "kind": record.kind, "id": record.id, "mixin": mixin}
        for record in records
        for mixin in dict.fromkeys(record.mixins)
    ]
    if rows:
        tx.run(sa.insert(entity_mixins), rows)


def delete_projection(tx: Transaction, account: str, kind: str, id: str, sequence: int) -> bool:
    """Remove a projection, unless a newer one is there (then False) or none was. An older one that comes later, because
    two workers delivered at once, finds the tombstone and stays away."""
    older = sa.delete(entities).where(*_is(account, kind, id), entities.c.sequence < sequence)
    gone = bool(tx.run(older).rowcount)
    tx.run(_BURY, {"account": account, "kind": kind, "id": id, "sequence": sequence, "at": tx.now})
    return gone


def bury(tx: Transaction, account: str, kind: str, id: str) -> None:
    """Have every projection of an entity stay away from now on: it is removed, whatever is told of it meanwhile."""
    tx.run(_BURY, {"account": account, "kind": kind, "id": id, "sequence": FOR_EVER, "at": tx.now})


def prune_tombstones(tx: Transaction) -> int:
    """Remove those that nothing can be late for any more; how many."""
    return int(tx.run(sa.delete(tombstones).where(tombstones.c.at < tx.now - BURIED)).rowcount)


FOR_EVER = 2**62
"""Later than any sequence."""

BURIED = 24 * 3600 * 1_000_000
"""Microseconds that a removal is known: far longer than a delivery can be under way."""

_PLACE = ("account", "kind", "id")

_NAME, _VALUE = 200, 64
"""Characters of an attribute's name and value that its index has."""

_FIXED = ("account", "kind", "id", "created")

_AT_ONCE = 500
"""Ids of one question: SQLite takes 32,766 values, its planner fewer."""


def _sequences_in(table: sa.Table) -> sa.Select[Any]:
    return sa.select(table.c.id, table.c.sequence).where(
        table.c.account == sa.bindparam("account_"),
        table.c.kind == sa.bindparam("kind_"),
        table.c.id.in_(sa.bindparam("ids", expanding=True)),
    )


_SEQUENCES = sa.union_all(_sequences_in(entities), _sequences_in(tombstones))
_NEW_GRAVE = upsert(tombstones)
_BURY = _NEW_GRAVE.on_conflict_do_update(
    index_elements=["account", "kind", "id"],
    set_={"sequence": _NEW_GRAVE.excluded.sequence, "at": _NEW_GRAVE.excluded.at},
    where=tombstones.c.sequence < _NEW_GRAVE.excluded.sequence,
)
_FORGET_MIXINS = sa.delete(entity_mixins).where(
    entity_mixins.c.account == sa.bindparam("account_"),
    entity_mixins.c.kind == sa.bindparam("kind_"),
    entity_mixins.c.id == sa.bindparam("id_"),
)
_NEW = upsert(entities)
# A failed INSERT would end the whole transaction on PostgreSQL.
_INSERT = _NEW.on_conflict_do_nothing().execution_options(preserve_rowcount=True)
_UPSERT = _NEW.on_conflict_do_update(
    index_elements=["account", "kind", "id"],
    set_={
        **{each.name: _NEW.excluded[each.name] for each in entities.c if each.name not in (*_FIXED, "generation")},
        "generation": entities.c.generation + 1,
    },
)
"""Made once: making a statement costs more than SQLite's part of it."""


def _key(record: Record) -> tuple[str, str, str]:
    return (record.account, record.kind, record.id)


def _readable(account: str) -> tuple[str, ...]:
    return (account,) if account == PLATFORM else (account, PLATFORM)


def _term(kind: str) -> str:
    return kind.rpartition("#")[2]


def _is(account: str, kind: str, id: str) -> tuple[sa.ColumnElement[bool], ...]:
    return (entities.c.account == account, entities.c.kind == kind, entities.c.id == id)


def _values(record: Record) -> dict[str, Any]:
    return {
        "account": record.account,
        "kind": record.kind,
        "id": record.id,
        "generation": record.generation,
        "title": record.title,
        "summary": record.summary,
        "attributes": dict(record.attributes),
        "mixins": list(record.mixins),
        "source": record.source,
        "target": record.target,
        "created": record.created,
        "updated": record.updated,
    }


def _record(row: sa.Row[Any]) -> Record:
    values = row._mapping
    kept = {key: values[key] for key in _PLAIN}
    return Record(**kept, mixins=tuple(values["mixins"]))


_PLAIN = tuple(name for name in Record.__slots__ if name != "mixins")

_FIND = sa.select(entities).where(
    entities.c.account.in_((sa.bindparam("account_"), sa.bindparam("platform_", PLATFORM))),
    entities.c.kind == sa.bindparam("kind_"),
    entities.c.id == sa.bindparam("id_"),
)


def _refuse_stale(tx: Transaction, account: str, kind: str, id: str, expected: int | None) -> None:
    newest = tx.run(sa.select(entities.c.generation).where(*_is(account, kind, id))).scalar()
    if newest is None:
        raise Missing(f"there is no {_term(kind)} {id} in account {account}", hint="list the collection")
    raise Stale(
        f"{_term(kind)} {id} is at generation {newest}, not {expected}",
        hint="read it again, and repeat the change on what you then see",
        generation=newest,
    )


def _set_mixins(tx: Transaction, record: Record, *, anew: bool = False) -> None:
    """The index of mixins; the record's own list is the truth."""
    if anew:
        mine = (entity_mixins.c.account == record.account, entity_mixins.c.kind == record.kind)
        tx.run(sa.delete(entity_mixins).where(*mine, entity_mixins.c.id == record.id))
    if record.mixins:
        key = {"account": record.account, "kind": record.kind, "id": record.id}
        tx.run(sa.insert(entity_mixins), [{**key, "mixin": mixin} for mixin in dict.fromkeys(record.mixins)])


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
        return wanted.with_only_columns(*entities.c)
    keys = wanted.subquery("page")
    return sa.select(entities).join_from(keys, entities, sa.and_(*_same(keys)))


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


def written(value: Scalar) -> str:
    """An attribute's value as the index has it (migration 0007), the beginning of a long text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return format(value + 0.0, ".15g") if isinstance(value, float) else str(value)[:_VALUE]  # -0.0 is written 0


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
