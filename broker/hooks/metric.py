"""What is measured, over HTTP: GET /service/<id>/samples of the service row; and GET /definitions/metric/{name} of the
manifest row, by which the service row knows the metrics that documents define.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

import orjson

from broker.hooks.library import library
from broker.metrics import Look, looking
from broker.report import sample_json
from broker.services import Context, Reply
from broker.store import Record, samples, watches
from manifests import Defined


def definitions(ctx: Context, query: Mapping[str, str]) -> Reply:
    """{definitions: [{text, where}]}, the newest first; `text` is a definition's JSON twin."""
    with ctx.store.read() as tx:
        found = library(tx, ctx.account)("metric", query["name"])
    return Reply(200, orjson.dumps({"definitions": [{"text": each.text, "where": each.where} for each in found]}))


def measured(ctx: Context, record: Record, query: Mapping[str, str]) -> Reply:
    """GET /service/<id>/samples: the newest of each measurement; with `metric`, `target` (and `location`, where there
    is one) the last thousand of that one, newest first."""
    with ctx.store.read() as tx:
        if {"metric", "target"} <= query.keys():
            place = (query["metric"], query["target"])
            found = samples.window(tx, ctx.account, record.id, *place, location=query.get("location"))
        else:
            of = watches.of_service(tx, ctx.account, record.id)
            found = samples.newest(tx, ctx.account, record.id, of)
    return Reply(200, orjson.dumps({"samples": list(map(sample_json, found))}))


def asking(ctx: Context) -> Look:
    """Metrics by name, for a row that has no documents."""

    def defined(term: str, name: str) -> tuple[Defined, ...]:
        found = ctx.client.get("manifest", f"/definitions/{term}/{quote(name, safe='')}")["definitions"]
        return tuple(Defined(each["text"], each["where"]) for each in found)

    return looking(defined)
