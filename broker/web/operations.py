"""The operations of OCCI's resources in OpenAPI's words: what can be asked of a collection, an entity, a mixin's
members and the query interface, in which words, and how it is answered. Pure; made from a registry.

Only the JSON renderings are described in full. A request that names no media type is answered in text/plain, which is
said and no more: what is in the text renderings is OCCI's own business.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from broker.occi import json_schema
from broker.occi.json_schema import Schema, acting, described, ref, shown
from broker.occi.media import Media
from broker.occi.model import Kind, Mixin
from broker.occi.registry import Registry
from broker.web.exchange import DIGITS
from broker.web.problems import PROBLEM
from broker.web.selection import LARGEST

Object = dict[str, Any]

JSONS = (Media.JSON.value, Media.PLAIN_JSON.value)
TEXT = {"text/plain": {"schema": {"type": "string"}}}

ALWAYS = (400, 401, 403, 404, 406, 501, 503)
"""What any request may meet: a header that makes no sense, no token, another account, nothing there, no rendering, a
later version of OCCI, a row that is down."""
SENT = (408, 413, 415)
"""What a request with a body may meet beside."""
CHANGES = (409, 412, 507)
"""What a change may meet beside."""

HEADERS: Mapping[str, Object] = {
    "ETag": {"schema": {"type": "string"}, "description": "The version that is shown, in this rendering."},
    "Content-Location": {"schema": {"type": "string"}, "description": "The entity's address."},
    "Location": {"schema": {"type": "string"}, "description": "The address of the one entity that was made."},
    "Retry-After": {"schema": {"type": "integer", "minimum": 0}, "description": "Seconds."},
    "WWW-Authenticate": {"schema": {"type": "string"}},
    "X-Request-Id": {"schema": {"type": "string"}, "description": "What the log calls this request."},
}

_FILTER = 'A kind or mixin that members have: `compute; scheme="http://schemas.ogf.org/occi/infrastructure#"`'
PARAMETERS: Mapping[str, Object] = {
    "page": {
        "in": "query",
        "schema": {"type": "integer", "minimum": 1, "maximum": 10**DIGITS - 1},
        "description": "From 1.",
    },
    "number": {
        "in": "query",
        "schema": {"type": "integer", "minimum": 1, "maximum": LARGEST},
        "description": "Entities of a page.",
    },
    "Category": {
        "in": "header",
        "schema": {"type": "string", "pattern": '^([A-Za-z0-9][A-Za-z0-9_.-]*; scheme="[!#-\\[\\]-~]*#")?$'},
        "description": _FILTER,
    },
    "X-OCCI-Attribute": {
        "in": "header",
        "schema": {"type": "string", "pattern": '^([a-z0-9_.-]+="[ !#-\\[\\]-~]*")?$'},
        "description": 'What members have: `occi.compute.cores="2"`',
    },
    "If-Match": {"in": "header", "schema": {"type": "string"}, "description": "The version that is meant, else 412."},
    "If-None-Match": {
        "in": "header",
        "schema": {"type": "string"},
        "description": "A version that is known: 304 for a GET. For a change one that must not be there, else 412.",
    },
    "id": {"in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}},
    "tag": {
        "in": "path",
        "required": True,
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9_][A-Za-z0-9_-]*$"},
        "description": "The location of a mixin that a user registered, `/tags/ann/` as well, or a path above some.",
    },
    "category": {
        "in": "query",
        "schema": {"type": "string"},
        "description": "The one category that is wanted, by its type identifier.",
    },
}

PAGED = ("page", "number", "Category", "X-OCCI-Attribute")
DONE: Schema = {"type": "object", "maxProperties": 0}
"""The answer to what has nothing to show."""


def operation(
    id: str,
    summary: str,
    answers: Mapping[int, Object],
    *,
    parameters: Iterable[str] = (),
    own: Iterable[Object] = (),
    body: Object | None = None,
    refused: Sequence[int] = ALWAYS,
) -> Object:
    """One method of a path. `parameters` are of the table above, `own` written out; `refused` are statuses."""
    tag = id.rpartition(".")[0]
    listed = [{"$ref": f"#/components/parameters/{name}"} for name in parameters]
    found: Object = {"operationId": id, "tags": [tag], "summary": summary, "parameters": [*listed, *own]}
    if body is not None:
        found["requestBody"] = body
    responses = {str(status): answer for status, answer in answers.items()}
    responses |= {str(status): {"$ref": f"#/components/responses/{status}"} for status in sorted({*refused})}
    return {**found, "responses": responses}


def answer(status: int, schema: Schema | None, *headers: str, media: Sequence[str] = JSONS) -> Object:
    """An answer in JSON, in text where nothing was asked for, or without a body."""
    found: Object = {"description": HTTPStatus(status).phrase}
    found["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in (*headers, "X-Request-Id")}
    if schema is not None:
        found["content"] = {name: {"schema": schema} for name in media} | (TEXT if media == JSONS else {})
    return found


def sent(schema: Schema, *, required: bool = True) -> Object:
    return {"required": required, "content": {name: {"schema": schema} for name in JSONS}}


def refusal(status: int) -> Object:
    """A component: an error in the rendering that was asked for."""
    extra = {401: ("WWW-Authenticate",), 503: ("Retry-After",)}.get(status, ())
    found = answer(status, ref("Problem"), *extra, media=(PROBLEM, Media.PLAIN_JSON.value))
    return {**found, "content": found["content"] | TEXT}


def collection(registry: Registry, kind: Kind) -> Object:
    """`/compute/`; where nothing can be made nothing is posted."""
    name, title, below = json_schema.name_of(kind), kind.title or kind.term, registry.kinds_below(kind.id)
    found = {
        "get": listing(name, f"List {title}", shown(registry, below)),
        "delete": emptying(name, f"Remove the {title} named, or all"),
    }
    if any(json_schema.made(registry, below)):
        acted = acting(registry, below)
        found["post"] = operation(
            f"{name}.create",
            f"Make {title}" if acted is None else f"Make {title}, or do an action with all",
            _made(registry, below),
            own=_asked(acted, _terms(registry, below)),
            body=sent(_or_acted(described(registry, below), acted)),
            refused=(*ALWAYS, *SENT, *CHANGES),
        )
    return found


def entity(registry: Registry, kind: Kind) -> Object:
    """`/compute/{id}`"""
    name, title = json_schema.name_of(kind), kind.title or kind.term
    here = answer(200, ref(name), "ETag", "Content-Location")
    acted = acting(registry, (kind.id,))
    asked = _asked(acted, _terms(registry, (kind.id,)))
    conditional, refused = ("id", "If-Match", "If-None-Match"), (*ALWAYS, *SENT, *CHANGES)
    return {
        "get": operation(
            f"{name}.get",
            f"Show one {title}",
            {200: here, 304: answer(304, None, "ETag")},
            parameters=("id", "If-None-Match"),
        ),
        "put": operation(
            f"{name}.put",
            f"Replace one {title}, or make it with this id",
            {200: here, 201: answer(201, ref(name), "Location")},
            parameters=conditional,
            body=sent(ref(f"{name}.new")),
            refused=refused,
        ),
        "post": operation(
            f"{name}.change",
            f"Change what is said of one {title}" if acted is None else f"Change one {title}, or do an action with it",
            {200: {**here, "content": _shown_or_made(name, acted)}},
            parameters=conditional,
            own=asked,
            body=sent(_or_acted(ref(f"{name}.change"), acted), required=not asked),
            refused=refused,
        ),
        "delete": operation(f"{name}.delete", f"Remove one {title}", _done(), parameters=conditional, refused=refused),
    }


def members(registry: Registry, mixin: Mixin) -> Object:
    """`/os_tpl/`"""
    name = mixin.location.strip("/").replace("/", ".")
    kinds = [each for each in registry.kinds if registry.applies(mixin, each)]
    return membership(name, mixin.title or mixin.term, shown(registry, kinds), acting(registry, kinds))


def membership(name: str, title: str, everything: Schema, acted: Schema | None = None) -> Object:
    """What can be asked of the members of a mixin, ours or a user's."""
    changed = {200: answer(200, everything)}
    refused = (*ALWAYS, *SENT, *CHANGES)
    named = sent(ref("Names"), required=False)
    own = _asked(acted, ())
    return {
        "get": listing(name, f"List members of {title}", everything),
        "post": operation(
            f"{name}.add",
            f"Add entities to {title}, or do an action with all",
            changed,
            own=own,
            body=sent(_or_acted(ref("Names"), acted)),
            refused=refused,
        ),
        "put": operation(
            f"{name}.set", f"Make these the members of {title}", changed, body=sent(ref("Members")), refused=refused
        ),
        "delete": operation(
            f"{name}.remove", f"Take entities, or all, out of {title}", changed, body=named, refused=refused
        ),
    }


