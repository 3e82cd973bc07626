"""What happened past a number, at once or as soon as something does: GET /event/?service=&after=SEQ&wait=20

A wait holds a thread of the row, so that only half of them may wait at once: who finds no place waits a moment only.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import asdict

import orjson

from broker.errors import Invalid
from broker.hooks.addresses import uuid_of
from broker.services import Context, Reply
from broker.store import events
from broker.times import rfc3339

LONGEST = 30.0
"""Seconds one request waits at most: a thread of the server waits with it."""
PERIOD = 0.1
"""Seconds between two looks while waiting: one indexed query."""

MOMENT = 0.5
"""Seconds for those who find no place: they would otherwise ask without pause."""


class Places:
    """How many of this process' threads wait."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken = 0

    def take(self, most: int) -> bool:
        with self._lock:
            free = self._taken < most
            self._taken += free
            return free

    def leave(self) -> None:
        with self._lock:
            self._taken -= 1


PLACES = Places()


def listing(ctx: Context, query: Mapping[str, str]) -> Reply | None:
    """{events: [{seq, at, name, service, fields}], last}; `last` is what to ask after next. None: list entities."""
    if not {"after", "wait", "service"} & set(query):
        return None
    after, wait = number(query, "after"), min(LONGEST, number(query, "wait"))
    service = uuid_of(query["service"]) if query.get("service") else None
    found = _read(ctx, after, service) or (_awaited(ctx, after, service, wait) if wait else ())
    last = found[-1].seq if found else after
    shown = [{**asdict(each), "at": rfc3339(each.at)} for each in found]
    return Reply(200, orjson.dumps({"events": shown, "last": last}))


def _awaited(ctx: Context, after: int, service: str | None, wait: float) -> tuple[events.Event, ...]:
    place = PLACES.take(max(1, ctx.settings.threads // 2))
    until = time.monotonic() + (wait if place else min(wait, MOMENT))
    try:
        while not (found := _read(ctx, after, service)) and time.monotonic() < until:
            time.sleep(PERIOD)
    finally:
        if place:
            PLACES.leave()
    return found


def _read(ctx: Context, after: int, service: str | None) -> tuple[events.Event, ...]:
    with ctx.store.read() as tx:
        return events.after(tx, ctx.account, after, service=service)


def number(query: Mapping[str, str], name: str) -> int:
    """A whole number of the query, 0 where it says none; Invalid for anything else."""
    text = query.get(name, "0")
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise Invalid(f"{name}={text[:20]} is not a whole number")
    return int(text)
