"""What no service owns in the cloud row: entities that a client made over OCCI. They follow OCCI's life cycle, and that
is all they do: no provider is called for them, and their state's message says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from broker.occi.lifecycle import CYCLES
from broker.services import Context
from broker.store import Record, entities

MESSAGE = "kept as an entity: no service owns it and nothing runs for it"

Action = Callable[[Context, Record, Mapping[str, object]], Record]


def follow(term: str) -> Action:
    """The action `term` as the kind's life cycle has it. Whether its state allows it was checked before."""

    def action(ctx: Context, record: Record, arguments: Mapping[str, object]) -> Record:
        cycle = CYCLES[record.kind]
        now = str(record.attributes.get(cycle.attribute, cycle.initial))
        state = {cycle.attribute: cycle.edges[now][term], f"{cycle.attribute}.message": MESSAGE}
        with ctx.store.write() as tx:
            return entities.update(tx, replace(record, attributes={**record.attributes, **state}))

    return action


def actions(*terms: str) -> Mapping[str, Action]:
    """Each term's action."""
    return {term: follow(term) for term in terms}