def everything(registry: Registry) -> Object:
    """`/`"""
    return {
        "get": listing("all", "List all entities", shown(registry, registry.kinds)),
        "post": operation(
            "all.create",
            "Make entities of any kind",
            _made(registry, registry.kinds),
            body=sent(described(registry, registry.kinds)),
            refused=(*ALWAYS, *SENT, *CHANGES),
        ),
        "delete": emptying("all", "Remove the entities named, or all"),
    }


def query(name: str) -> Object:
    """`/-/`"""
    told = {200: answer(200, ref("Categories"))}
    refused = (*ALWAYS, *SENT, *CHANGES)
    return {
        "get": operation(
            f"{name}.get", "What there is: kinds, mixins, actions", told, parameters=("category", "Category")
        ),
        "post": operation(
            f"{name}.add", "Register mixins of one's own", _done(), body=sent(ref("Mixins")), refused=refused
        ),
        "delete": operation(
            f"{name}.remove", "Remove mixins of one's own", _done(), body=sent(ref("MixinNames")), refused=refused
        ),
    }


def listing(name: str, summary: str, schema: Schema) -> Object:
    return operation(f"{name}.list", summary, {200: answer(200, schema)}, parameters=PAGED, refused=(*ALWAYS, 413))


def emptying(name: str, summary: str) -> Object:
    return operation(
        f"{name}.empty",
        summary,
        _done(),
        parameters=PAGED[2:],
        body=sent(ref("Names"), required=False),
        refused=(*ALWAYS, *SENT, *CHANGES),
    )


