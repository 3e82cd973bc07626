"""When an account's entities of a kind changed last: a number each, which grows with every transaction that makes,
changes or removes one. The database keeps them itself (migration 0008), so whoever remembers what he read learns by
one question whether it is still so."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from broker.store.engine import Compiled, Transaction
from broker.store.entities.records import PLATFORM
from broker.store.tables import collections

Generations = Mapping[tuple[str, str], int]
"""(account, kind) -> its number. A kind that never had an entity is not in it."""


def generations(tx: Transaction, account: str) -> Generations:
    """Of all kinds of the account and of the platform."""
    return {(owner, kind): number for owner, kind, number in tx.rows(_GENERATIONS, {"account_": account})}


_GENERATIONS = Compiled(
    sa.select(collections.c.account, collections.c.kind, collections.c.generation).where(
        collections.c.account.in_((sa.bindparam("account_"), sa.literal_column(f"'{PLATFORM}'")))
    )
)
