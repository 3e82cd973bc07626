"""What the functions of rows and kinds answer that is no OCCI rendering, as JSON Schemas: a table, function by
function. The description of the JSON side (`broker.web.openapi`) is made of it; a test fails when one is missing.

Where an answer is a value of ours as it stands, its schema is made from the dataclass; where it is put together, the
schema says what the function's docstring says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter

from broker.errors import AccordsError
from broker.hooks import (
    audit,
    console,
    drift,
    errands,
    event,
    manifest,
    metric,
    offered,
    pins,
    placing,
    publication,
    resizing,
    schemas,
    service,
    several,
    volume,
)
from manifests import Diagnostic, Offer, Placement

Schema = dict[str, Any]


@dataclass(frozen=True, slots=True)
class View:
    """`name` is for clients that are made from the description. `answer` None: a body that is not JSON, or none at all
    where there is no `media`. `query` are the parameters, `takes` is a body, `sent` what a document is in beside JSON.
    `changes`: it may be refused as a change is. `tagged`: the answer has an ETag."""

    name: str
    summary: str
    answer: Schema | None
    status: int = 200
    query: Mapping[str, Schema] = field(default_factory=dict)
    media: tuple[str, ...] = ("application/json",)
    takes: Schema | None = None
    sent: tuple[str, ...] = ()
    changes: bool = False
    tagged: bool = False


TEXT: Schema = {"type": "string"}
FLAG: Schema = {"type": "boolean"}
NUMBER: Schema = {"type": "number"}
COUNT: Schema = {"type": "integer", "minimum": 0}
TIME: Schema = {"type": "string", "format": "date-time"}
UUID: Schema = {"type": "string", "format": "uuid"}
OBJECT: Schema = {"type": "object"}
ANY: Schema = {}
SINCE: Schema = {"type": "integer", "minimum": 0, "maximum": 10**18 - 1}


def maybe(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def many(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def record(members: Mapping[str, Schema], optional: Mapping[str, Schema] | None = None) -> Schema:
    """An object with just these members; `optional` may be absent."""
    return {
        "type": "object",
        "required": list(members),
        "properties": {**members, **(optional or {})},
        "additionalProperties": False,
    }


_AS_THEY_ARE = (Offer, Placement, Diagnostic, several.Asked)
SHARED: Mapping[str, Schema] = TypeAdapter.json_schemas(
    [(each, "serialization", TypeAdapter(each)) for each in _AS_THEY_ARE],
    ref_template="#/components/schemas/{model}",
)[1]["$defs"]
"""Components that schemas of this table refer to."""


def _of(value: type) -> Schema:
    """A value of ours as it is shown or taken: one of those above."""
    return {"$ref": f"#/components/schemas/{value.__name__}"}


_ERROR = maybe(OBJECT)
_SAMPLE = {
    **{"metric": TEXT, "target": TEXT, "value": NUMBER, "at": TIME, "location": maybe(TEXT)},
}
_MEASURED = record({**_SAMPLE, "units": TEXT})
_EVENT = record({"seq": COUNT, "account": TEXT, "service": maybe(TEXT), "at": TIME, "name": TEXT, "fields": OBJECT})
_KEPT = record(
    {
        **dict.fromkeys(("id", "kind", "service", "node", "name", "provider", "reference"), TEXT),
        "size": COUNT,
        "created": TIME,
    }
)
_INPUT = {"name": TEXT, "type": TEXT, "default": maybe(TEXT), "allowed": many(TEXT), "secret": FLAG}

_OPERATION = {
    **{"id": TEXT, "kind": TEXT, "state": TEXT, "done": COUNT, "total": COUNT, "error": _ERROR},
    "said": many(record({"node": TEXT, "exit": ANY, "output": TEXT})),
}
_STEP = {
    **dict.fromkeys(("id", "verb", "subject", "provider"), TEXT),
    "state": {"enum": ["waiting", "intent", "done", "failed", "blocked"]},
    "attempt": COUNT,
    "error": _ERROR,
    "waits": many(TEXT),
}
_NODE = {
    **{"name": TEXT, "state": TEXT, "provider": TEXT, "zone": TEXT, "addresses": many(TEXT), "public": maybe(TEXT)},
    **{"size": OBJECT, "ports": many(OBJECT)},
}
_VOLUME = {"id": TEXT, "name": ANY, "provider": TEXT, "size": ANY, "retain": ANY, "node": TEXT}
_VIOLATION = {
    **{"name": TEXT, "target": TEXT, "since": TIME, "ended": maybe(TIME), "reason": TEXT},
    "evidence": many(record(_SAMPLE)),
}
_GUARANTEE = {
    **{"name": TEXT, "target": TEXT, "reason": TEXT, "at": TIME, "since": maybe(TIME)},
    "state": {"enum": ["met", "violated", "unknown"]},
}
_DIFFERENCE = dict.fromkeys(("provider", "kind", "id", "aspect", "step", "wanted", "seen"), TEXT)
REPORT = record(
    {
        "service": record(
            {"id": UUID, "name": TEXT, "state": TEXT, "account": TEXT, "created": TIME, "expires": maybe(TIME)}
        ),
        "operation": maybe(record(_OPERATION)),
        "steps": many(record(_STEP)),
        "nodes": many(record(_NODE)),
        "volumes": many(record(_VOLUME)),
        "samples": many(_MEASURED),
        "guarantees": many(record(_GUARANTEE)),
        "violations": many(record(_VIOLATION)),
        "outputs": many(record({"name": TEXT, "value": ANY})),
        "outside": many(record({"name": TEXT, "address": ANY, "port": ANY, "aetitle": ANY})),
        "shared": many(
            record(
                {"node": TEXT, "service": TEXT, "users": many(TEXT), "whose": ANY, "differs": FLAG},
            )
        ),
        "users": many(record({"name": TEXT, "running": FLAG})),
        "drift": many(record({**_DIFFERENCE, "since": TIME})),
        "error": _ERROR,
        "can": many(TEXT),
        "methods": many(TEXT),
    }
)
"""`broker.report` says what each part means."""

_OBSERVED = many(record({"provider": TEXT, "at": maybe(TIME), "error": _ERROR}))
_RIGHTED = record(
    {
        **{"plan": TEXT, "listing": many(TEXT), "losses": many(TEXT)},
        "left": many(record({"step": TEXT, "aspect": TEXT, "message": TEXT})),
    }
)
_DRIFT = record(
    {
        "service": record({"id": UUID, "name": TEXT, "state": TEXT}),
        "policy": {"enum": ["report", "repair", "adopt"]},
        "observed": _OBSERVED,
        "differences": many(record({**_DIFFERENCE, "name": TEXT, "since": TIME})),
        **{"repair": _RIGHTED, "adopt": _RIGHTED},
    }
)
_SIZE = record({"size": maybe(TEXT), "cores": COUNT, "memory": COUNT, "disk": COUNT, "price": maybe(TEXT)})
_RESIZE = record(
    {
        "service": record({"id": UUID, "name": TEXT, "state": TEXT}),
        **{"node": TEXT, "currency": TEXT, "difference": maybe(TEXT), "plan": TEXT, "listing": many(TEXT)},
        "machines": many(
            record(
                {**dict.fromkeys(("name", "provider", "zone", "reason"), TEXT), "before": _SIZE, "after": _SIZE},
            )
        ),
    }
)
_CONSOLE = record(
    {**dict.fromkeys(("name", "provider", "text"), TEXT), "error": _ERROR, "asked": TIME, "at": maybe(TIME)}
)
_STRAY = record(
    {
        **dict.fromkeys(("account", "provider", "kind", "id", "name", "service", "step", "seen"), TEXT),
        **{"price": maybe(TEXT), "currency": maybe(TEXT), "removal": maybe(TEXT), "since": TIME, "at": TIME},
    }
)
_AUDIT = record({"observed": _OBSERVED, "strays": many(_STRAY), "gone": many(_STRAY), "costs": OBJECT})

_POSTED = record(
    {
        **{"kind": TEXT, "id": UUID, "name": TEXT, "location": TEXT, "document": TEXT},
        "elements": many(record({"path": TEXT, "kind": TEXT, "id": TEXT})),
        "inputs": many(record(_INPUT, {"description": maybe(TEXT)})),
        "diagnostics": many(_of(Diagnostic)),
    }
)

_DOCUMENTS = ("application/xml", "application/yaml")

VIEWS: Mapping[Callable[..., object], View] = {
    publication.rows: View(
        "rows",
        "Where rows are now, or as soon as that changes",
        record({"tag": TEXT, "rows": {"type": "object", "additionalProperties": many(TEXT)}}),
        query={"after": TEXT, "wait": {"type": "integer", "minimum": 0, "maximum": 10**9 - 1}},
    ),
    metric.definitions: View(
        "metrics",
        "What documents define as a metric of this name",
        record({"definitions": many(record({"text": TEXT, "where": TEXT}))}),
    ),
    pins.shown: View(
        "uses",
        "What a document was read with",
        record({"uses": many(record({"term": TEXT, "name": TEXT, "found": many(many(TEXT))}))}),
    ),
    pins.removed: View("forget", "Forget what a document was read with", None, status=204, media=(), changes=True),
    schemas.listing: View(
        "schemas", "The schemas of documents", record({"schemas": many(record({"name": TEXT, "what": TEXT}))})
    ),
    schemas.one: View(
        "schema", "A schema of documents", None, media=("application/xml", "application/schema+json"), tagged=True
    ),
    volume.kept: View("volumes", "What is kept beyond its service", record({"volumes": many(_KEPT)})),
    volume.remove: View("remove", "Give back what is kept", _KEPT, status=202, changes=True),
    service.end: View("end", "Give a service back", record({}), status=202, query={"node": TEXT}, changes=True),
    errands.complete: View("errands", "Do what the row owes", record({"left": COUNT})),
    offered.shown: View(
        "cloudoffers",
        "What the providers behind the cloud row can give",
        record({"offers": many(OBJECT)}),
    ),
    several.submit: View(
        "operations",
        "One operation of several services",
        record({}),
        status=202,
        takes=_of(several.Asked),
        changes=True,
    ),
    drift.shown: View("drift", "What differs of a service at its providers", _DRIFT),
    drift.submit: View(
        "repair",
        "Have what differs put right, or wanted so from now on",
        record({"operation": UUID}),
        status=202,
        takes={
            "type": "object",
            "properties": {"how": {"enum": ["repair", "adopt"]}, "plan": maybe(TEXT)},
            "additionalProperties": False,
        },
        changes=True,
    ),
    resizing.shown: View(
        "size",
        "What another size for a node's machines would be, and cost",
        _RESIZE,
        query=dict.fromkeys(("node", "size", "cores", "memory", "disk"), TEXT),
    ),
    resizing.submit: View(
        "resize",
        "Give a node's machines another size",
        record({"operation": UUID}),
        status=202,
        takes=_of(resizing.Asked),
        changes=True,
    ),
    console.shown: View(
        "console",
        "What the console of a node's machine showed",
        record({"consoles": many(_CONSOLE)}),
        query={"node": TEXT},
    ),
    console.submit: View(
        "look",
        "Have the console of a node's machine looked at",
        record({"asked": COUNT}),
        status=202,
        takes=_of(console.Asked),
        changes=True,
    ),
    audit.shown: View("audit", "What is at the providers and nobody knows, and the other way round", _AUDIT),
    audit.remove: View(
        "removal",
        "Have what nobody knows given back",
        record({"asked": COUNT}),
        status=202,
        takes=record({"things": many(record({"provider": TEXT, "kind": TEXT, "id": TEXT}))}),
        changes=True,
    ),
    service.report: View("report", "A service with all its parts", REPORT),
    service.printed: View(
        "logs",
        "What the scripts of a service's nodes printed",
        record({"logs": many(record({"seq": COUNT, "at": TIME, "node": TEXT, "output": TEXT}))}),
        query={"after": SINCE},
    ),
    placing.shown: View(
        "placements", "Why each node of a service is where it is", record({"placements": many(_of(Placement))})
    ),
    metric.measured: View(
        "samples",
        "What is measured of a service",
        record({"samples": many(_MEASURED)}),
        query={"metric": TEXT, "target": TEXT, "location": TEXT},
    ),
    manifest.shown: View("document", "The document, decorated", None, media=(*_DOCUMENTS, "application/json")),
    manifest.documents: View(
        "post",
        "Post a document",
        _POSTED,
        status=201,
        query={"strict": {"enum": ["yes", "no"]}},
        sent=_DOCUMENTS,
        changes=True,
    ),
    event.listing: View(
        "events",
        "What happened past a number, at once or as soon as something does",
        record({"events": many(_EVENT), "last": COUNT}),
        query={"after": SINCE, "wait": SINCE, "service": UUID},
    ),
    service.provider_listing: View(
        "offers",
        "What the worker last saw that providers give",
        record({"offers": many(_of(Offer))}),
        query={"view": {**TEXT, "description": "`offers`; without it the providers' entities are listed."}},
    ),
}


def view(function: Callable[..., object]) -> View:
    """What a function answers; a mistake of ours where the table has it not."""
    found = VIEWS.get(function)
    if found is None:
        raise AccordsError(f"{function.__module__}.{function.__qualname__} is not described in {__name__}")
    return found
