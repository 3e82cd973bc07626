"""The stream's application: GET /events?service=&after=SEQ answers with events as they happen, and goes on.

    id: 17
    event: step.done
    data: {"seq": 17, "at": "...", "name": "step.done", "service": "...", "fields": {...}}

The same events as `/event/?after=` of the service row. A client that comes back says `Last-Event-ID` (browsers do so by
themselves) and misses nothing: the first thing said is the id where the stream begins. Without one and without `after`
it begins now. Comments keep the connection from being taken for dead. Tokens and accounts are those of the rows; a
stream ends with its token.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

import falcon.asgi
import orjson
from falcon.asgi import SSEvent

from broker.auth import Verifier, bearer
from broker.client import ACCOUNT_HEADER, REQUEST_ID
from broker.errors import AccordsError, Invalid, RowDown
from broker.hooks.addresses import uuid_of
from broker.store import Store, events
from broker.stream.tide import Tide
from broker.times import rfc3339
from broker.web import problems

AT_ONCE = 200
"""Events of one page."""
RETRY = 2000
"""Milliseconds until a client that lost its connection comes back (it is told so)."""

Scope: TypeAlias = dict[str, Any]
Message: TypeAlias = dict[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
"""As ASGI has it, in the types that Falcon gives it."""

FULL = "accords.full"
"""In the scope of a request: there are as many as there may be."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """`heartbeat`: seconds without an event after which a comment is sent; proxies give up after 30 or 60. `stalled`:
    seconds a client may take nothing of what is sent; what waits for it meanwhile is one page of events. `most`:
    streams at once."""

    heartbeat: float = 15.0
    stalled: float = 30.0
    most: int = 500


class _Stalled(Exception):
    """A client has taken nothing for too long."""


class Stream:
    """`/events`. `store` is the service row's."""

    def __init__(self, store: Store, verify: Verifier, limits: Limits = Limits()) -> None:
        self._store = store
        self._verify = verify
        self._limits = limits
        self._tide = Tide(self._newest)

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        token = bearer(req.get_header("Authorization"))
        account = self._verify(token).acting_for(req.get_header(ACCOUNT_HEADER))
        named = req.get_param("service")
        service = uuid_of(named) if named else None
        after = _after(req)
        if after is None:
            after = await asyncio.to_thread(self._last, account)
        if req.scope[FULL]:
            most = self._limits.most
            raise RowDown(f"{most} streams are open, which is all there may be", row="stream", retry_after=5)
        log.info("stream.begin", extra={"account": account, "after": after})
        resp.set_header("Cache-Control", "no-store")
        resp.set_header("X-Accel-Buffering", "no")  # nginx would keep events until it has a page of them
        resp.sse = self.flow(token, account, service, after)

    async def flow(self, token: str, account: str, service: str | None, after: int) -> AsyncIterator[SSEvent | None]:
        """What is sent: where it begins, for who loses it before an event; events past `after`; None for a comment.
        Ends when the token is good no more."""
        async with self._tide.listening():
            yield SSEvent(retry=RETRY, event_id=str(after), comment="events follow")
            while _good(self._verify, token):
                turn = self._tide.turn()
                found = await asyncio.to_thread(self._read, account, service, after)
                for each in found:
                    yield _shown(each)
                    after = each.seq
                if not found and not await _within(turn, self._limits.heartbeat):
                    yield None  # a comment

    def _read(self, account: str, service: str | None, after: int) -> tuple[events.Event, ...]:
        with self._store.read() as tx:
            return events.after(tx, account, after, service=service, limit=AT_ONCE)

    def _last(self, account: str) -> int:
        with self._store.read() as tx:
            return events.last(tx, account)

    def _newest(self) -> int:
        with self._store.read() as tx:
            return events.mark(tx)


def application(store: Store, key: str, origins: Iterable[str] = (), limits: Limits = Limits()) -> Application:
    """The whole of it. `origins`: pages of these may listen."""
    allowed = tuple(origins)
    cors: list[Any] = [falcon.CORSMiddleware("*" if "*" in allowed else allowed)] if allowed else []
    app = falcon.asgi.App(middleware=cors)
    app.add_route("/events", Stream(store, Verifier(key, now=store.now), limits))
    app.add_error_handler(Exception, _unexpected)
    app.add_error_handler(falcon.HTTPError, _refused)
    app.add_error_handler(AccordsError, _known)
    return bounded(app, limits)


def bounded(app: Application, limits: Limits) -> Application:
    """An application whose clients take what is sent in time, or lose their connection, and that knows of each request
    whether it is one too many: a stream is a request that goes on."""
    under_way = 0

    async def limited(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal under_way

        async def sent(message: Message) -> None:
            try:
                async with asyncio.timeout(limits.stalled):
                    await send(message)
            except TimeoutError as error:
                raise _Stalled from error

        scope[FULL] = under_way >= limits.most
        under_way += 1
        try:
            await app(scope, receive, sent)
        except _Stalled:  # the server closes what was begun and not ended
            log.info("stream.stalled", extra={"client": scope.get("client")})
        finally:
            under_way -= 1

    return limited


def _after(req: falcon.asgi.Request) -> int | None:
    """Where to go on; None: from now on."""
    said = req.get_header("Last-Event-ID") or req.get_param("after")
    if said is None:
        return None
    if not (said.isascii() and said.isdigit() and len(said) < 19):
        raise Invalid(f"{said[:20]} is no sequence number")
    return int(said)


def _good(verify: Verifier, token: str) -> bool:
    try:
        verify(token)
    except AccordsError:
        return False
    return True


def _shown(event: events.Event) -> SSEvent:
    text = orjson.dumps({**asdict(event), "at": rfc3339(event.at)}).decode()
    return SSEvent(event=event.name, event_id=str(event.seq), text=text)


async def _within(turn: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await turn.wait()
    except TimeoutError:
        return False
    return True


async def _known(req: falcon.asgi.Request, resp: falcon.asgi.Response, error: AccordsError, _: Any) -> None:
    _send(req, resp, error)


async def _refused(req: falcon.asgi.Request, resp: falcon.asgi.Response, error: falcon.HTTPError, _: Any) -> None:
    found = AccordsError(f"{req.method} {req.path}: {error.title or error.status}", code="request.refused")
    found.status = error.status_code
    _send(req, resp, found)


async def _unexpected(req: falcon.asgi.Request, resp: falcon.asgi.Response, error: Exception, _: Any) -> None:
    id = os.urandom(8).hex()
    log.error("request.failed", extra={"path": req.path, "request": id}, exc_info=error)
    resp.set_header(REQUEST_ID, id)
    _send(req, resp, problems.Unexpected(id))


def _send(req: falcon.asgi.Request, resp: falcon.asgi.Response, error: AccordsError) -> None:
    answer = problems.answer(error, req.get_header("Accept"))
    resp.status = answer.status
    resp.sse = None
    resp.data = answer.body
    for name, value in answer.headers.items():
        resp.set_header(name, value)
