"""GET /definitions/metric/{name} of the manifest row: what documents of the account, then of the platform, define under
a metric's name. The service row judges by it; documents are stored elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

import orjson

from broker.hooks.library import library
from broker.metrics import Look, looking
from broker.services import Context, Reply
from manifests import Defined


def definitions(ctx: Context, query: Mapping[str, str]) -> Reply:
    """{definitions: [{text, where}]}, the newest first; `text` is a definition's JSON twin."""
    with ctx.store.read() as tx:
        found = library(tx, ctx.account)("metric", query["name"])
    return Reply(200, orjson.dumps({"definitions": [{"text": each.text, "where": each.where} for each in found]}))


def asking(ctx: Context) -> Look:
    """Metrics by name, for a row that has no documents."""

    def defined(term: str, name: str) -> tuple[Defined, ...]:
        found = ctx.client.get("manifest", f"/definitions/{term}/{quote(name, safe='')}")["definitions"]
        return tuple(Defined(each["text"], each["where"]) for each in found)

    return looking(defined)
