"""What is forgotten in time: events, and what was measured, judged and printed for services that were released.

What a service still needs is never touched: its journal, secrets and retained volumes stay until they are given back.
"""

from __future__ import annotations

import sqlalchemy as sa

from broker.store.engine import Transaction
from broker.store.tables import (
    events,
    guarantees,
    instructions,
    logs,
    samples,
    services,
    verdicts,
    violations,
    watches,
)

OF_SERVICES = (logs, violations, verdicts, guarantees, watches, instructions, samples)
"""Tables whose rows go with their service, some time after it was released."""


def prune(tx: Transaction, before: int) -> int:
    """Remove the events that happened before `before` (UTC microseconds), and all rows of services of every account
    that were released before it; how many rows."""
    gone = int(tx.run(sa.delete(events).where(events.c.at < before)).rowcount)
    return gone + sum(_of_released(tx, table, before) for table in OF_SERVICES)


def _of_released(tx: Transaction, table: sa.Table, before: int) -> int:
    mine = (services.c.account == table.c.account, services.c.id == table.c.service)
    over = sa.exists().where(*mine, services.c.state == "released", services.c.updated < before)
    return int(tx.run(sa.delete(table).where(over)).rowcount)
