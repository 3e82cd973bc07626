"""The values a filter looks for, in the types of the kind that is looked through (FIL-01 to FIL-03)."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain

from broker.occi.errors import Malformed
from broker.occi.model import Attribute, Value
from broker.occi.registry import Registry
from broker.occi.values import convert


def narrowed(registry: Registry, kind: str, wanted: Mapping[str, Value]) -> dict[str, Value] | None:
    """The wanted values converted: `"2"` for a number is 2 (FIL-02). None when no entity of the kind can have them,
    because neither it nor any mixin defines such an attribute or its values are of another type."""
    definitions = _definitions(registry, kind)
    if not wanted.keys() <= definitions.keys():
        return None
    try:
        return {name: convert(definitions[name], value) for name, value in wanted.items()}
    except Malformed:
        return None


def _definitions(registry: Registry, kind: str) -> Mapping[str, Attribute]:
    """FIL-03: a filter may name attributes of any mixin; the kind's own meaning goes before."""
    mixed = {each.name: each for each in chain.from_iterable(mixin.attributes for mixin in registry.mixins.values())}
    return {**mixed, **registry.definitions(kind)}
