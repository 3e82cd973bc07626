"""Calling a category server: by row name, as somebody, for an account.

    RowDown     the row does not answer, or did not within the time: its name, and when to try again
    the rest    an answer of 400 and more becomes the `AccordsError` it was made from, code and status kept

A row of this process is called by its WSGI application (`local`), never over a socket: one process with few threads
must not wait for itself. Where a row is comes from the publisher, remembered for a while; `broker.discovery.Watch`
tells it at once when that changes. Static configuration is tried after it, or alone where no publisher answered yet.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import orjson

from broker import addresses, logs
from broker.errors import AccordsError, RowDown
from broker.settings import Settings

# httpx has a command line of its own, and where click and rich happen to be installed it loads them: 5 MB in every
# process and a third of a command's start. None here says to Python that there is no such module.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]  # typeshed does not know that None may stand here

import httpx  # noqa: E402 - after the line above

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

ACCOUNT_HEADER = "X-Accords-Account"
REQUEST_ID = "X-Request-Id"
ROW_HEADER = "X-Accords-Row"
"""Says which row is meant, where all rows have one address."""
REMEMBERED = 10.0
"""Seconds an answer of the publisher is used without asking again: shorter than a publication's lease."""
CONNECTING = 5.0
"""Seconds until nobody is taken to listen at an address: a machine that is off refuses nothing, it is silent."""
ASKING = 5.0
"""Seconds the publisher has to say where rows are; meanwhile what it said before stands."""
RETRY_AFTER = 5
"""Seconds after which a row that was down is worth trying again."""
_JSON = "application/json"


