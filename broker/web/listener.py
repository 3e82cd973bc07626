"""gunicorn as we need it: its worker with a time limit for request heads, its refusals in our words, its log in ours.

gunicorn reads a request's head on a blocking connection without any limit, so that a client that sends a byte a minute
keeps a thread for ever; eight of them would stop a row. What the application reads has a limit of its own (`body`),
which the worker's main thread keeps as well.
"""

from __future__ import annotations

import logging
import select
import socket
import time
from typing import Any

from gunicorn import util
from gunicorn.http import errors, wsgi
from gunicorn.workers.gthread import TConn, ThreadWorker

from broker import __version__
from broker.web import body

SOFTWARE = f"accords/{__version__} OCCI/1.2"
"""The Server header of every response (HTTP-01)."""
COMPATIBLE = f"{SOFTWARE} OCCI/1.1"
"""The same in 1.1 mode: clients of 1.1 look for their own version in it."""

HEAD_SECONDS = 10.0

NEXT_MILLISECONDS = 2
"""How long a thread waits for the next request of a connection before it hands that back to the main thread."""

_REFUSALS: tuple[tuple[type[Exception], int, str], ...] = (
    (errors.LimitRequestHeaders, 431, "Request Header Fields Too Large"),
    (errors.LimitRequestLine, 414, "URI Too Long"),
    (errors.UnsupportedTransferCoding, 501, "Not Implemented"),
    (errors.ExpectationFailed, 417, "Expectation Failed"),
    (errors.InvalidResponseHeader, 500, "Internal Server Error"),  # type: ignore[attr-defined]  # older stubs
    (errors.InvalidResponseHeaderName, 500, "Internal Server Error"),  # type: ignore[attr-defined]  # older stubs
    (errors.ParseException, 400, "Bad Request"),
)

log = logging.getLogger(__name__)


def brand(software: str = SOFTWARE) -> None:
    """Make gunicorn say who we are: it sends its own name beside whatever an application sends."""
    wsgi.SERVER = software  # type: ignore[attr-defined]  # the stubs are of an older gunicorn


class Worker(ThreadWorker):
    """gthread, with a limit on the time a request's head takes. A thread that answered stays with its connection for a
    moment while nobody else wants it: who asks again at once is spared two changes of threads, a third of the time that
    a small answer takes."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._reading: dict[TConn, float] = {}

    def handle(self, conn: TConn) -> Any:
        answered = self._handle_one(conn)
        while answered is True and self.alive and self._asks_again(conn):
            answered = self._handle_one(conn)
        return answered

    def _asks_again(self, conn: TConn) -> bool:
        if conn.cfg.is_ssl or self.tpool._work_queue.qsize():
            return False
        incoming = select.poll()
        incoming.register(conn.sock, select.POLLIN)
        return bool(incoming.poll(NEXT_MILLISECONDS))

    def _handle_one(self, conn: TConn) -> Any:
        self._reading[conn] = time.monotonic() + HEAD_SECONDS
        try:
            return super().handle(conn)
        finally:
            self._reading.pop(conn, None)

    def handle_request(self, req: Any, conn: TConn) -> Any:
        """The head is there; from here on the application has its own limits."""
        self._reading.pop(conn, None)
        return super().handle_request(req, conn)

    def notify(self) -> None:
        """Called by the main thread at least once a second."""
        super().notify()
        now = time.monotonic()
        body.end_late(now)
        for conn, deadline in list(self._reading.items()):
            if now > deadline and self._reading.pop(conn, 0.0):
                _give_up(conn.sock)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Answer what never reached the application."""
        status, reason = next(
            ((code, words) for kind, code, words in _REFUSALS if isinstance(exc, kind)),
            (500, "Internal Server Error"),
        )
        log.log(
            logging.ERROR if status == 500 else logging.INFO,
            "request.refused",
            extra={"status": status, "why": type(exc).__name__},
            exc_info=exc if status == 500 else None,
        )
        _refuse(client, status, reason)


def _software() -> str:
    return str(wsgi.SERVER)  # type: ignore[attr-defined]  # the stubs are of an older gunicorn


def _give_up(connection: socket.socket) -> None:
    """End a connection that another thread is blocked in: its read then finds the end."""
    _refuse(connection, 408, "Request Timeout")
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        log.debug("request.gone")


def _refuse(connection: Any, status: int, reason: str) -> None:
    said = f"{reason}\n"
    head = (
        f"HTTP/1.1 {status} {reason}\r\nServer: {_software()}\r\nConnection: close\r\n"
        f"Content-Type: text/plain; charset=utf-8\r\nContent-Length: {len(said)}\r\n\r\n"
    )
    try:
        util.write_nonblock(connection, (head + said).encode("latin-1"))
    except OSError:
        log.debug("request.gone")