def _done() -> dict[int, Object]:
    return {200: answer(200, DONE)}


def _made(registry: Registry, below: Iterable[str]) -> dict[int, Object]:
    """200: what was asked for was there already; or an action."""
    names = [json_schema.name_of(kind) for kind in json_schema.made(registry, below)]
    found = json_schema.either((*map(ref, names), shown(registry, below)))
    return {200: answer(200, found, "Location"), 201: answer(201, found, "Location")}


def _terms(registry: Registry, below: Iterable[str]) -> tuple[str, ...]:
    found = (
        each.term for kind in json_schema.made(registry, below) for each in json_schema.actions(registry, kind).values()
    )
    return tuple(dict.fromkeys(found))


def _asked(acted: Schema | None, terms: Sequence[str]) -> list[Object]:
    """`?action=`, where there are any."""
    if acted is None:
        return []
    schema: Schema = {"type": "string", "enum": list(terms)} if terms else {"type": "string"}
    return [{"name": "action", "in": "query", "schema": schema, "description": "The term of the action to do."}]


def _or_acted(schema: Schema, acted: Schema | None) -> Schema:
    return schema if acted is None else json_schema.either((schema, acted))


def _shown_or_made(name: str, acted: Schema | None) -> Object:
    """INF-33: an action may answer with the category that it made."""
    schema = ref(name) if acted is None else json_schema.either((ref(name), ref("Categories")))
    return {media: {"schema": schema} for media in JSONS} | TEXT
