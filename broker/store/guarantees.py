"""What was promised of each service: the guarantees that are judged while it is active."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa

from broker.store.engine import Transaction, upsert
from broker.store.tables import guarantees, services
from sla.model import Business, Comparison, Guarantee, Objective


@dataclass(frozen=True, slots=True)
class Promise:
    """One guarantee of one service."""

    account: str
    service: str
    guarantee: Guarantee


def put(tx: Transaction, account: str, service: str, many: Sequence[Guarantee]) -> None:
    """Keep what is promised; the same guarantee of the same target replaces what was."""
    for one in many:
        key = {"account": account, "service": service, "name": one.name, "target": one.target}
        fresh = {"definition": asdict(one)}
        row = upsert(guarantees).values({**key, **fresh})
        tx.run(row.on_conflict_do_update(index_elements=list(key), set_=fresh))


def of_service(tx: Transaction, account: str, service: str) -> tuple[Promise, ...]:
    """What is promised of one service."""
    mine = (guarantees.c.account == account, guarantees.c.service == service)
    rows = tx.run(sa.select(guarantees).where(*mine).order_by(guarantees.c.name, guarantees.c.target))
    return tuple(Promise(row.account, row.service, _guarantee(row.definition)) for row in rows)


def judged(tx: Transaction) -> tuple[Promise, ...]:
    """The guarantees of every active service of every account, for the worker."""
    same = (guarantees.c.account == services.c.account) & (guarantees.c.service == services.c.id)
    active = sa.select(guarantees).join(services, same).where(services.c.state == "active")
    rows = tx.run(active.order_by(guarantees.c.account, guarantees.c.service, guarantees.c.name, guarantees.c.target))
    return tuple(Promise(row.account, row.service, _guarantee(row.definition)) for row in rows)


def _guarantee(stored: Mapping[str, Any]) -> Guarantee:
    objective = Objective(Comparison(stored["objective"]["comparison"]), stored["objective"]["value"])
    business = tuple(Business(**one) for one in stored["business"])
    return Guarantee(**{**stored, "objective": objective, "business": business})
