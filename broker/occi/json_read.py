"""The JSON rendering (GFD.225) -> what a request says. Mapped by hand: a wrong member is named, nothing is ignored.

Raises nothing but Malformed. `id` and an inline link's `source` are optional on input (JSN-08), `location` is accepted
(JSN-09), core attributes may stand in both places if they agree (JSN-03).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from broker.occi.drafts import members, path
from broker.occi.errors import Malformed
from broker.occi.grammar import text
from broker.occi.model import Draft, Invocation, Mixin, bare_id

Object = Mapping[str, Any]

_TYPES: Mapping[type, str] = {str: "a string", list: "a list", dict: "an object"}


def document(body: bytes) -> Object:
    """The body's one object; Malformed for bad JSON, an array (JSN-12), a null anywhere a value is due."""
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Malformed(f"The body is not JSON: {error}.") from error
    if not isinstance(found, dict):
        raise Malformed("The body is not an object.", hint='A collection is {"resources": […]}.')
    return found


_ENTITY = {
    "kind": str,
    "mixins": list,
    "attributes": dict,
    "actions": list,
    "id": str,
    "links": list,
    "summary": str,
    "title": str,
    "source": object,
    "target": object,
    "location": str,
}


def entity(found: Object) -> Draft:
    """A resource or a link object."""
    _check(found, _ENTITY, "an entity")
    if found.get("location") == "":
        raise Malformed("Member location is empty.", hint="Leave it out, or name the entity's path.", term="location")
    core, rest = members(_values(found.get("attributes", {})))
    said = {name: found[name] for name in ("title", "summary", "location") if name in found}
    said |= {"id": bare_id(found["id"])} if "id" in found else {}
    said |= _end(found, "source") | _end(found, "target")
    for name, value in core.items():
        if said.setdefault(name, value) != value:
            raise Malformed(f"Member {name} and attribute occi.core.{name} contradict each other.", term=name)
    return Draft(
        kind=found.get("kind"),
        mixins=tuple(dict.fromkeys(_strings(found, "mixins"))),
        attributes=rest,
        links=tuple(_inline(each) for each in found.get("links", ())),
        **said,
    )


def _inline(each: object) -> Draft:
    """A link within a resource; it has no links itself, so that no document makes this a deep recursion."""
    link = _object(each, "links")
    if "links" in link:
        raise Malformed("A link has no links of its own.", term="links")
    return entity(link)


def entities(found: Object) -> tuple[Draft, ...]:
    """One entity, or the members of `resources` and `links` in the request's order (COL-06)."""
    if not found.keys() & {"resources", "links"} or "kind" in found:
        return (entity(found),)
    _check(found, {"resources": list, "links": list}, "a collection")
    return tuple(entity(_object(each, key)) for key in found for each in found[key])


def locations(found: Object) -> tuple[str, ...]:
    """What a membership request names (COL-25): a member's location, or else its `id` as a URN. Malformed when one
    has neither."""
    return tuple(map(_name, entities(found)))


def _name(draft: Draft) -> str:
    if draft.location:
        return draft.location
    if draft.id:
        return f"urn:uuid:{draft.id}"
    raise Malformed("A member is named by its id or its location.", hint='{"resources": [{"id": "urn:uuid:…"}]}')


def invocation(found: Object) -> Invocation:
    """`{"action": id, "attributes": {…}}` (JSN-07)."""
    _check(found, {"action": str, "attributes": dict}, "an action invocation")
    return Invocation(found.get("action"), _values(found.get("attributes", {})))


_MIXIN = {
    "term": str,
    "scheme": str,
    "title": str,
    "attributes": dict,
    "actions": list,
    "depends": list,
    "applies": list,
    "location": str,
}


def mixins(found: Object) -> tuple[Mixin, ...]:
    """`{"mixins": […]}` as users register and remove them (QI-06, QI-09)."""
    _check(found, {"mixins": list}, "a list of mixins")
    return tuple(_mixin(_object(each, "mixins")) for each in found.get("mixins", ()))


def _mixin(found: Object) -> Mixin:
    _check(found, _MIXIN, "a mixin")
    for name in ("term", "scheme"):
        if name not in found:
            raise Malformed(f"A mixin has no {name}.", term=name)
    if found.get("attributes") or found.get("actions"):
        raise Malformed(
            f"Mixin {found['term']}: a user's mixin has neither attributes nor actions.", term=found["term"]
        )
    return Mixin(
        found["scheme"],
        found["term"],
        found.get("title", ""),
        depends=_strings(found, "depends"),
        applies=_strings(found, "applies"),
        location=path(found.get("location", "")),
        user=True,
    )


def _check(found: Object, allowed: Mapping[str, type], what: str) -> None:
    for name, value in found.items():
        if name not in allowed:
            raise Malformed(
                f"{name[:80]!r} is no member of {what}.", hint=f"Known: {', '.join(allowed)}.", term=name[:80]
            )
        if not isinstance(value, allowed[name]):
            raise Malformed(f"Member {name} is not {_TYPES[allowed[name]]}.", term=name)
        if isinstance(value, str):
            text(value, f"Member {name}")


def _end(found: Object, name: str) -> dict[str, Any]:
    """A link's source or target: `{"location": uri, "kind": id}`, or just the URI."""
    if name not in found:
        return {}
    end = found[name] if isinstance(found[name], dict) else {"location": found[name]}
    _check(end, {"location": str, "kind": str}, f"a link's {name}")
    if "location" not in end:
        raise Malformed(f"Member {name} has no location.", term=name)
    return {name: end["location"], f"{name}_kind": end["kind"]} if "kind" in end else {name: end["location"]}


def _object(each: object, name: str) -> Object:
    if not isinstance(each, dict):
        raise Malformed(f"A member of {name} is not an object.", term=name)
    return each


def _strings(found: Object, name: str) -> tuple[str, ...]:
    values = tuple(found.get(name, ()))
    if not all(isinstance(each, str) for each in values):
        raise Malformed(f"Member {name} is a list of type identifiers.", term=name)
    return values


def _values(attributes: dict[str, Any]) -> dict[str, Any]:
    for name, value in attributes.items():
        if value is None:
            raise Malformed(f"Attribute {name} is null.", hint="To remove it, PUT the entity without it.", term=name)
    return attributes
