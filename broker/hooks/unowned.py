"""What no service owns in the cloud row: entities that a client made over OCCI. They follow OCCI's life cycle, and that
is all they do: no provider is called for them, and their state's message says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial

from broker.errors import Missing, Stale
from broker.occi.lifecycle import CYCLES
from broker.services import Context
from broker.store import Record, entities

MESSAGE = "kept as an entity: no service owns it and nothing runs for it"

Action = Callable[[Context, Record, Mapping[str, object]], Record]
Together = Callable[[Context, Sequence[Record], Mapping[str, object]], Sequence[Record]]


def followed(ctx: Context, term: str, records: Sequence[Record]) -> list[Record]:
    """The action `term` as their life cycles have it, all or none. Whether their states allow it was checked before;
    Stale when one has changed since."""
    with ctx.store.write() as tx:
        return [entities.update(tx, _after(record, term)) for record in records]


def restored(ctx: Context, before: Sequence[Record], after: Sequence[Record]) -> None:
    """As if nothing had been done: what somebody has changed since stays as it is."""
    with ctx.store.write() as tx:
        for was, now in zip(before, after, strict=True):
            with suppress(Missing, Stale):
                entities.update(tx, was, expect=now.generation)


def actions(*terms: str) -> Mapping[str, Action]:
    """Each term's action with one."""
    return {term: partial(_one, term) for term in terms}


def together(*terms: str) -> Mapping[str, Together]:
    """Each term's action with several."""
    return {term: partial(_several, term) for term in terms}


def _one(term: str, ctx: Context, record: Record, arguments: Mapping[str, object]) -> Record:
    (found,) = followed(ctx, term, [record])
    return found


def _several(term: str, ctx: Context, records: Sequence[Record], arguments: Mapping[str, object]) -> Sequence[Record]:
    return followed(ctx, term, records)


def _after(record: Record, term: str) -> Record:
    cycle = CYCLES[record.kind]
    now = str(record.attributes.get(cycle.attribute, cycle.initial))
    state = {cycle.attribute: cycle.edges[now][term], f"{cycle.attribute}.message": MESSAGE}
    return replace(record, attributes={**record.attributes, **state})
