"""A registry's JSON rendering (GFD.225) as JSON Schema 2020-12, which OpenAPI 3.1 is made of. Pure.

    compute.attributes   what an entity of the kind may have: its own attributes and those of mixins that apply to it
    compute              the entity as it is shown
    compute.new          what makes or replaces one
    compute.change       what changes one: nothing in it is required
    compute.action       a request for one of its actions

A component is named by its kind's location, `/cords/compute/` is `cords.compute`: terms alone are not unique. What the
server only writes is `readOnly`, what it never shows `writeOnly`. A schema says what to send; what is tolerated beyond
it (numbers in quotes, core attributes twice) is not in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from broker.occi.drafts import CORE_MEMBERS
from broker.occi.model import LINK, Action, Attribute, Kind, Type
from broker.occi.registry import Registry

Schema = dict[str, Any]

_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
# Of exact integers the largest, and the largest double below it: what `values` takes.
_LARGEST: Mapping[Type, int] = {Type.INTEGER: 2**63 - 1, Type.NUMBER: 2**63 - 1024}

_URI = "A-Za-z0-9:/?\\[\\]@!$&'()*+,;=._~%-"  # `grammar.uri`, without the # that comes once
_TEXT: Schema = {"type": "string", "pattern": "^[^\\u0000]*$"}
_TERM: Schema = {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9_.-]*$"}
_SCHEME: Schema = {"type": "string", "pattern": f"^[{_URI}]+#$"}
_ANY_URI: Schema = {"type": "string", "pattern": f"^[#{_URI}]+$"}


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _many(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _object(members: Mapping[str, Schema], required: Sequence[str] = (), title: str = "") -> Schema:
    found: Schema = {"type": "object", "properties": dict(members), "additionalProperties": False}
    found |= {"required": list(required)} if required else {}
    return {"title": title, **found} if title else found


_NONE: Schema = {"type": "array", "maxItems": 0}
_IDENTIFIERS = _many(ref("TypeIdentifier"))
_NAMED: Schema = {
    **_object({"id": ref("Urn"), "location": ref("Place")}),
    "anyOf": [{"required": ["id"]}, {"required": ["location"]}],
}
_CATEGORY: dict[str, Schema] = {"term": {"type": "string"}, "scheme": {"type": "string"}, "title": {"type": "string"}}
_ATTRIBUTES: Schema = {"type": "object", "additionalProperties": ref("AttributeDescription")}
_PLACED: dict[str, Schema] = {**_CATEGORY, "attributes": _ATTRIBUTES, "actions": _IDENTIFIERS, "location": ref("Place")}
_MIXIN: dict[str, Schema] = {"term": _TERM, "scheme": _SCHEME}
_MIXIN_MORE: dict[str, Schema] = {
    "title": ref("Text"),
    "depends": _IDENTIFIERS,
    "applies": _IDENTIFIERS,
    "location": {"type": "string", "pattern": "^/([A-Za-z0-9_.~-]+/)+$", "minLength": 3},
}

COMMON: Mapping[str, Schema] = {
    "Text": {**_TEXT, "description": "Any text without a NUL."},
    "TypeIdentifier": {
        "type": "string",
        "pattern": f"^[{_URI}]*#[{_URI}]+$",
        "description": "Scheme and term of a category: http://schemas.ogf.org/occi/infrastructure#compute",
    },
    "Urn": {"type": "string", "pattern": f"^urn:uuid:{_UUID}$"},
    "Place": {
        "type": "string",
        "format": "uri-reference",
        "minLength": 1,
        "description": "A path of this server, or an address.",
    },
    "End": {
        **_object({"location": ref("Place"), "kind": _ANY_URI}, ["location"]),
        "description": "Where a link starts or ends.",
    },
    "Names": {
        **_object({key: {**_many(_NAMED), "minItems": 1} for key in ("resources", "links")}),
        "minProperties": 1,
        "description": "Entities by their ids or locations (COL-25).",
    },
    "Members": {
        **_object({key: _many(_NAMED) for key in ("resources", "links")}),
        "minProperties": 1,
        "description": "The same; there may be none.",
    },
    "AttributeDescription": {
        **_object(
            {
                **{"mutable": {"type": "boolean"}, "required": {"type": "boolean"}, "description": {"type": "string"}},
                "type": {"enum": [each.value for each in Type if each is not Type.INTEGER]},
                "pattern": {"type": "object", "description": "A JSON Schema of the values."},
                "default": {},
            },
            ["mutable", "required", "type"],
        ),
        "description": "GFD.225: a missing `mutable` means immutable (JSN-05).",
    },
    "Categories": _object(
        {
            "kinds": _many(_object({**_PLACED, "parent": ref("TypeIdentifier")}, list(_CATEGORY))),
            "mixins": _many(_object({**_PLACED, "depends": _IDENTIFIERS, "applies": _IDENTIFIERS}, list(_PLACED))),
            "actions": _many(_object({**_CATEGORY, "attributes": _ATTRIBUTES}, list(_CATEGORY))),
        }
    ),
    "Mixins": _object(
        {"mixins": {**_many(_object({**_MIXIN, **_MIXIN_MORE}, [*_MIXIN, "location"])), "minItems": 1}}, ["mixins"]
    ),
    "MixinNames": _object(
        {"mixins": {**_many(_object({**_MIXIN, **_MIXIN_MORE}, [*_MIXIN])), "minItems": 1}}, ["mixins"]
    ),
}
"""Schemas that are the same whatever the kinds."""


def name_of(kind: Kind) -> str:
    """`/cords/compute/` -> `cords.compute`; a kind without a location goes by its term."""
    return (kind.location or kind.term).strip("/").replace("/", ".")


def either(schemas: Iterable[Schema]) -> Schema:
    """Any of these schemas; itself when it is just one, nothing at all when there is none."""
    found: list[Schema] = []
    for each in schemas:
        if each not in found:
            found.append(each)
    if len(found) == 1:
        return found[0]
    return {"anyOf": found} if found else {"not": {}}


def attribute(each: Attribute) -> Schema:
    """One attribute's values, as `values.convert` has them."""
    largest = _LARGEST.get(each.type)
    pattern = f"^(?:{each.pattern})$" if each.pattern else None
    found = {
        "type": each.type.value,
        "description": each.description or None,
        "enum": list(each.values) or None,
        "minimum": each.minimum if each.minimum is not None or largest is None else -largest,
        "maximum": each.maximum if each.maximum is not None else largest,
        "pattern": pattern or (_TEXT["pattern"] if each.type is Type.STRING and not each.values else None),
        "default": each.default,
        "readOnly": True if not each.mutable else None,
        "writeOnly": True if each.secret else None,
    }
    return {name: value for name, value in found.items() if value is not None}


