"""Entities that are told from elsewhere: projections of a journal. What comes late or twice does no harm, for each has
the journal's sequence, and a removal leaves a tombstone with its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from broker.store.engine import Transaction, upsert
from broker.store.entities.records import FIXED, Record, identity, to_row
from broker.store.tables import entities, entity_mixins, tombstones


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
    tx.run(_UPSERT, [{**to_row(record), **now, "sequence": sequence} for record, sequence in newer])
    _index_mixins(tx, [record for record, _ in newer], there)
    return len(newer)


def delete_projection(tx: Transaction, account: str, kind: str, id: str, sequence: int) -> bool:
    """Remove a projection, unless a newer one is there (then False) or none was. An older one that comes later, because
    two workers delivered at once, finds the tombstone and stays away."""
    older = sa.delete(entities).where(*identity(account, kind, id), entities.c.sequence < sequence)
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
_UPSERT = _NEW.on_conflict_do_update(
    index_elements=["account", "kind", "id"],
    set_={
        **{each.name: _NEW.excluded[each.name] for each in entities.c if each.name not in (*FIXED, "generation")},
        "generation": entities.c.generation + 1,
    },
)
"""Made once: making a statement costs more than SQLite's part of it."""


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


def _key(record: Record) -> tuple[str, str, str]:
    return (record.account, record.kind, record.id)
