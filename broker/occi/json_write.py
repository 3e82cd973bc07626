"""Values -> the objects of the JSON rendering (GFD.225), ready for orjson. No member beyond the schema's, except
`location` when it is asked for (JSN-09)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from broker.occi.lifecycle import applicable
from broker.occi.model import Attribute, Category, Entity, Kind, Mixin, Type
from broker.occi.registry import Registry
from broker.occi.text_write import target_kind

Object = dict[str, Any]

_SCHEMA = "http://json-schema.org/draft-04/schema#"


def entity(registry: Registry, each: Entity, *, location: bool = False) -> Object:
    """A resource or link in full; `location` adds its path."""
    found: Object = {"kind": each.kind}
    if each.mixins:
        found["mixins"] = each.mixins
    found["id"] = f"urn:uuid:{each.id}"
    if each.title is not None:
        found["title"] = each.title
    if each.summary is not None:
        found["summary"] = each.summary
    found["attributes"] = each.attributes
    if actions := applicable(registry, each):
        found["actions"] = [action.id for action in actions]
    if each.links:
        found["links"] = [entity(registry, link, location=location) for link in each.links]
    if each.target is not None:
        found |= _ends(registry, each)
    if location:
        found["location"] = registry.path(each.kind, each.id)
    return found


def _ends(registry: Registry, link: Entity) -> Object:
    source: Object = {"location": link.source}
    if kind := link.source_kind or _kind_at(registry, link.source):
        source["kind"] = kind
    return {"source": source, "target": {"location": link.target, "kind": target_kind(registry, link)}}


def _kind_at(registry: Registry, path: str | None) -> str | None:
    found = registry.locate(path or "")
    return found[0].id if found else None


def categories(registry: Registry, chosen: tuple[Category, ...]) -> Object:
    """`kinds`, `mixins` and `actions`; a key without members is left out (JSN-06)."""
    found: dict[str, list[Object]] = {"kinds": [], "mixins": [], "actions": []}
    for each in chosen:
        found[f"{type(each).__name__.lower()}s"].append(category(registry, each))
    return {name: members for name, members in found.items() if members}


def category(registry: Registry, each: Category) -> Object:
    """A kind, mixin or action (JSN-04)."""
    found: Object = {"term": each.term, "scheme": each.scheme, "title": each.title}
    if isinstance(each, Kind):
        return {**found, **_kind(registry, each)}
    found["attributes"] = _attributes({item.name: item for item in each.attributes})
    if isinstance(each, Mixin):
        members = {"depends": each.depends, "applies": each.applies, "location": each.location, "actions": each.actions}
        return {**found, **members}
    return found


def _kind(registry: Registry, kind: Kind) -> Object:
    found: Object = {
        "attributes": _attributes(registry.definitions(kind.id)),
        "actions": list(registry.actions_of(kind.id)),
    }
    if kind.parent:
        found["parent"] = kind.parent
    if kind.location:
        found["location"] = kind.location
    return found


def _attributes(definitions: Mapping[str, Attribute]) -> Object:
    return {name: attribute(each) for name, each in definitions.items()}


@lru_cache(maxsize=4096)
def _patterns(
    type_: Type, values: tuple[str, ...], minimum: float | None, maximum: float | None, pattern: str | None
) -> Object | None:
    """What an attribute's values must be like, as a JSON Schema (CORE-09); None for any of its type."""
    found: Object = {
        "type": "integer" if type_ is Type.INTEGER else None,
        "enum": list(values) or None,
        "minimum": minimum,
        "maximum": maximum,
        "pattern": f"^(?:{pattern})$" if pattern else None,
    }
    found = {name: value for name, value in found.items() if value is not None}
    return {"$schema": _SCHEMA, **found} if found else None


def attribute(each: Attribute) -> Object:
    """`mutable`, `required`, `type` always: a missing `mutable` means immutable, the opposite of text (JSN-05)."""
    json_type = Type.NUMBER if each.type is Type.INTEGER else each.type
    found: Object = {"mutable": each.mutable, "required": each.required, "type": json_type}
    if pattern := _patterns(each.type, each.values, each.minimum, each.maximum, each.pattern):
        found["pattern"] = pattern
    if each.default is not None:
        found["default"] = each.default
    if each.description:
        found["description"] = each.description
    return found
