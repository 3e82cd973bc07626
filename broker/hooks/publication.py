"""Where rows are now: GET /rows at the publisher; /rows?after=TAG&wait=2 answers when that is no longer so.

One look serves all who wait, whatever their number. A wait holds a thread of the publisher, which has some for it
(`broker.serve`); who finds no place is answered at once and asks again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from weakref import WeakKeyDictionary

import orjson

from broker import discovery
from broker.discovery import Places
from broker.errors import Invalid
from broker.hooks import event
from broker.services import Context, Reply
from broker.store import Store

LONGEST = 2.0
"""Seconds one request waits at most: as long as the publisher may take to end."""
PERIOD = 0.2
"""Seconds between two looks, while anybody waits."""
WAITERS = 32
"""Processes that one publisher tells at once: rows, workers, doors."""

_ROOM = event.Places()


class Look:
    """What is published, found out at most once in a `PERIOD`."""

    def __init__(self, find: Callable[[], Places], clock: Callable[[], float] = time.monotonic) -> None:
        self._find = find
        self._clock = clock
        self._lock = threading.Lock()
        self._found: Places = {}
        self._until = float("-inf")

    def __call__(self) -> Places:
        with self._lock:
            if self._clock() >= self._until:
                self._found = self._find()
                self._until = self._clock() + PERIOD
            return self._found


_LOOKS: WeakKeyDictionary[Store, Look] = WeakKeyDictionary()


def rows(ctx: Context, query: Mapping[str, str]) -> Reply:
    """{tag, rows: {name: [address, ...]}}: the address that was published last comes first."""
    lease, store = ctx.settings.publication_lease, ctx.store
    found = discovery.places(discovery.living(store, lease))
    wait = _seconds(query)
    if wait and query.get("after") == discovery.tag(found) and _ROOM.take(WAITERS):
        try:
            look = _LOOKS.setdefault(store, Look(lambda: discovery.places(discovery.living(store, lease))))
            found = _awaited(look, query["after"], time.monotonic() + wait)
        finally:
            _ROOM.leave()
    return Reply(200, orjson.dumps({"tag": discovery.tag(found), "rows": found}))


def _awaited(look: Look, tag: str, until: float) -> Places:
    while discovery.tag(found := look()) == tag and time.monotonic() < until:
        time.sleep(PERIOD)
    return found


def _seconds(query: Mapping[str, str]) -> float:
    said = query.get("wait", "0")
    if not (said.isascii() and said.isdigit() and len(said) < 10):
        raise Invalid(f"wait={said[:20]} is not a whole number of seconds")
    return min(LONGEST, float(said))
