"""The outbox on its way: projections to the rows that show them, in bulk, oldest first.

What was acknowledged is forgotten; what was not is sent again. A row ignores what is older than what it has.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence

from broker.client import Client
from broker.errors import AccordsError
from broker.services import row_of
from broker.store import Store, outbox
from broker.store.outbox import Parcel

log = logging.getLogger(__name__)

AT_ONCE = 1000
"""Parcels of one delivery: far below a row's limit of 2 MiB a request."""


def deliver(store: Store, client: Client) -> int:
    """Send what waits, a request a row; how many parcels arrived. A row that is down keeps its parcels waiting."""
    with store.read() as tx:
        waiting = outbox.pending(tx, AT_ONCE)
    arrived = [parcel.seq for row, parcels in by_row(waiting).items() for parcel in _send(client, row, parcels)]
    if arrived:
        with store.write() as tx:
            outbox.delivered(tx, arrived)
    return len(arrived)


def by_row(parcels: Iterable[Parcel]) -> Mapping[str, Sequence[Parcel]]:
    found: dict[str, list[Parcel]] = {}
    for parcel in parcels:
        found.setdefault(row_of(parcel.projection.kind).name, []).append(parcel)
    return found


def _send(client: Client, row: str, parcels: Sequence[Parcel]) -> Sequence[Parcel]:
    try:
        client.post(row, "/.bulk", body_of(parcels))
    except AccordsError as error:
        log.warning("delivery.failed", extra={"row": row, "parcels": len(parcels), "error": error.message})
        return ()
    return parcels


def body_of(parcels: Sequence[Parcel]) -> dict[str, list[dict[str, object]]]:
    """The newest of each entity: a deletion leaves no trace at the receiver that would keep an older one out."""
    newest = {(parcel.account, parcel.projection.kind, parcel.projection.id): parcel for parcel in parcels}
    put = [_put(parcel) for parcel in newest.values() if not parcel.projection.gone]
    return {"put": put, "delete": [_end(parcel) for parcel in newest.values() if parcel.projection.gone]}


def _key(parcel: Parcel) -> dict[str, object]:
    projection = parcel.projection
    return {"account": parcel.account, "kind": projection.kind, "id": projection.id, "sequence": parcel.seq}


def _end(parcel: Parcel) -> dict[str, object]:
    """Where it matters, with the service that it is the end of."""
    service = parcel.projection.attributes.get("org.accords.service")
    return {**_key(parcel), **({"service": service} if service else {})}


def _put(parcel: Parcel) -> dict[str, object]:
    projection = parcel.projection
    return {
        **_key(parcel),
        "title": projection.title,
        "attributes": dict(projection.attributes),
        "mixins": list(projection.mixins),
        "source": projection.source,
        "target": projection.target,
    }
