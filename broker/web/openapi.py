"""GET /openapi.json: the JSON side of a row, or of all rows together, as OpenAPI 3.1. Nothing of it is written by hand:
it is made of the registry, of the table of rows with their hooks and routes, and of the views' table.

It is the same for everybody, so that it is read without a token: what an account adds of its own (its mixins, templates
of the providers') is in the query interface.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from hashlib import sha256

import falcon
import orjson

from broker import __version__
from broker.hooks import views
from broker.hooks.rows import OPEN, wired
from broker.hooks.views import Schema, View
from broker.occi import json_schema, kinds
from broker.occi.json_schema import name_of
from broker.occi.media import Media
from broker.occi.model import Kind, Mixin
from broker.occi.registry import Registry
from broker.services import ROWS, Hooks, Row
from broker.settings import Settings
from broker.web import bulk, operations
from broker.web.operations import ALWAYS, CHANGES, SENT, Object, answer, operation

PATH = "/openapi.json"
QUERY_INTERFACES: Mapping[str, str] = {"/-/": "query", "/.well-known/org/ogf/occi/-/": "well-known"}
"""Path -> what its operations are called."""

_ABOUT = """The JSON renderings of OCCI 1.2 (GFD.225), the views beside them, and what is refused.

Name a media type: `Accept: application/json` (or `application/occi+json`, without `location`); who names none is
answered in text/plain, errors too. Each entity has an ETag: send it back in If-Match, and a change that somebody else
made first is refused with 412 and not lost. `PUT` and `POST` take what `GET` gave: what only the server writes may be
repeated. Actions are `POST …?action=<term>` with the action as the body.

Heads that are too large are refused before anything reads them: 414 for a path over 8 KiB, 431 for headers over 64 KiB.
"""
_JSON = (Media.PLAIN_JSON.value,)
_DOCUMENT: Schema = {"type": "object", "description": "A CORDS document in JSON: `GET /schemas/cords.schema.json`."}
_OLDER = """
This server is in 1.1 mode: kinds have what OCCI 1.1 had beside, and states that a client sends are left out."""


class Description:
    """`/openapi.json` of some rows. `make` is asked once, by the first who wants it."""

    def __init__(self, make: Callable[[], Object]) -> None:
        self._body = lru_cache(maxsize=1)(lambda: orjson.dumps(make()))

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        body = self._body()
        tag = f'"{sha256(body).hexdigest()[:32]}"'
        resp.set_header("ETag", tag)
        resp.set_header("Cache-Control", "public, max-age=3600")
        asked = req.get_header("If-None-Match") or ""
        if asked.strip() == "*" or tag in asked:
            resp.status = falcon.HTTP_304
        else:
            resp.data = body

    on_head = on_get


def of_row(name: str, settings: Settings) -> Object:
    """The description of a row by itself."""
    return of_rows([each for each in ROWS if each.name == name], settings)


def of_rows(rows: Sequence[Row], settings: Settings) -> Object:
    """The description of these rows at one address."""
    older = settings.occi_1_1
    registry = kinds.registry(*(row.name for row in rows), compatible=older, bound=settings.bind_entity)
    found = [wired(row) for row in rows]
    paths = dict(_paths(registry, found))
    tags = sorted({tag for path in paths.values() for method in path.values() for tag in method["tags"]})
    title = f"Accords, the row {rows[0].name}" if len(rows) == 1 else "Accords"
    return {
        "openapi": "3.1.0",
        "info": {
            "title": title,
            "version": __version__,
            "description": _ABOUT + (_OLDER if older else ""),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}, {"basic": []}],
        "tags": [{"name": tag} for tag in tags],
        "paths": paths,
        "components": _components(registry),
    }


def _components(registry: Registry) -> Object:
    statuses = sorted({*ALWAYS, *SENT, *CHANGES, 405, 422})
    return {
        "schemas": {**json_schema.kinds(registry), **views.SHARED, **_delivered(), "Problem": _PROBLEM},
        "responses": {str(status): operations.refusal(status) for status in statuses},
        "parameters": {name: {"name": name, **each} for name, each in operations.PARAMETERS.items()},
        "headers": operations.HEADERS,
        "securitySchemes": {
            "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
            "basic": {"type": "http", "scheme": "basic", "description": "The token is the password."},
        },
    }


_PROBLEM: Schema = {
    "type": "object",
    "description": "RFC 9457, and OCCI's `error`. Further members are the error's own: `diagnostics`, `term`, ...",
    "required": ["type", "title", "status", "code", "error"],
    "properties": {
        "type": {"type": "string", "pattern": "^urn:accords:error:"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "Stable: docs/reference/codes.md lists them."},
        "hint": {"type": "string"},
        "diagnostics": {"type": "array", "items": {"$ref": "#/components/schemas/Diagnostic"}},
        "error": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {"code": {"type": "integer"}, "message": {"type": "string"}},
        },
    },
}


def _delivered() -> dict[str, Schema]:
    """What pydantic says of deliveries, as components."""
    found = bulk.Delivery.model_json_schema(ref_template="#/components/schemas/{model}")
    return {**found.pop("$defs"), "Delivery": found}


def _paths(registry: Registry, rows: Sequence[Row]) -> Iterator[tuple[str, Object]]:
    for path, name in QUERY_INTERFACES.items():
        yield path, operations.query(name)
    yield "/", operations.everything(registry)
    yield "/{tag}/", _tagged(registry)
    if len(rows) == 1:  # at one address nobody could say for which row it is
        yield "/.bulk", {"post": _DELIVERING}
    yield PATH, {"get": _DESCRIBING}
    hooks = {kind: hook for row in rows for kind, hook in row.hooks.items()}
    for location, category in registry.locations.items():
        if isinstance(category, Mixin):
            yield location, operations.members(registry, category)
        else:
            yield from _kind(registry, category, hooks.get(category.id, Hooks()))
    for row in rows:
        yield from _beside(row)


def _sent(schema: Schema) -> Object:
    return {"required": True, "content": {media: {"schema": schema} for media in _JSON}}


_DELIVERING = operation(
    "bulk.deliver",
    "What servers and workers of this installation tell a row",
    {200: answer(200, views.record({"put": views.COUNT, "deleted": views.COUNT}), media=_JSON)},
    body=_sent(json_schema.ref("Delivery")),
    refused=(*ALWAYS, *SENT, *CHANGES),
)
_DESCRIBING = {
    **operation(
        "description.get",
        "This description",
        {200: answer(200, {"type": "object"}, "ETag", media=_JSON), 304: answer(304, None, "ETag")},
        parameters=("If-None-Match",),
    ),
    "security": [],
}


def _tagged(registry: Registry) -> Object:
    """The members of a mixin that a user registered. Entities are posted to none of the paths above some."""
    found = operations.membership("tag", "a mixin of one's own", json_schema.shown(registry, registry.kinds))
    refused = {str(status): {"$ref": f"#/components/responses/{status}"} for status in (405,)}
    return {
        method: {
            **each,
            "parameters": [{"$ref": "#/components/parameters/tag"}, *each["parameters"]],
            "responses": {**each["responses"], **refused},
        }
        for method, each in found.items()
    }


def _kind(registry: Registry, kind: Kind, hooks: Hooks) -> Iterator[tuple[str, Object]]:
    found = operations.collection(registry, kind)
    if hooks.listing is not None:
        found["get"] = _or_viewed(found["get"], views.view(hooks.listing))
    if hooks.documents is not None:
        found["post"] = _or_viewed(found["post"], views.view(hooks.documents))
    yield str(kind.location), found
    if kind.abstract:
        return
    yield f"{kind.location}{{id}}", operations.entity(registry, kind)
    for name, function in hooks.routes.items():
        yield f"{kind.location}{{id}}/{name}", {"get": _viewed(name_of(kind), function, ("id",))}


def _beside(row: Row) -> Iterator[tuple[str, Object]]:
    """The row's own routes."""
    for path, methods in row.routes.items():
        fields = re.findall(r"\{(\w+)\}", path)
        found = {method.lower(): _viewed(row.name, function, fields) for method, function in methods.items()}
        public = path in OPEN.get(row.name, ())
        yield path, {method: {**each, "security": []} if public else each for method, each in found.items()}


