"""What happens, in order and without a gap: by long polls of the service row, or as the stream of `accords serve
stream`. Pure: flows, and a reader of server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from broker.client.flows import Flow, Item, Pause, Stream, asked, read
from broker.client.messages import Request, Unreadable, request
from broker.client.ways import STREAM

POLL = 20
"""Seconds one long poll waits for something to happen."""
SLACK = 10.0
"""Seconds beyond its wait that a poll may be silent."""
SILENCE = 45.0
"""Seconds without even a comment after which a stream is taken for dead: three of its heartbeats."""
RETRY = 2.0
"""Seconds until a stream that broke is asked for again, where it has not said when."""
LARGEST = 1 << 20
"""Bytes of one event of a stream."""


@dataclass(frozen=True, slots=True)
class Event:
    """`seq` is what to go on after; `at` is RFC 3339; `name` says what happened (`step.done`), `fields` with what."""

    seq: int
    account: str
    service: str | None
    at: str
    name: str
    fields: Mapping[str, Any]


def page(after: int, service: str | None = None, *, wait: int = 0) -> Flow[tuple[Event, ...]]:
    """The next events past a number, oldest first; where there is none yet, the first within `wait` seconds."""
    params = {"after": str(after), "wait": str(wait)} | ({"service": service} if service else {})
    answer = yield from asked(request("service", "GET", "/event/", params=params, timeout=wait + SLACK))
    said = answer.json()
    if not isinstance(said, dict) or not isinstance(said.get("events"), list):
        raise Unreadable("the service row answered with no events")
    return tuple(map(event, said["events"]))


def listen(after: int = 0, service: str | None = None, *, follow: bool = True) -> Stream[Event]:
    """All events past a number; then, with `follow`, each as it happens."""
    while True:
        found = yield from page(after, service, wait=POLL if follow else 0)
        for each in found:
            after = each.seq
            yield Item(each)
        if not found and not follow:
            return


def newest(service: str | None = None) -> Flow[int]:
    """The number of the newest event; 0 when nothing happened yet."""
    after = 0
    while found := (yield from page(after, service)):
        after = found[-1].seq
    return after


def stream(after: int | None = None, service: str | None = None) -> Stream[Event]:
    """Each event as it happens, past `after` or from now on. A stream that breaks is taken up where it broke; one that
    cannot be had is `RowDown`, unless the client has the patience to wait for it."""
    retry = RETRY
    while True:
        yield from asked(_opening(after, service))
        left = b""
        while isinstance(chunk := (yield from read()), bytes) and chunk:
            messages, left = split(left + chunk)
            for each in messages:
                after = after if each.id is None else each.id
                retry = retry if each.retry is None else each.retry / 1000
                if each.data:
                    yield Item(event(_json(each.data)))
        yield Pause(retry)


def _opening(after: int | None, service: str | None) -> Request:
    params = {"service": service} if service else {}
    headers = {} if after is None else {"Last-Event-ID": str(after)}
    return Request(STREAM, "GET", "/events", params, headers, timeout=SILENCE, stream=True)


@dataclass(frozen=True, slots=True)
class Message:
    """One server-sent event: what of its fields was said. `retry` in milliseconds."""

    data: str = ""
    id: int | None = None
    retry: int | None = None


def split(held: bytes) -> tuple[tuple[Message, ...], bytes]:
    """The messages that are complete, and what is left of the next."""
    *whole, left = _BETWEEN.split(held)
    if len(left) > LARGEST:
        raise Unreadable(f"an event of more than {LARGEST} bytes", hint="is the stream's address another server's?")
    return tuple(map(_message, whole)), left


_BETWEEN = re.compile(rb"\r\n\r\n|\n\n|\r\r")
_NUMBER = re.compile(r"[0-9]{1,18}")


def _message(block: bytes) -> Message:
    lines = [line.partition(":") for line in re.split(r"\r\n|\n|\r", block.decode(errors="replace"))]
    said = [(name, value.removeprefix(" ")) for name, _, value in lines if name]
    numbers = {name: int(value) for name, value in said if name in ("id", "retry") and _NUMBER.fullmatch(value)}
    return Message("\n".join(value for name, value in said if name == "data"), numbers.get("id"), numbers.get("retry"))


def _json(data: str) -> Any:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise Unreadable("an event of the stream is no JSON") from error


def event(said: Any) -> Event:
    """An event as both ways of listening have it."""
    try:
        return Event(**{name: said[name] for name in Event.__slots__})
    except (KeyError, TypeError) as error:
        raise Unreadable("an event is not as events are") from error
