"""What is measured: nodes are told once what they measure themselves, by an instruction; what a configuration asks to
be measured from outside is kept here, measured by the worker while its service is active, and not judged.
"""

from __future__ import annotations

import uuid
from dataclasses import asdict, dataclass

import sqlalchemy as sa

from broker.store import guarantees, instructions
from broker.store.engine import Transaction, upsert
from broker.store.tables import services, watches
from sla import Origin, Watch, metric


@dataclass(frozen=True, slots=True)
class Watched:
    """One measurement of one service."""

    account: str
    service: str
    watch: Watch


def from_outside(watch: Watch) -> bool:
    """Whether the worker measures it, by asking the node as its clients do."""
    known = metric(watch.metric)
    return known is not None and known.origin is Origin.OUTSIDE


def tell(tx: Transaction, account: str, service: str, watch: Watch) -> None:
    """Have the node measure it. What says nothing new to an agent is left out: older ones know no more."""
    told: dict[str, object] = {"metric": watch.metric, "location": watch.location or "", "period": watch.period}
    if watch.expression:
        told |= {"samples": watch.samples, "expression": watch.expression}
    token = uuid.uuid5(uuid.UUID(service), f"probe {watch.target} {watch.metric} {watch.location}")
    instructions.add(tx, account, service, watch.target, id=str(token), method="probe", arguments=told)


def put(tx: Transaction, account: str, service: str, watch: Watch) -> None:
    """Keep it; the same metric of the same place replaces what was."""
    place = {"target": watch.target, "metric": watch.metric, "location": watch.location or ""}
    key = {"account": account, "service": service, **place}
    fresh = {"definition": asdict(watch)}
    tx.run(upsert(watches).values({**key, **fresh}).on_conflict_do_update(index_elements=list(key), set_=fresh))


def of_service(tx: Transaction, account: str, service: str) -> tuple[Watch, ...]:
    """Everything that is measured of a service, promised or not, each place once, in order."""
    mine = (watches.c.account == account, watches.c.service == service)
    kept = [Watch(**row.definition) for row in tx.run(sa.select(watches.c.definition).where(*mine))]
    promised = [each.guarantee.watch for each in guarantees.of_service(tx, account, service)]
    told = [Watch(metric, node, location=at or None) for node, metric, at in instructions.told(tx, account, service)]
    places = {(one.metric, one.target, one.location or ""): one for one in (*told, *promised, *kept)}
    return tuple(places[place] for place in sorted(places))


def active(tx: Transaction) -> tuple[Watched, ...]:
    """Those of every active service of every account, for the worker."""
    same = (watches.c.account == services.c.account) & (watches.c.service == services.c.id)
    found = sa.select(watches).join(services, same).where(services.c.state == "active")
    rows = tx.run(found.order_by(*watches.primary_key.columns))
    return tuple(Watched(row.account, row.service, Watch(**row.definition)) for row in rows)
