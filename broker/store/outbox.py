"""Projections on their way to the rows that show them. Each was committed with the result it shows, so none is lost;
each carries its sequence, so that the receiver can ignore what comes late or twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from broker.store.engine import Transaction
from broker.store.tables import outbox


@dataclass(frozen=True, slots=True)
class Projection:
    """An entity as it shall be seen, or (`gone`) be seen no more. Fields as in `entities.Record`."""

    kind: str
    id: str
    title: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    mixins: tuple[str, ...] = ()
    source: str | None = None
    target: str | None = None
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Parcel:
    """A projection in the outbox; `seq` is its place and its sequence at the receiver."""

    seq: int
    account: str
    projection: Projection


def put(tx: Transaction, account: str, projections: Sequence[Projection]) -> None:
    """Leave projections for delivery, in order."""
    if not projections:
        return
    first = tx.sequence(len(projections))
    rows = [{"account": account, "seq": first + n, "projection": _json(p)} for n, p in enumerate(projections)]
    tx.run(sa.insert(outbox), rows)


def pending(tx: Transaction, limit: int = 500) -> tuple[Parcel, ...]:
    """The oldest that wait, of all accounts: delivering is the worker's, which acts for every account."""
    rows = tx.run(sa.select(outbox).order_by(outbox.c.seq).limit(limit))
    return tuple(Parcel(row.seq, row.account, _from_json(row.projection)) for row in rows)


def delivered(tx: Transaction, seqs: Sequence[int]) -> None:
    """Forget those that the receiver has acknowledged."""
    tx.run(sa.delete(outbox).where(outbox.c.seq.in_(seqs)))


def _json(projection: Projection) -> dict[str, object]:
    return {name: getattr(projection, name) for name in Projection.__slots__}


def _from_json(value: Mapping[str, Any]) -> Projection:
    return Projection(**{**value, "mixins": tuple(value["mixins"])})
