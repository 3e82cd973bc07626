"""Whether an entity is what a filter asks for (FIL-01 to FIL-05)."""

from __future__ import annotations

from collections.abc import Mapping

from broker.occi.errors import Malformed
from broker.occi.model import Entity, Value
from broker.occi.read import Filter
from broker.occi.registry import Registry
from broker.occi.values import convert


def matches(registry: Registry, wanted: Filter, entity: Entity) -> bool:
    """All of its categories and all of its values; a kind's descendants and a mixin's dependants count."""
    return all(_has(registry, entity, each) for each in wanted.categories) and _equal(registry, wanted, entity)


def _has(registry: Registry, entity: Entity, type_id: str) -> bool:
    if type_id in registry.kinds:
        return entity.kind in registry.kinds_below(type_id)
    return not registry.mixins_below(type_id).isdisjoint(entity.mixins)


def _equal(registry: Registry, wanted: Filter, entity: Entity) -> bool:
    if not wanted.attributes:
        return True
    definitions = registry.definitions(entity.kind, entity.mixins)
    found = said(entity)
    for name, value in wanted.attributes.items():
        definition = definitions.get(name)
        if definition is None or name not in found:
            return False
        try:
            if convert(definition, value) != found[name]:  # by type: 2 is 2.0, and so is "2" for a number
                return False
        except Malformed:
            return False
    return True


def said(entity: Entity) -> Mapping[str, Value]:
    """All attributes of an entity by name, the core's own among them (TXT-16)."""
    core = {
        "occi.core.id": f"urn:uuid:{entity.id}",
        "occi.core.title": entity.title,
        "occi.core.summary": entity.summary,
        "occi.core.source": entity.source,
        "occi.core.target": entity.target,
    }
    return {**{name: value for name, value in core.items() if value is not None}, **entity.attributes}
