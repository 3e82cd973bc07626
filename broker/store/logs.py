"""What nodes print while they carry out instructions: untrusted text, read by number. Not durable, as samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from broker.store.engine import Transaction
from broker.store.tables import logs


@dataclass(frozen=True, slots=True)
class Line:
    """`instruction` is the id of what printed it, empty for the agent itself. `at` is UTC microseconds."""

    seq: int
    node: str
    instruction: str
    text: str
    at: int


def append(tx: Transaction, account: str, service: str, node: str, lines: Sequence[tuple[str, str]]) -> None:
    """Keep lines (instruction id, text) of a node, in order."""
    if not lines:
        return
    first = tx.sequence(len(lines))
    shared = {"account": account, "service": service, "node": node, "at": tx.now}
    rows = [
        {**shared, "seq": first + n, "instruction": id, "text": text.replace("\0", "\N{REPLACEMENT CHARACTER}")}
        for n, (id, text) in enumerate(lines)
    ]
    tx.run(sa.insert(logs), rows)


def after(
    tx: Transaction, account: str, service: str, seq: int = 0, *, node: str | None = None, limit: int = 500
) -> tuple[Line, ...]:
    """The lines past `seq`, oldest first; of one node or of all."""
    wanted = _ALL.where(logs.c.account == account, logs.c.service == service, logs.c.seq > seq)
    if node is not None:
        wanted = wanted.where(logs.c.node == node)
    return tuple(Line(**row._mapping) for row in tx.run(wanted.order_by(logs.c.seq).limit(limit)))


_ALL = sa.select(*(logs.c[name] for name in Line.__slots__))