def kinds(registry: Registry) -> dict[str, Schema]:
    """The components of all kinds that have a location."""
    found = dict(COMMON)
    for kind in registry.kinds.values():
        if kind.location and not kind.abstract:
            found |= _components(registry, kind)
    return found


def shown(registry: Registry, below: Iterable[str]) -> Schema:
    """A collection of entities of these kinds (JSN-06)."""
    return _collection(registry, below, "", empty=True)


def described(registry: Registry, below: Iterable[str]) -> Schema:
    """What makes entities of these kinds: one of them, or several (COL-06)."""
    listed = sorted(below)
    each = either(ref(f"{name_of(kind)}.new") for kind in made(registry, listed))
    return either((each, _collection(registry, listed, ".new", empty=False)))


def acting(registry: Registry, below: Iterable[str]) -> Schema | None:
    """A request for an action of one of these kinds; None when they have none."""
    found = [ref(f"{name_of(kind)}.action") for kind in made(registry, below) if actions(registry, kind)]
    return either(found) if found else None


def actions(registry: Registry, kind: Kind) -> Mapping[str, Action]:
    """Actions by type identifier that an entity of the kind may have, its mixins' too."""
    found = dict(registry.actions_of(kind.id))
    for mixin in registry.mixins.values():
        if registry.applies(mixin, kind.id):
            found |= {name: registry.actions[name] for name in mixin.actions}
    return found


