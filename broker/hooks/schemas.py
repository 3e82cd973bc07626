"""GET /schemas and /schemas/{name} of the manifest row: the schemas that an editor checks documents with as they are
written. The same files as `accords schema`; without a token, for an editor has none to send."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256

import orjson

from broker.errors import Missing
from broker.services import Context, Reply
from manifests.schemas import PUBLISHED, path


def listing(ctx: Context, query: Mapping[str, str]) -> Reply:
    """{schemas: [{name, what}]}"""
    found = [{"name": name, "what": published.what} for name, published in PUBLISHED.items()]
    return Reply(200, orjson.dumps({"schemas": found}))


def one(ctx: Context, query: Mapping[str, str]) -> Reply:
    """A schema; its ETag is of its bytes."""
    name = query["name"]
    if name not in PUBLISHED:
        raise Missing(f"no schema is called {name[:60]}", hint=f"one of: {', '.join(PUBLISHED)}")
    body = path(name).read_bytes()
    headers = {"ETag": f'"{sha256(body).hexdigest()[:32]}"', "Cache-Control": "public, max-age=3600"}
    return Reply(200, body, PUBLISHED[name].media_type, headers)
