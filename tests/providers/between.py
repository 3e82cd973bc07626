"""A proxy between a driver and its cloud: it lets through, answers itself, cuts, loses or keeps answers. Not a test.

It speaks what its cloud speaks, HTTP or TLS with a certificate of its own. What an answer says of the cloud's address
(the next page, where to look for a long-running operation) it says of the proxy's, so that nothing goes past it.
"""

from __future__ import annotations

import select
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx

from tests.loopback import own_address
from tests.stands.azure.certificate import certify

HOPS = {"connection", "transfer-encoding", "content-length", "content-encoding", "host", "keep-alive"}
PATIENCE = 60.0
"""Seconds in which the cloud answers, or whoever was to be killed is dead."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came. `path` is without its query."""

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Fault:
    """What becomes of a request. `asked`: whether the cloud hears of it before anything is answered; `late`: whether it
    hears of it when the asker has gone. `waits`: nothing is answered until the asker has gone. `status` None: the
    connection ends without an answer, or after `half` of the cloud's own."""

    asked: bool
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b"{}"
    half: bool = False
    waits: bool = False
    late: bool = False


LOST = Fault(asked=True)
CUT = Fault(asked=False)
HALF = Fault(asked=True, half=True)
SLOW = Fault(asked=True, waits=True)
LATE = Fault(asked=False, waits=True, late=True)
Rule = Callable[[Asked], Fault | None]
"""What becomes of a request; None: let through."""


def untouched(asked: Asked) -> None:
    """The rule of a proxy that does nothing."""


@dataclass(slots=True)
class Between:
    """`url` stands for the cloud's; `seen` are the requests that came. `waiting` is set while one is kept without an
    answer, after the cloud has heard of it if it is to. `trusted`: the certificate of a proxy that speaks TLS."""

    url: str
    rule: Rule = untouched
    seen: list[Asked] = field(default_factory=list)
    waiting: threading.Event = field(default_factory=threading.Event)
    trusted: Path | None = None
    _inside: int = 0
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def once(self, method: str, end: str, fault: Fault) -> None:
        """That fault for the first request whose path ends so."""
        left = [fault]
        self.rule = lambda asked: left.pop() if left and asked.method == method and asked.path.endswith(end) else None

    @contextmanager
    def inside(self) -> Iterator[None]:
        """While a request is dealt with."""
        self._count(1)
        try:
            yield
        finally:
            self._count(-1)

    def quiet(self) -> None:
        """Wait until nothing is under way any more, to the cloud or back."""
        with self._changed:
            assert self._changed.wait_for(lambda: not self._inside, timeout=PATIENCE), "a request hangs"

    def _count(self, change: int) -> None:
        with self._changed:
            self._inside += change
            self._changed.notify_all()

    def words(self) -> list[str]:
        """The requests that came, as `METHOD /path`."""
        return [f"{asked.method} {asked.path}" for asked in self.seen]


@contextmanager
def between(cloud: str, *, trusted: Path | None = None, folder: Path | None = None) -> Iterator[Between]:
    """A proxy on loopback before `cloud`, the address of one of its services without a path. One that speaks TLS is
    trusted by the certificate `trusted`, and the proxy has its own one in `folder`."""
    found = Between("")
    with beside(found, cloud, trusted=trusted, folder=folder) as found.url:
        yield found


@contextmanager
def beside(proxy: Between, cloud: str, *, trusted: Path | None = None, folder: Path | None = None) -> Iterator[str]:
    """One more service behind the same proxy; its address there."""
    address, tls = own_address(), None
    if folder is not None:
        tls, proxy.trusted = certify(folder, address)
    verify = ssl.create_default_context(cafile=str(trusted)) if trusted else False
    limits = httpx.Limits(max_keepalive_connections=0)  # a kept connection could end by itself: a fault of nobody's
    with (
        httpx.Client(verify=verify, limits=limits, timeout=PATIENCE, trust_env=False) as behind,
        _Server(proxy, address, cloud, behind, tls) as server,
    ):
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield server.url
        server.shutdown()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self, proxy: Between, address: str, cloud: str, behind: httpx.Client, tls: ssl.SSLContext | None
    ) -> None:
        super().__init__((address, 0), _Handler)
        self.proxy, self.cloud, self.behind = proxy, cloud, behind
        self.url = f"{'https' if tls else 'http'}://{address}:{self.server_port}"
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def handle_error(self, request: object, client_address: object) -> None:
        """Askers leave, and are killed: that is what this is for."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body leave together

    def answer(self) -> None:
        proxy, asked = self.server.proxy, self._asked()
        with proxy.inside():
            proxy.seen.append(asked)
            fault = proxy.rule(asked)
            if fault is None:
                self._pass_on(self._forwarded(asked))
            else:
                self._befall(asked, fault)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = answer  # noqa: N815 - http.server's names

    def _asked(self) -> Asked:
        path, _, query = self.path.partition("?")
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        return Asked(self.command, path, query, dict(self.headers.items()), body)

    def _befall(self, asked: Asked, fault: Fault) -> None:
        told = self._forwarded(asked) if fault.asked else None
        if fault.waits:
            self._see_off()
        if fault.late:
            self._forwarded(asked)
        if fault.status is not None:
            self._send(fault.status, fault.headers, fault.body)
        elif fault.half and told is not None:
            self._pass_on(told, half=True)
            self.close_connection = True
        else:
            self.close_connection = True

    def _see_off(self) -> None:
        """Until the asker has gone: what it has to say after its request is its farewell."""
        self.server.proxy.waiting.set()
        select.select([self.connection], [], [], PATIENCE)
        self.server.proxy.waiting.clear()

    def _forwarded(self, asked: Asked) -> httpx.Response:
        headers = {key: value for key, value in asked.headers.items() if key.lower() not in HOPS}
        return self.server.behind.request(
            asked.method, self.server.cloud + self.path, headers=headers, content=asked.body
        )

    def _pass_on(self, told: httpx.Response, *, half: bool = False) -> None:
        cloud, own = self.server.cloud, self.server.url
        headers = {key: each.replace(cloud, own) for key, each in told.headers.items() if key.lower() not in HOPS}
        self._send(told.status_code, headers, told.content.replace(cloud.encode(), own.encode()), half=half)

    def _send(self, status: int, headers: Mapping[str, str], body: bytes, *, half: bool = False) -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body[: len(body) // 2] if half else body)

    def log_message(self, format: str, *args: object) -> None:
        pass
