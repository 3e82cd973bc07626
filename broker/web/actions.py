"""Doing an action with one entity, or with all of a collection (occi.md, section 7).

Whether it may be done is the OCCI core's question; what it does is the kind's hook's business.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from broker.errors import AccordsError
from broker.occi import invoking, read
from broker.occi.model import Invocation, Mixin, Value
from broker.services import Context
from broker.store import Record
from broker.web.exchange import Exchange

ActionHook = Callable[[Context, Record, Mapping[str, object]], Record | Mixin]
Ready = tuple[Record, ActionHook, dict[str, Value]]


class NotImplementedAction(AccordsError):
    """The kind defines the action, and nothing here carries it out."""

    code = "occi.action"
    status = 501


def perform(exchange: Exchange, term: str, records: Sequence[Record]) -> tuple[Record | Mixin, ...]:
    """Do the action with these entities: all of them can, or nothing is done (ACT-06). Gives them as they are then, or
    what the action made of each (INF-33)."""
    asked = read.invocation(exchange.read())
    invoking.named(exchange.registry, term, asked)
    for record in records:
        exchange.must_be_own(record)
    ready = [(record, *_checked(exchange, term, asked, record)) for record in records]
    if len(ready) > 1:
        return tuple(_together(exchange, term, ready))
    return tuple(hook(exchange.context(), record, arguments) for record, hook, arguments in ready)


def _together(exchange: Exchange, term: str, ready: Sequence[Ready]) -> Iterator[Record | Mixin]:
    """Kind by kind, all of one at once where the kind can; in the order they came in."""
    done: dict[tuple[str, str], Record | Mixin] = {}
    for kind in dict.fromkeys(record.kind for record, _, _ in ready):
        members = [each for each in ready if each[0].kind == kind]
        hook, arguments = exchange.site.hooks(kind).together.get(term), members[0][2]
        if hook is not None:
            found: Sequence[Record | Mixin] = hook(exchange.context(), [record for record, _, _ in members], arguments)
        else:
            found = [one(exchange.context(), record, arguments) for record, one, _ in members]
        done |= {(record.kind, record.id): each for (record, _, _), each in zip(members, found, strict=True)}
    return (done[record.kind, record.id] for record, _, _ in ready)


def _checked(exchange: Exchange, term: str, asked: Invocation, record: Record) -> tuple[ActionHook, dict[str, Value]]:
    registry, references = exchange.registry, exchange.site.references
    action, arguments = invoking.check(registry, references.entity(registry, record), term, asked)
    hook = exchange.site.hooks(record.kind).actions.get(action.term)
    if hook is None:
        raise NotImplementedAction(f"Nothing here carries out {action.id}.", term=action.id)
    return hook, arguments
