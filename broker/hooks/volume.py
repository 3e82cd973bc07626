"""Volumes that outlived their services: GET /volumes lists them, DELETE /volumes/<id> gives one back.

Giving back is an operation of the service that made it, as everything that calls a cloud.
"""

from __future__ import annotations

from collections.abc import Mapping

import orjson

from broker.services import Context, Reply
from broker.store import operations, volumes


def kept(ctx: Context, query: Mapping[str, str]) -> Reply:
    """{volumes: [{id, service, node, name, provider, reference, size, created}]}; size in bytes."""
    with ctx.store.read() as tx:
        found = volumes.every(tx, ctx.account)
    return Reply(200, orjson.dumps({"volumes": [_shown(each) for each in found]}))


def remove(ctx: Context, query: Mapping[str, str]) -> Reply:
    """202: the worker gives it back, with all that is on it. Missing when the account has no such volume."""
    with ctx.store.write() as tx:
        found = volumes.get(tx, ctx.account, query["id"])
        arguments = {"volumes": True, "only": found.step}
        operations.submit(tx, ctx.account, found.service, "release", arguments=arguments)
    return Reply(202, orjson.dumps(_shown(found)))


def _shown(volume: volumes.Volume) -> dict[str, object]:
    return {
        "id": volume.id,
        "service": volume.service_name,
        "node": volume.node,
        "name": volume.name,
        "provider": volume.provider,
        "reference": volume.reference,
        "size": volume.size,
        "created": volume.created,
    }
