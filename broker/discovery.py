"""Who serves what: each row keeps a `publication` a kind at the publisher, good for as long as it renews it.

A row that ends takes its publications back; one that is killed or stopped stops renewing, and the publisher lists it
no longer than its lease, by the publisher's own clock. A row that wakes up renews, and is back.
Not here: asking the publisher, which is the client's business.
"""

from __future__ import annotations

import logging
import os
import threading
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from broker.client import Client
from broker.errors import AccordsError, Missing, Stale
from broker.store import PLATFORM, Record, Store, entities

log = logging.getLogger(__name__)

PUBLICATION = "http://scheme.compatibleone.fr/scheme/compatible#publication"
_IDS = uuid.UUID("6f2c0e0a-6a0e-5b0e-9f5e-3b1b6d1f7c11")
_PREFIX = "occi.publication."


@dataclass(frozen=True, slots=True)
class Published:
    """A row as the publisher shows it: its name, its kinds (type ids), the address clients use."""

    row: str
    kinds: tuple[str, ...]
    address: str


def publications(published: Published, *, now: int, started: int) -> tuple[dict[str, object], ...]:
    """The publications of a row as `/.bulk` takes them; times in UTC microseconds. The same row at the same address
    always has the same ones, and `now` is their sequence: an older renewal that arrives late changes nothing."""
    common = {
        "why": published.address,
        "who": published.row,
        "region": "marketplace",
        "stamp": now // 1_000_000,
        "uptime": (now - started) // 1_000_000,
        "pid": os.getpid(),
        "state": 1,
    }
    return tuple(
        {
            **_key(published, kind),
            "sequence": now,
            "title": f"{published.row}: {kind.rpartition('#')[2]}",
            "attributes": {_PREFIX + name: value for name, value in {"what": kind, **common}.items()},
            "mixins": [],
            "source": None,
            "target": None,
        }
        for kind in published.kinds
    )


def withdrawals(published: Published, *, now: int) -> tuple[dict[str, object], ...]:
    """What takes a row's publications back."""
    return tuple({**_key(published, kind), "sequence": now} for kind in published.kinds)


def expired(records: Sequence[Record], *, now: int, lease: float) -> tuple[Record, ...]:
    """The publications whose lease is over: `lease` in seconds, `now` by the clock that stamped them."""
    return tuple(record for record in records if record.updated + lease * 1_000_000 < now)


def sweep(store: Store, lease: float) -> None:
    """Remove what has not been renewed. Done before each look at the publications, so that nobody sees any."""
    with store.read() as tx:
        listed = entities.page(tx, PLATFORM, kind=PUBLICATION, limit=10_000).records
    over = expired(listed, now=store.now(), lease=lease)
    if not over:
        return
    with store.write() as tx:
        for record in over:
            with suppress(Missing, Stale):  # another look has removed it, or it was renewed just now
                entities.delete(tx, record.account, record.kind, record.id, expect=record.generation)


def _key(published: Published, kind: str) -> dict[str, object]:
    identity = uuid.uuid5(_IDS, f"{published.row}\0{published.address}\0{kind}")
    return {"account": PLATFORM, "kind": PUBLICATION, "id": str(identity)}


class Renewal:
    """Keeps rows published from a thread of the process that serves them, until `stop`.

    A publisher that does not answer is told in the log once, and asked again each period.
    """

    def __init__(self, client: Client, published: Sequence[Published], *, lease: float, now: Callable[[], int]) -> None:
        self._client = client
        self._published = tuple(published)
        self._period = lease / 3
        self._now = now
        self._started = now()
        self._end = threading.Event()
        self._reached: bool | None = None
        self._thread = threading.Thread(target=self._run, name="publications", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End, and take the publications back if the publisher answers."""
        self._end.set()
        self._thread.join(timeout=self._period)
        self._send("delete", [w for each in self._published for w in withdrawals(each, now=self._now())])

    def renew(self) -> None:
        now = self._now()
        self._send("put", [p for each in self._published for p in publications(each, now=now, started=self._started)])

    def _run(self) -> None:
        self.renew()
        while not self._end.wait(self._period):
            self.renew()

    def _send(self, verb: str, rows: Sequence[dict[str, object]]) -> None:
        try:
            self._client.post("publisher", "/.bulk", {verb: rows})
        except AccordsError as error:
            self._tell(reached=False, why=error.message)
        else:
            self._tell(reached=True)

    def _tell(self, *, reached: bool, why: str = "") -> None:
        if reached is not self._reached:
            self._reached = reached
            log.log(
                logging.INFO if reached else logging.WARNING,
                "publisher.reached" if reached else "publisher.away",
                extra={"rows": [each.row for each in self._published], "why": why},
            )
