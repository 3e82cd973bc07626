"""A proxy between a driver and its cloud, that lets through, answers itself, or loses an answer. Not a test."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

HOPS = {"connection", "transfer-encoding", "content-length", "content-encoding", "host", "keep-alive"}


@dataclass(frozen=True, slots=True)
class Fault:
    """What becomes of a request. `asked`: whether the cloud hears of it. `status` None: the connection ends instead."""

    asked: bool
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b"{}"


LOST = Fault(asked=True)
CUT = Fault(asked=False)
Rule = Callable[[str, str], Fault | None]
"""(method, path) -> what becomes of it; None: let through."""


@dataclass(slots=True)
class Between:
    """`url` stands for the cloud's; `seen` are the requests that came, as `METHOD /path`."""

    url: str
    rule: Rule = lambda method, path: None
    seen: list[str] = field(default_factory=list)

    def once(self, method: str, end: str, fault: Fault) -> None:
        """That fault for the first request whose path ends so."""
        left = [fault]
        self.rule = lambda verb, path: left.pop() if left and verb == method and path.endswith(end) else None


@contextmanager
def between(cloud: str) -> Iterator[Between]:
    """A proxy on loopback before `cloud`, the address of one of its services without a path."""
    found = Between("")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            path = self.path.partition("?")[0]
            found.seen.append(f"{self.command} {path}")
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            fault = found.rule(self.command, path)
            told = self._forwarded(body) if fault is None or fault.asked else None
            if fault is None and told is not None:
                headers = {key: value for key, value in told.headers.items() if key.lower() not in HOPS}
                self._send(told.status_code, headers, told.content)
            elif fault is not None and fault.status is not None:
                self._send(fault.status, fault.headers, fault.body)
            else:
                self.close_connection = True

        do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = answer  # noqa: N815 - http.server's names

        def _forwarded(self, body: bytes) -> httpx.Response:
            headers = {key: value for key, value in self.headers.items() if key.lower() not in HOPS}
            return httpx.request(self.command, cloud + self.path, headers=headers, content=body, timeout=60)

        def _send(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
            self.send_response(status)
            for key, value in headers.items():
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield found
        server.shutdown()
        thread.join()
