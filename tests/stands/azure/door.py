"""The socket side: bytes to requests, answers to bytes, and the faults that only a socket can show."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, unquote, urlsplit
from uuid import uuid4

from tests.stands.azure.faults import Cut, Fault
from tests.stands.azure.wire import Answer, ArmError, Request

# What of a query is the same in any case; `$expand`, `$filter` and `$skiptoken` are written so by everybody.
LOWER = frozenset({"api-version", "statusonly", "hibernate", "currencycode"})


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is its own business."""


def handler(
    answer: Callable[[Request, tuple[str, str] | None], Answer],
    fault: Callable[[Request], Fault],
    base: Callable[[], str],
) -> type[BaseHTTPRequestHandler]:
    """The class that the server makes one of for each connection."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _any(self) -> None:
            request = self._read()
            wrong = fault(request)
            time.sleep(wrong.delay)
            if wrong.cut is Cut.BEFORE:
                return self._cut()
            found = _instead(wrong) if wrong.status else answer(request, wrong.ends)
            if wrong.cut is Cut.AFTER:
                return self._cut()
            return self._write(found, half=wrong.cut is Cut.HALF)

        do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = do_HEAD = _any  # noqa: N815 - http.server's names

        def _read(self) -> Request:
            found = urlsplit(self.path)
            query = {_name(name): value for name, value in parse_qsl(found.query, keep_blank_values=True)}
            headers = {name.lower(): value for name, value in self.headers.items()}
            content = self.rfile.read(int(headers.get("content-length", 0)))
            return Request(self.command, unquote(found.path), query, headers, content, base())

        def _write(self, found: Answer, *, half: bool) -> None:
            text = isinstance(found.body, str)
            body = b"" if found.body is None else found.body.encode() if text else json.dumps(found.body).encode()  # type: ignore[union-attr]  # text says so
            self.send_response(found.status)
            for name, value in {**_standing(), **found.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Type", "text/plain" if text else "application/json; charset=utf-8")
            if found.status != 204:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD" and found.status != 204:
                self.wfile.write(body[: len(body) // 2] if half else body)
            if half:
                self._cut()

        def _cut(self) -> None:
            self.wfile.flush()
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: a test reads `Stand.exchanges`."""

    return Handler


def _name(name: str) -> str:
    return name.lower() if name.lower() in LOWER else name


def _standing() -> dict[str, str]:
    """Headers that every answer of Resource Manager carries."""
    id = str(uuid4())
    return {
        "x-ms-request-id": id,
        "x-ms-correlation-request-id": id,
        "x-ms-ratelimit-remaining-subscription-reads": "11999",
        "x-ms-ratelimit-remaining-subscription-writes": "1199",
    }


def _instead(fault: Fault) -> Answer:
    return ArmError(fault.status, fault.code, fault.message, headers=fault.headers).answer()