def _viewed(owner: str, function: Callable[..., object], fields: Iterable[str]) -> Object:
    """What a function of the hooks answers; its docstring is what there is to say about it."""
    view = views.view(function)
    said = " ".join((function.__doc__ or "").split())
    schema = view.answer if view.answer is not None or not view.media else {}
    success = answer(view.status, schema, *(("ETag",) if view.tagged else ()), media=view.media)
    path = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in fields]
    found = operation(
        f"{owner}.{view.name}",
        view.summary,
        {view.status: success},
        own=[*path, *_asked(view)],
        body=None if view.takes is None else _sent(view.takes),
        refused=(*ALWAYS, *(CHANGES if view.changes else ()), *(SENT if view.takes else ())),
    )
    return {**found, "description": said}


def _asked(view: View) -> list[Object]:
    return [{"name": name, "in": "query", "schema": schema} for name, schema in view.query.items()]


def _or_viewed(found: Object, view: View) -> Object:
    """An operation of a collection that has, when it is asked for, another answer: a view's, or a document's."""
    status = str(view.status)
    usual = found["responses"][status]
    content = dict(usual["content"])
    for media in _JSON:
        content[media] = {"schema": json_schema.either((content[media]["schema"], view.answer or {}))}
    for media in view.sent:
        content[media] = {"schema": {}}
    changed = {**found, "parameters": [*found["parameters"], *_asked(view)]}
    changed["responses"] = {**found["responses"], status: {**usual, "content": content}}
    if view.sent:
        body = dict(found["requestBody"]["content"])
        rendering = body[Media.PLAIN_JSON.value]["schema"]
        body[Media.PLAIN_JSON.value] = {"schema": json_schema.either((rendering, _DOCUMENT))}
        body |= {media: {"schema": {"type": "string"}} for media in view.sent}
        changed["requestBody"] = {"required": True, "content": body}
        changed["responses"]["422"] = {"$ref": "#/components/responses/422"}
    return changed