class Client:
    """Requests to rows. Safe to share between threads; open it after forking.

    `account` is whom a server or worker acts for. `transport` replaces the network for every row (tests);
    `local` gives the WSGI application of the rows that this process serves.
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
    ) -> None:
        self._headers = {"Authorization": f"Bearer {token}", "Accept": _JSON}
        if account is not None:
            self._headers[ACCOUNT_HEADER] = account
        limits = httpx.Timeout(timeout, connect=min(timeout, CONNECTING))
        self._http = httpx.Client(timeout=limits, transport=transport or _Network(), trust_env=False)
        self._local = {
            name: httpx.Client(transport=httpx.WSGITransport(app=app, raise_app_exceptions=False))
            for name, app in (local or {}).items()
        }
        self._static = addresses.static(settings)
        self._configured = {row: self._static[row] for row in settings.rows if row in self._static}
        self._publishers = addresses.publishers(settings)
        self.directory = Directory(self._ask_publisher)

    def acting_for(self, account: str) -> Client:
        """The same client, connections and memory, for another account."""
        other = object.__new__(Client)
        other.__dict__.update(self.__dict__)
        other._headers = {**self._headers, ACCOUNT_HEADER: account}
        return other

    @property
    def needs_others(self) -> bool:
        """Whether any row is served by another process."""
        return len(self._local) < len(self._static)

    def addresses(self, row: str) -> Sequence[str]:
        """Where a row may be now, most likely first: as configured here for this process' own and the publishers, else
        as published, then as configured."""
        if row in self._local:
            return (self._static[row],)
        if row == "publisher":
            return self._publishers
        known = (*self.directory.find(row), *filter(None, [self._configured.get(row)]))
        return tuple(dict.fromkeys(known)) or (self._static[row],)

    def request(
        self,
        row: str,
        method: str,
        path: str,
        *,
        json: object = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> httpx.Response:
        """One request; raises `RowDown` or the error that the row answered with."""
        sent = {**self._headers, ROW_HEADER: row, **_same_request(), **(headers or {})}
        if json is not None:
            content, sent = orjson.dumps(json), {"Content-Type": _JSON, **sent}
        http = self._local.get(row, self._http)
        limit = (
            httpx.USE_CLIENT_DEFAULT if timeout is None else httpx.Timeout(timeout, connect=min(timeout, CONNECTING))
        )

        def send(address: str) -> httpx.Response:
            return http.request(method, address + path, content=content, headers=sent, params=params, timeout=limit)

        answer = self._reach(row, send)
        if answer.status_code >= 400:
            raise error_of(answer)
        return answer

    def _reach(self, row: str, send: Callable[[str], httpx.Response]) -> httpx.Response:
        """What the first address answers where somebody listens. When nobody does, the publisher is asked anew, once:
        the row may have moved just now. An address that broke off may have done what it was asked, and is the last."""
        tried: dict[str, httpx.TransportError] = {}
        while untried := [each for each in self.addresses(row) if each not in tried]:
            for address in untried:
                try:
                    return send(address)
                except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                    tried[address] = error
                except httpx.TransportError as error:
                    self._doubt(row)
                    raise _down(row, address, error) from error
            self._doubt(row)
        address, failure = tried.popitem()
        raise _down(row, address, failure) from failure

    def _doubt(self, row: str) -> None:
        if row != "publisher":  # asking it is what the directory is doing just now, under its lock
            self.directory.forget()

    def get(self, row: str, path: str, **params: str) -> Any:
        """The JSON that a path answers with."""
        return self.request(row, "GET", path, params=params or None).json()

    def post(self, row: str, path: str, body: object, **params: str) -> Any:
        """What a POST of JSON answers; None when there is no JSON in it."""
        answer = self.request(row, "POST", path, json=body, params=params or None)
        return answer.json() if _is_json(answer) else None

    def delete(self, row: str, path: str) -> None:
        self.request(row, "DELETE", path)

    def close(self) -> None:
        for http in (self._http, *self._local.values()):
            http.close()

    def _ask_publisher(self) -> Mapping[str, Sequence[str]]:
        """Row name -> addresses, of all rows that are published now."""
        if not self.needs_others:
            return {}
        found: Mapping[str, Sequence[str]] = self.request("publisher", "GET", "/rows", timeout=ASKING).json()["rows"]
        return found


class _Network(httpx.BaseTransport):
    """Connections to rows elsewhere. The authorities' certificates are read for the first https address: they are 2 MB
    and 20 ms, for each of the ten rows of a process."""

    def __init__(self) -> None:
        self._plain = httpx.HTTPTransport(verify=False, trust_env=False)  # no TLS through this one

    @cached_property
    def _secured(self) -> httpx.HTTPTransport:
        return httpx.HTTPTransport(trust_env=False)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        chosen = self._secured if request.url.scheme == "https" else self._plain
        return chosen.handle_request(request)

    def close(self) -> None:
        for opened in (self._plain, self.__dict__.get("_secured")):
            if opened is not None:
                opened.close()


class Directory:
    """What the publisher said, remembered `REMEMBERED` seconds. While it is away it is not asked more often, and what
    it said last stands: rows outlive it."""

    def __init__(
        self, ask: Callable[[], Mapping[str, Sequence[str]]], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._ask = ask
        self._clock = clock
        self._lock = threading.Lock()
        self._known: Mapping[str, Sequence[str]] = {}
        self._until = 0.0

    def find(self, row: str) -> Sequence[str]:
        """The addresses of a row, the newest first; none when it is not published."""
        with self._lock:
            if self._clock() >= self._until:
                self._known = self._answer()
                self._until = self._clock() + REMEMBERED
            return self._known.get(row, ())

    def learn(self, known: Mapping[str, Sequence[str]]) -> None:
        """Take what the publisher has just said."""
        with self._lock:
            self._known = known
            self._until = self._clock() + REMEMBERED

    def forget(self) -> None:
        """Ask again at the next question: what was said led nowhere."""
        with self._lock:
            self._until = 0.0

    def _answer(self) -> Mapping[str, Sequence[str]]:
        try:
            return self._ask()
        except AccordsError:
            return self._known


def error_of(answer: httpx.Response) -> AccordsError:
    """The error that an answer was made from."""
    said = orjson.loads(answer.content) if _is_json(answer) else {}
    said = said if isinstance(said, dict) else {}
    kind = _BY_CODE.get(str(said.get("code"))) or _BY_STATUS.get(answer.status_code, AccordsError)
    message = str(said.get("title") or answer.text.strip() or f"the row answered {answer.status_code}")
    own = {key: value for key, value in said.items() if key not in _MEMBERS}
    error = kind(message, hint=str(said.get("hint", "")), code=said.get("code"), **own)
    error.status = answer.status_code
    return error


def _same_request() -> dict[str, str]:
    """The id of the request that this one is made for, so that both are found together in the logs."""
    found = (logs.context.get() or {}).get("request")
    return {REQUEST_ID: found} if found else {}


def _down(row: str, address: str, error: httpx.TransportError) -> RowDown:
    return RowDown(
        f"the row {row} does not answer at {address} ({type(error).__name__})",
        hint=f"try again in {RETRY_AFTER} seconds; if it stays down, start it: accords serve {row}",
        row=row,
        retry_after=RETRY_AFTER,
    )


def _is_json(answer: httpx.Response) -> bool:
    return "json" in answer.headers.get("Content-Type", "") and bool(answer.content)


def _family(root: type[AccordsError]) -> Iterator[type[AccordsError]]:
    yield root
    for child in root.__subclasses__():
        yield from _family(child)


_MEMBERS = frozenset({"type", "title", "status", "detail", "code", "hint", "error"})
_BY_CODE = {kind.code: kind for kind in _family(AccordsError)}
# The general one of two with the same status comes first in the tree, and is the one to give back.
_BY_STATUS = {kind.status: kind for kind in reversed(list(_family(AccordsError)))}
