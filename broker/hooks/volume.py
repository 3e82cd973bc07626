"""What is kept beyond its service, retained volumes and saved images: GET /volumes lists it, DELETE /volumes/<id> gives
one back.

Giving back is an operation of the service that made it, as everything that calls a cloud.
"""

from __future__ import annotations

from collections.abc import Mapping

import orjson

from broker.errors import Clash
from broker.services import Context, Reply
from broker.store import Transaction, operations, volumes
from broker.times import rfc3339


def kept(ctx: Context, query: Mapping[str, str]) -> Reply:
    """{volumes: [{id, kind, service, node, name, provider, reference, size, created, user}]}; kind is volume or image,
    size in bytes, 0 where the provider does not say; `user` the living service it was joined to, or null."""
    with ctx.store.read() as tx:
        found = [_shown(tx, each) for each in volumes.every(tx, ctx.account)]
    return Reply(200, orjson.dumps({"volumes": found}))


def remove(ctx: Context, query: Mapping[str, str]) -> Reply:
    """202: the worker gives it back, with all that is on it. Missing when the account has no such volume, Clash when
    a service uses it."""
    with ctx.store.write() as tx:
        found = volumes.get(tx, ctx.account, query["id"])
        if used := volumes.user(tx, found):
            raise Clash(f"the volume {found.name} is used by {used.name}", hint=f"release {used.name} first")
        operations.submit(tx, ctx.account, found.service, "remove", arguments={"only": found.step})
        shown = _shown(tx, found)
    return Reply(202, orjson.dumps(shown))


def _shown(tx: Transaction, volume: volumes.Volume) -> dict[str, object]:
    used = volumes.user(tx, volume)
    return {
        "id": volume.id,
        "kind": volume.kind,
        "service": volume.service_name,
        "node": volume.node,
        "name": volume.name,
        "provider": volume.provider,
        "reference": volume.reference,
        "size": volume.size,
        "created": rfc3339(volume.created),
        "user": used.name if used else None,
    }
