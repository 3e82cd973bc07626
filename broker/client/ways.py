"""How a request gets to its row: where that may be, what the publisher said, whom to try next, when to try again. Pure.

Where a row is comes from the publisher, remembered for a while; `broker.discovery.Watch` tells the directory at once
when that changes. Static configuration is tried after it, or alone where no publisher answered yet.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from broker import addresses, logs
from broker.client.flows import Alone, Flow, Got, Pause, T, adapted, tried
from broker.client.messages import JSON, Answer, Broken, Request, Unreadable, accepted, again
from broker.errors import AccordsError
from broker.settings import Settings

ACCOUNT_HEADER = "X-Accords-Account"
REQUEST_ID = "X-Request-Id"
ROW_HEADER = "X-Accords-Row"
"""Says which row is meant, where all rows have one address."""
REMEMBERED = 10.0
"""Seconds an answer of the publisher is used without asking again: shorter than a publication's lease."""
ASKING = 5.0
"""Seconds the publisher has to say where rows are; meanwhile what it said before stands."""
PUBLISHER = "publisher"
STREAM = "stream"
"""Serves events and is no row: it publishes nothing, and is where the settings say."""


class Directory:
    """What the publisher said, good for `REMEMBERED` seconds. While it is away it is not asked more often, and what
    it said last stands: rows outlive it. Whole values are put in place of others, so that threads may share it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: Mapping[str, Sequence[str]] = {}
        self._until = 0.0

    @property
    def due(self) -> bool:
        """Whether what it said is too old."""
        return self._clock() >= self._until

    def find(self, row: str) -> Sequence[str]:
        """The addresses of a row, the newest first; none when it is not published."""
        return self._known.get(row, ())

    def learn(self, known: Mapping[str, Sequence[str]]) -> None:
        """Take what the publisher has just said."""
        self._known = known
        self.keep()

    def keep(self) -> None:
        """What it said before stands: it is away."""
        self._until = self._clock() + REMEMBERED

    def forget(self) -> None:
        """Ask again at the next question: what was said led nowhere."""
        self._until = 0.0


@dataclass(frozen=True, slots=True)
class Way:
    """Everything that requests of one client have in common. `local`: the rows that need no network; `patience`:
    seconds that may be spent, for one request, on waiting for a row that says when to come again."""

    headers: Mapping[str, str]
    static: Mapping[str, str]
    configured: Mapping[str, str]
    publishers: Sequence[str]
    local: frozenset[str] = frozenset()
    patience: float = 0.0
    directory: Directory = field(default_factory=Directory)

    @property
    def needs_others(self) -> bool:
        """Whether any row is served by another process."""
        return not self.local.issuperset(addresses.OFFSETS)

    @property
    def unsure(self) -> bool:
        """Whether the publisher is to be asked before anybody is told where a row is."""
        return self.directory.due and self.needs_others

    def acting_for(self, account: str) -> Way:
        return replace(self, headers={**self.headers, ACCOUNT_HEADER: account})


def way(
    settings: Settings, token: str, account: str | None, *, local: frozenset[str] = frozenset(), patience: float = 0.0
) -> Way:
    """The way of a client of these settings, who shows this token."""
    headers = {"Authorization": f"Bearer {token}", "Accept": JSON}
    streaming = addresses.at(settings, settings.stream_port)
    static = {STREAM: streaming, **addresses.static(settings)}
    configured = {row: static[row] for row in settings.rows if row in static}
    found = Way(headers, static, configured, addresses.publishers(settings), local, patience)
    return found if account is None else found.acting_for(account)


def carried(way: Way, steps: Generator[Any, Got, T]) -> Generator[Any, Got, T]:
    """A flow or stream whose requests reach their rows: what is left of it are steps for a face."""

    def does(step: Any) -> Flow[Got]:
        if isinstance(step, Request):
            return (yield from carry(way, step))
        return (yield step)

    return adapted(steps, does)


def carry(way: Way, request: Request) -> Flow[Answer]:
    """The row's good answer, waited for as long as the way's patience is; else raises."""
    left = way.patience
    while True:
        found = yield from reach(way, request)
        wait = again(request, found)
        if wait is None or wait > left:
            return accepted(request, found)
        yield Pause(wait)
        left -= wait


def reach(way: Way, request: Request) -> Flow[Answer | Broken]:
    """What the first address answers where somebody listens. When nobody does, the publisher is asked anew: the row
    may have moved just now. An address that broke off may have done what it was asked, and is the last."""
    sent = replace(request, headers={**way.headers, ROW_HEADER: request.row, **_same_request(), **request.headers})
    failed: dict[str, Broken] = {}
    while untried := [each for each in (yield from places(way, request.row)) if each not in failed]:
        for address in untried:
            found = yield from tried(sent, address)
            if isinstance(found, Answer):
                return found
            failed[address] = found
            if found.asked:
                _doubt(way, request.row)
                return found
        _doubt(way, request.row)
    return failed.popitem()[1]


def places(way: Way, row: str) -> Flow[Sequence[str]]:
    """Where a row may be now, most likely first: as configured here for this process' own and the publishers, else
    as published, then as configured."""
    if row in way.local:
        return (way.static[row],)
    if row == PUBLISHER:
        return way.publishers
    if way.unsure:
        yield from learned(way)
    known = (*way.directory.find(row), *filter(None, [way.configured.get(row)]))
    return tuple(dict.fromkeys(known)) or (way.static[row],)


def learned(way: Way) -> Flow[None]:
    """Ask the publisher where rows are, once for all who wonder."""
    yield Alone(_asking(way))


def _asking(way: Way) -> Flow[None]:
    if not way.directory.due:
        return
    request = Request(PUBLISHER, "GET", "/rows", timeout=ASKING)
    try:
        known = _rows((yield from carry(replace(way, patience=0.0), request)))
    except AccordsError:
        way.directory.keep()
    else:
        way.directory.learn(known)


def _rows(answer: Answer) -> Mapping[str, Sequence[str]]:
    said = answer.json()
    rows = said.get("rows") if isinstance(said, dict) else None
    if not isinstance(rows, dict):
        raise Unreadable("the publisher does not say where rows are", hint="is there another server at its address?")
    return rows


def _doubt(way: Way, row: str) -> None:
    if row != PUBLISHER:  # asking it is what the directory's flow is doing just now
        way.directory.forget()


def _same_request() -> dict[str, str]:
    """The id of the request that this one is made for, so that both are found together in the logs."""
    found = (logs.context.get() or {}).get("request")
    return {REQUEST_ID: found} if found else {}
