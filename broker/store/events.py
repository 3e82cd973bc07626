"""What happened, in order: read by sequence number, so that a reader that comes back misses nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from broker.store.engine import Transaction
from broker.store.tables import counters, events


@dataclass(frozen=True, slots=True)
class Event:
    """`name` is like a log event's (`step.done`); `fields` never hold a secret. `at` is UTC microseconds."""

    seq: int
    account: str
    service: str | None
    at: int
    name: str
    fields: Mapping[str, Any]


def append(tx: Transaction, account: str, service: str | None, name: str, fields: Mapping[str, object]) -> int:
    """Add one event; its sequence number."""
    return extend(tx, account, service, [(name, fields)])


def extend(tx: Transaction, account: str, service: str | None, many: Sequence[tuple[str, Mapping[str, object]]]) -> int:
    """Add (name, fields) pairs in order; the sequence number of the last, 0 for none."""
    if not many:
        return 0
    first = tx.sequence(len(many))
    shared = {"account": account, "service": service, "at": tx.now}
    rows = [{**shared, "seq": first + n, "name": name, "fields": dict(f)} for n, (name, f) in enumerate(many)]
    tx.run(_APPEND, rows)
    return first + len(many) - 1


_APPEND = sa.insert(events)


def after(
    tx: Transaction, account: str, seq: int = 0, *, service: str | None = None, limit: int = 200
) -> tuple[Event, ...]:
    """The events past `seq`, oldest first; of one service, or of all in the account."""
    wanted = sa.select(events).where(events.c.account == account, events.c.seq > seq)
    if service is not None:
        wanted = wanted.where(events.c.service == service)
    return tuple(Event(**row._mapping) for row in tx.run(wanted.order_by(events.c.seq).limit(limit)))


def last(tx: Transaction, account: str) -> int:
    """The newest sequence number in the account, 0 when nothing ever happened."""
    return int(tx.run(sa.select(sa.func.max(events.c.seq)).where(events.c.account == account)).scalar() or 0)


_MARK = sa.select(counters.c.value).where(counters.c.name == "sequence")


def mark(tx: Transaction) -> int:
    """The newest sequence number given to anything, in any account: while it stands still, nothing happens."""
    return int(tx.run(_MARK).scalar_one())
