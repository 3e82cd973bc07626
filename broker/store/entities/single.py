"""One entity: looked up, made, changed, removed. An update names the generation it saw, so that no update is lost."""

from __future__ import annotations

from dataclasses import replace

import sqlalchemy as sa

from broker.errors import Clash, Missing, Stale
from broker.store.engine import Compiled, Transaction, upsert
from broker.store.entities.records import COLUMNS, FIXED, PLATFORM, Record, from_row, identity, term, to_row, to_text
from broker.store.tables import entities, entity_mixins


def get(tx: Transaction, account: str, kind: str, id: str) -> Record:
    """The account's entity, or the platform's. Missing."""
    found = find(tx, account, kind, id)
    if found is None:
        raise Missing(f"there is no {term(kind)} {id}", hint="list the collection to see those there are")
    return found


def find(tx: Transaction, account: str, kind: str, id: str) -> Record | None:
    """The account's entity, or the platform's, or None."""
    found = [from_row(row) for row in tx.rows(_FIND, {"account_": account, "kind_": kind, "id_": id})]
    return next((each for each in found if each.account == account), found[0] if found else None)


def insert(tx: Transaction, record: Record) -> Record:
    """Store a new entity, generation 1; gives it as stored. Clash when the account has one with this kind and id."""
    stored = replace(record, generation=1, created=tx.now, updated=tx.now)
    if not tx.change(_INSERT, {**to_text(stored), "sequence": 0}):
        raise Clash(f"{term(record.kind)} {record.id} exists", hint="update it, or choose another id")
    _set_mixins(tx, stored)
    return stored


def update(tx: Transaction, record: Record, *, expect: int | None = None) -> Record:
    """Replace what may change; gives it as stored. `expect` is the generation that was seen, by default the record's.
    Stale when it is not the newest, Missing when the entity is gone."""
    expected = record.generation if expect is None else expect
    stored = replace(record, generation=expected + 1, updated=tx.now)
    values = {key: value for key, value in to_row(stored).items() if key not in FIXED}
    changed = tx.run(
        sa.update(entities)
        .where(*identity(record.account, record.kind, record.id), entities.c.generation == expected)
        .values(values)
    )
    if not changed.rowcount:
        _refuse_stale(tx, record.account, record.kind, record.id, expected)
    _set_mixins(tx, stored, anew=True)
    return stored


def delete(tx: Transaction, account: str, kind: str, id: str, *, expect: int | None = None) -> None:
    """Remove the account's entity, never the platform's. Missing; Stale when `expect` is not the newest generation."""
    gone = sa.delete(entities).where(*identity(account, kind, id))
    if expect is not None:
        gone = gone.where(entities.c.generation == expect)
    if not tx.run(gone).rowcount:
        _refuse_stale(tx, account, kind, id, expect)


_FIND = Compiled(
    sa.select(*COLUMNS).where(
        entities.c.account.in_((sa.bindparam("account_"), sa.literal_column(f"'{PLATFORM}'"))),
        entities.c.kind == sa.bindparam("kind_"),
        entities.c.id == sa.bindparam("id_"),
    )
)

# A failed INSERT would end the whole transaction on PostgreSQL.
_INSERT = Compiled(upsert(entities).on_conflict_do_nothing(), entities.c.keys())


def _refuse_stale(tx: Transaction, account: str, kind: str, id: str, expected: int | None) -> None:
    newest = tx.run(sa.select(entities.c.generation).where(*identity(account, kind, id))).scalar()
    if newest is None:
        raise Missing(f"there is no {term(kind)} {id} in account {account}", hint="list the collection")
    raise Stale(
        f"{term(kind)} {id} is at generation {newest}, not {expected}",
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
