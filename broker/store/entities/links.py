"""The links of resources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from broker.store.engine import Transaction
from broker.store.entities.records import COLUMNS, PLATFORM, Record, from_row
from broker.store.tables import entities


def outgoing(tx: Transaction, account: str, ends: Sequence[str]) -> Mapping[str, tuple[Record, ...]]:
    """The links that begin at each of these stored references, the account's and the platform's, in the order of kind
    and id; an end without links is left out."""
    found: dict[str, list[Record]] = {}
    for start in range(0, len(ends), _AT_ONCE):
        for row in tx.run(_OUTGOING, {"account_": account, "ends": ends[start : start + _AT_ONCE]}):
            link = from_row(row)
            found.setdefault(str(link.source), []).append(link)
    return {end: tuple(sorted(links, key=lambda link: (link.kind, link.id))) for end, links in found.items()}


_AT_ONCE = 500

_OUTGOING = sa.select(*COLUMNS).where(
    entities.c.account.in_((sa.bindparam("account_"), sa.literal_column(f"'{PLATFORM}'"))),
    entities.c.source.in_(sa.bindparam("ends", expanding=True)),
)
