"""Who serves what: each row keeps a `publication` a kind at the publisher, good for as long as it renews it.

A row that ends takes its publications back; one that is killed or stopped stops renewing, and the publisher lists it
no longer than its lease, by the publisher's own clock. A row that wakes up renews, and is back.

    Renewal  keeps the rows of this process published
    Watch    tells this process' client at once when rows come, go or move
    Mirror   tells another publisher of the rows that renew with this one

Each is a thread that goes on when a publisher is away, and finds it when it is back.
"""

from __future__ import annotations

import hashlib
import logging
import os
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from broker.client import Client
from broker.errors import AccordsError, Missing, Stale
from broker.store import PLATFORM, Record, Store, entities

log = logging.getLogger(__name__)

PUBLICATION = "http://scheme.compatibleone.fr/scheme/compatible#publication"
PUBLISHER = "publisher"
Places = Mapping[str, Sequence[str]]
"""Row name -> the addresses it is served at, the one that started last first."""
AGAIN = 1.0
"""Seconds until a publisher that did not answer is asked again."""
WAIT = 2
"""Seconds a watch has the publisher wait for a change."""
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


def living(store: Store, lease: float) -> tuple[Record, ...]:
    """The publications that are within their lease."""
    with store.read() as tx:
        found = entities.page(tx, PLATFORM, kind=PUBLICATION, limit=10_000).records
    over = {each.id for each in expired(found, now=store.now(), lease=lease)}
    return tuple(each for each in found if each.id not in over)


def places(records: Sequence[Record]) -> Places:
    """Where rows are, by their publications."""
    began = {(_of(each, "who"), _of(each, "why")): _began(each) for each in records}
    newest = sorted(began, key=lambda place: (-began[place], place))
    return {row: [address for name, address in newest if name == row] for row, _ in sorted(began)}


def tag(found: Places) -> str:
    """Changes when a row comes, goes or moves, and not when one renews. Every publisher gives the same for the same."""
    said = sorted((row, address) for row, addresses in found.items() for address in addresses)
    return hashlib.sha256(repr(said).encode()).hexdigest()[:16]


def passed_on(records: Sequence[Record], origin: str) -> tuple[dict[str, object], ...]:
    """What a mirror is told, as `/.bulk` takes it: what renews with the publisher `origin` itself, never what another
    mirror told it, so that nothing goes round. The sequence is the row's own last renewal: telling it twice does not
    lengthen a lease, and a later renewal with the mirror itself wins."""
    return tuple(
        {
            "account": PLATFORM,
            "kind": PUBLICATION,
            "id": each.id,
            "sequence": _stamp(each),
            "title": each.title,
            "attributes": {**each.attributes, _PREFIX + "remote": origin},
            "mixins": [],
            "source": None,
            "target": None,
        }
        for each in records
        if not _of(each, "remote")
    )


def _of(record: Record, name: str) -> str:
    return str(record.attributes.get(_PREFIX + name, ""))


def _stamp(record: Record) -> int:
    """When the row renewed, by its own clock: microseconds, whole seconds."""
    return int(record.attributes[_PREFIX + "stamp"]) * 1_000_000


def _began(record: Record) -> int:
    """When the row started, epoch seconds."""
    return int(record.attributes.get(_PREFIX + "stamp", 0)) - int(record.attributes.get(_PREFIX + "uptime", 0))


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
        """End, and take the publications back."""
        self._end.set()
        self._thread.join(timeout=self._period)
        self.withdraw()

    def withdraw(self) -> None:
        """Take the publications back, if the publisher answers."""
        self._send("delete", [w for each in self._published for w in withdrawals(each, now=self._now())])

    def renew(self) -> None:
        now = self._now()
        self._send("put", [p for each in self._published for p in publications(each, now=now, started=self._started)])

    def _run(self) -> None:
        self.renew()
        while not self._end.wait(self._period if self._reached else min(self._period, AGAIN)):
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


class Watch:
    """Has the publisher say when rows come, go or move, and tells the client's directory, until `stop`."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Begin no further question. One that is under way ends with the process."""
        self._end.set()

    def look(self, tag: str) -> str | None:
        """One question; the tag to ask past next, None when no publisher answered."""
        try:
            said = self._client.get("publisher", "/rows", after=tag, wait=str(WAIT))
        except AccordsError:
            return None
        self._client.directory.learn(said["rows"])
        return str(said["tag"])

    def _run(self) -> None:
        tag: str | None = ""
        while not self._end.is_set():
            tag = self.look(tag or "")
            if tag is None:
                self._end.wait(AGAIN)


class Mirror:
    """Tells one other publisher what renews with this one, until `stop`. `client` reaches that one and no other;
    `look` gives this publisher's living publications."""

    def __init__(self, client: Client, origin: str, look: Callable[[], Sequence[Record]]) -> None:
        self._client = client
        self._origin = origin
        self._look = look
        self._told: Mapping[str, dict[str, object]] = {}
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mirror", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._end.set()
        self._thread.join(timeout=AGAIN)
        self._client.close()

    def tell(self) -> None:
        """What renewed or went since the mirror last listened. Nothing changes when it does not listen now."""
        now = {str(each["id"]): each for each in passed_on(self._look(), self._origin)}
        put = [each for id, each in now.items() if self._told.get(id, {}).get("sequence") != each["sequence"]]
        gone = [_forgotten(each) for id, each in self._told.items() if id not in now]
        if not put and not gone:
            return
        try:
            self._client.post("publisher", "/.bulk", {"put": put, "delete": gone})
        except AccordsError as error:
            log.info("mirror.away", extra={"why": error.message})
            self._told = {}  # it may come back with nothing of what it knew
        else:
            self._told = now

    def _run(self) -> None:
        while not self._end.is_set():
            try:
                self.tell()
            except AccordsError as error:  # our own store, busy or full
                log.warning("mirror.failed", extra={"why": error.message})
            self._end.wait(AGAIN)


def _forgotten(told: Mapping[str, object]) -> dict[str, object]:
    """Takes back what a mirror was told, and nothing that the row told it itself since."""
    return {**{name: told[name] for name in ("account", "kind", "id")}, "sequence": int(str(told["sequence"])) + 1}
