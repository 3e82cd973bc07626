"""Doing an action with one entity, or with all of a collection (occi.md, section 7).

Whether it may be done is the OCCI core's question; what it does is the kind's hook's business.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from broker.errors import AccordsError
from broker.occi import invoking, read
from broker.occi.model import Action, Invocation, Value
from broker.store import Record
from broker.web.exchange import Exchange


class NotImplementedAction(AccordsError):
    """The kind defines the action, and nothing here carries it out."""

    code = "occi.action"
    status = 501


def perform(exchange: Exchange, term: str, records: Sequence[Record]) -> tuple[Record, ...]:
    """Do the action with these entities: all of them can, or nothing is done (ACT-06). Gives them as they are then."""
    asked = read.invocation(exchange.read())
    for record in records:
        exchange.must_be_own(record)
    checked = [(record, *_checked(exchange, term, asked, record)) for record in records]
    return tuple(_do(exchange, record, action, arguments) for record, action, arguments in checked)


def _checked(exchange: Exchange, term: str, asked: Invocation, record: Record) -> tuple[Action, dict[str, Value]]:
    registry, references = exchange.registry, exchange.site.references
    return invoking.check(registry, references.entity(registry, record), term, asked)


def _do(exchange: Exchange, record: Record, action: Action, arguments: Mapping[str, object]) -> Record:
    hook = exchange.site.hooks(record.kind).actions.get(action.term)
    if hook is None:
        raise NotImplementedAction(f"Nothing here carries out {action.id}.", term=action.id)
    return hook(exchange.context(), record, arguments)
