"""What is under way with a thing of a client's: what was asked of it is in its entity until a delivery tells how it is.

What another broker gives back is there until our provider has it no more: the broker that asked for it waits for that,
and may ask for it anew under the same id only then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from broker.hooks import chained, errands, owned
from broker.occi import states
from broker.services import Context
from broker.store import Record, Transaction, entities

CHANGING = "org.accords.changing"
GIVEN_BACK = "is being given back"


def changing(ctx: Context, what: str, records: Sequence[Record]) -> list[Record]:
    """They say what is asked of them. Stale when one has changed since."""
    with ctx.store.write() as tx:
        return [entities.update(tx, replace(each, attributes={**each.attributes, CHANGING: what})) for each in records]


def is_late(there: Record, told: Record) -> bool:
    """Whether what is told is of another service than the one that an entity is of now."""
    services = [each.attributes.get(owned.SERVICE) for each in (there, told)]
    return None not in services and services[0] != services[1]


def ended(there: Record, told: Record) -> Record | None:
    """What was asked came to nothing: the entity as it was before, with the reason; None where it is told how it is."""
    if states.attribute(told.kind) in told.attributes:
        return None
    before = {name: value for name, value in there.attributes.items() if name != CHANGING}
    return replace(there, attributes={**before, **told.attributes})


def lingering(tx: Transaction, record: Record) -> Record | None:
    """What another broker gives back, as it is shown until it is gone. None where nothing has to go: its service was
    never made, or is owed still."""
    service = owned.service_of(record.attributes)
    if service is None or not chained.is_tagged(record) or errands.is_owed(tx, service):
        return None
    message = f"{states.attribute(record.kind)}.message"
    return replace(record, attributes={**record.attributes, message: GIVEN_BACK, CHANGING: "delete"})
