"""An action that a request asks for, against the entity it is asked of (ACT-01 to ACT-08)."""

from __future__ import annotations

from broker.occi.errors import Malformed, Unfit, Unknown
from broker.occi.lifecycle import after
from broker.occi.mixing import defaults
from broker.occi.model import Action, Entity, Invocation, Value
from broker.occi.registry import Registry
from broker.occi.values import typed


def check(registry: Registry, entity: Entity, term: str, asked: Invocation) -> tuple[Action, dict[str, Value]]:
    """(the action, its parameters with their defaults). `term` is the URL's `?action=`.

    Unknown for an action nobody defined; Malformed when URL and category disagree, the entity does not define it or a
    parameter is wrong; Unfit when the entity's state does not allow it.
    """
    action = named(registry, term, asked) or _of_term(registry, entity, term)
    if action.id not in registry.actions_of(entity.kind, entity.mixins):
        raise Malformed(f"Action {action.id} is not defined for {entity.kind}.", term=action.id)
    parameters = _parameters(action, asked)
    after(entity, action)
    return action, parameters


def named(registry: Registry, term: str, asked: Invocation) -> Action | None:
    """The action a request names, whatever it is asked of; None when it leaves that to the URL. Unknown for one that
    nobody defined, Malformed when the URL's `term` is another's (ACT-02)."""
    if asked.action is None:
        return None
    action = registry.action(asked.action)
    if action.term != term:
        raise Malformed(f"The URL asks for {term!r}, the request for {action.id}.", term=action.id)
    return action


def _of_term(registry: Registry, entity: Entity, term: str) -> Action:
    """CORDS clients name the action in the URL alone."""
    found = [each for each in registry.actions_of(entity.kind, entity.mixins).values() if each.term == term]
    if len(found) > 1:
        raise Unfit(f"Action {term} is ambiguous here.", hint="Name its scheme.", term=term)
    if not found:
        raise Unknown(f"Action {term!r} is not defined for {entity.kind}.", term=term)
    return found[0]


def _parameters(action: Action, asked: Invocation) -> dict[str, Value]:
    definitions = {each.name: each for each in action.attributes}
    found = {**defaults(definitions), **typed(definitions, asked.attributes)}
    for each in definitions.values():
        if each.required and each.name not in found:
            raise Malformed(f"Action {action.term} needs the parameter {each.name}.", term=each.name)
    return found