def _components(registry: Registry, kind: Kind) -> Iterator[tuple[str, Schema]]:
    name = name_of(kind)
    yield f"{name}.attributes", _attributes(registry, kind)
    yield name, _entity(registry, kind)
    yield f"{name}.new", _said(registry, kind, new=True)
    yield f"{name}.change", _said(registry, kind, new=False)
    if found := actions(registry, kind):
        yield f"{name}.action", either(map(_invocation, found.values()))


def _attributes(registry: Registry, kind: Kind) -> Schema:
    """Without the core's own, which are members of the entity (JSN-03). A mixin may mean something else by a name of
    the kind's (CORE-08): either is right then."""
    own = registry.definitions(kind.id)
    meant = {name: [attribute(one)] for name, one in own.items() if name not in CORE_MEMBERS}
    for mixin in registry.mixins.values():
        if registry.applies(mixin, kind.id):
            for one in mixin.attributes:
                meant.setdefault(one.name, []).append(attribute(one))
    found = {name: either(schemas) for name, schemas in meant.items()}
    return {"type": "object", "properties": found, "additionalProperties": False}


def _entity(registry: Registry, kind: Kind) -> Schema:
    members: dict[str, Schema] = {
        "kind": {"const": kind.id},
        "mixins": _IDENTIFIERS,
        "id": ref("Urn"),
        "title": ref("Text"),
        "summary": ref("Text"),
        "attributes": ref(f"{name_of(kind)}.attributes"),
        "actions": _IDENTIFIERS,
        "location": {**ref("Place"), "description": "Its path; in application/json alone."},
    }
    required = ["kind", "id", "attributes"]
    if registry.is_link(kind.id):
        members |= {"source": ref("End"), "target": ref("End")}
        required += ["source", "target"]
    elif found := _links(registry, ""):
        members["links"] = _many(either(found))
    return _object(members, required, kind.title)


def _said(registry: Registry, kind: Kind, *, new: bool) -> Schema:
    attributes = ref(f"{name_of(kind)}.attributes")
    needed = [name for name, one in registry.definitions(kind.id).items() if one.required and one.default is None]
    if new and needed:
        attributes = {"allOf": [attributes, {"required": needed}]}
    members: dict[str, Schema] = {
        "kind": {"const": kind.id},
        "mixins": _IDENTIFIERS,
        "id": {**_TEXT, "description": "A uuid, with or without urn:uuid:; anything else is left out."},
        "title": ref("Text"),
        "summary": ref("Text"),
        "attributes": attributes,
        "actions": {"type": "array", "description": "Left out: the server knows."},
        "location": ref("Place"),
    }
    required = ["kind", *(["attributes"] if needed else [])]
    if registry.is_link(kind.id):
        end = either((ref("End"), ref("Place")))
        members |= {"source": end, "target": end}
        required += ["source", "target"]
    elif found := _links(registry, ".new"):
        members["links"] = _many(either(found))
    return _object(members, required if new else [], kind.title)


def _invocation(action: Action) -> Schema:
    """JSN-07."""
    needed = [one.name for one in action.attributes if one.required and one.default is None]
    arguments = _object({one.name: attribute(one) for one in action.attributes}, needed)
    required = ["action", *(["attributes"] if needed else [])]
    return _object({"action": {"const": action.id}, "attributes": arguments}, required, action.title)


def _collection(registry: Registry, below: Iterable[str], suffix: str, *, empty: bool) -> Schema:
    """`empty`: a group without kinds may be there, and has no members then."""
    groups: dict[str, list[Schema]] = {"resources": [], "links": []}
    for kind in made(registry, below):
        groups["links" if registry.is_link(kind.id) else "resources"].append(ref(name_of(kind) + suffix))
    members = {key: _many(either(each)) if each else _NONE for key, each in groups.items() if each or empty}
    return {**_object(members), "minProperties": 1}


def made(registry: Registry, below: Iterable[str]) -> Iterator[Kind]:
    """Those that can have instances, in the order of their identifiers."""
    found = (registry.kinds[name] for name in sorted(below))
    return (kind for kind in found if kind.location and not kind.abstract)


def _links(registry: Registry, suffix: str) -> list[Schema]:
    return [ref(name_of(kind) + suffix) for kind in made(registry, registry.kinds_below(LINK))]
