"""`Client`: does what a flow says, and waits. `broker.client.aio` is its twin; nothing is decided in either."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from copy import copy
from typing import TYPE_CHECKING, Any, Self

from broker.client import network
from broker.client.flows import Alone, Flow, Got, Item, Pause, Read, Step, Stream, T, Try, asked, result
from broker.client.messages import Answer, Broken, request
from broker.client.network import httpx
from broker.client.ways import Directory, carried, learned, places, way
from broker.settings import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


class Client:
    """Requests to rows, for threads: safe to share between them; open it after forking.

    `account` is whom a server or worker acts for. `transport` replaces the network for every row (tests); `local`
    gives the WSGI application of the rows that this process serves: they are called as such, never over a socket,
    since a process with few threads must not wait for itself. `timeout`: seconds without a sign of life. `patience`:
    seconds that may be spent, for one request, on waiting for a row that says when to come again; a server has none.
    """

    def __init__(
        self,
        settings: Settings,
        token: str,
        *,
        account: str | None = None,
        transport: httpx.BaseTransport | None = None,
        local: Mapping[str, WSGIApplication] | None = None,
        timeout: float = 30.0,
        patience: float = 0.0,
    ) -> None:
        self._way = way(settings, token, account, local=frozenset(local or ()), patience=patience)
        self._http = httpx.Client(
            timeout=network.limits(timeout), transport=transport or network.Network(), trust_env=False
        )
        self._local = {
            name: httpx.Client(transport=httpx.WSGITransport(app=app, raise_app_exceptions=False))
            for name, app in (local or {}).items()
        }
        self._lock = threading.Lock()

    def do(self, flow: Flow[T]) -> T:
        """What a flow gives."""
        with closing(self.each(result(flow))) as found:
            return next(found)

    def each(self, stream: Stream[T]) -> Generator[T, None, None]:
        """What a stream gives, one after the other; it ends with the loop over it."""
        steps = carried(self._way, stream)
        line = _Line(self._http, self._local)
        got: Got = None
        try:
            while True:
                step = steps.send(got)
                if isinstance(step, Item):
                    yield step.value
                    got = None
                else:
                    got = self._step(step, line)
        except StopIteration:
            return
        finally:
            steps.close()
            line.close()

    def _step(self, step: Step, line: _Line) -> Got:
        match step:
            case Try():
                return line.send(step)
            case Read():
                return line.read()
            case Pause(seconds):
                time.sleep(seconds)
            case Alone(flow):
                with self._lock:
                    self.do(flow)
        return None

    def request(self, row: str, method: str, path: str, **said: Any) -> Answer:
        """One request (`messages.request` has the rest); raises `RowDown` or the error that the row answered with."""
        return self.do(asked(request(row, method, path, **said)))

    def get(self, row: str, path: str, **params: str) -> Any:
        """The JSON that a path answers with."""
        return self.request(row, "GET", path, params=params).json()

    def post(self, row: str, path: str, body: object, **params: str) -> Any:
        """What a POST of JSON answers; None when there is no JSON in it."""
        answer = self.request(row, "POST", path, json=body, params=params)
        return answer.json() if answer.is_json else None

    def delete(self, row: str, path: str) -> None:
        self.request(row, "DELETE", path)

    def acting_for(self, account: str) -> Self:
        """The same client, connections and memory, for another account."""
        other = copy(self)
        other._way = self._way.acting_for(account)
        return other

    @property
    def needs_others(self) -> bool:
        """Whether any row is served by another process."""
        return self._way.needs_others

    @property
    def directory(self) -> Directory:
        return self._way.directory

    def addresses(self, row: str) -> Sequence[str]:
        """Where a row may be now, most likely first."""
        return self.do(places(self._way, row))

    def published(self, row: str) -> Sequence[str]:
        """Where a row is by the publisher, the one that started last first; none when it is not published."""
        if self._way.unsure:
            self.do(learned(self._way))
        return self._way.directory.find(row)  # asked for each reference that is shown: no flow for it

    def close(self) -> None:
        for http in (self._http, *self._local.values()):
            http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Line:
    """What one flow says to the network, and the one stream that it may have open."""

    def __init__(self, http: httpx.Client, local: Mapping[str, httpx.Client]) -> None:
        self._http = http
        self._local = local
        self._open: httpx.Response | None = None
        self._chunks: Iterator[bytes] = iter(())
        self._address = ""

    def send(self, step: Try) -> Answer | Broken:
        http = self._local.get(step.request.row, self._http)
        self.close()
        try:
            found = http.send(network.built(http, step), stream=step.request.stream)
            if not step.request.stream:
                return network.answer(found)
            self._open, self._chunks, self._address = found, found.iter_bytes(), step.address
            if found.is_success:
                return network.head(found)
            found.read()
            return network.answer(found)
        except network.FAILURES as error:
            return network.broken(step.address, error)

    def read(self) -> bytes | Broken:
        try:
            return next(self._chunks, b"")
        except network.FAILURES as error:
            return network.broken(self._address, error)

    def close(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None
