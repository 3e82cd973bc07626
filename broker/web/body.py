"""Reading a request's body: not more than the limit, not longer than the time, whole or not at all.

A read of gunicorn's waits for all it was asked for, however slowly that comes; a time limit of the connection is about
each piece alone. So the connections that a body is read from are known here, and the server's main thread ends those
that are late (`end_late`).
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import falcon
from gunicorn.http.errors import ParseException

from broker.errors import AccordsError, Invalid, TooLarge

SECONDS = 10.0
"""A body must have arrived after this long: a slow client holds a thread meanwhile."""
_PIECE = 65536
_arriving: dict[socket.socket, float] = {}
"""Connections that a body is being read from, and until when: monotonic seconds."""


class TooSlow(AccordsError):
    code = "request.slow"
    status = 408


def read(req: falcon.Request, limit: int) -> bytes:
    """The body; `TooLarge` (413), `TooSlow` (408), or `Invalid` when it ends early or its chunks make no sense."""
    length = req.content_length
    if length is None and "chunked" not in (req.get_header("Transfer-Encoding") or "").lower():
        return b""
    if length is not None and length > limit:
        raise _too_large(limit)
    return _bounded(req.env, length, limit)


def end_late(now: float) -> None:
    """Let the reads that wait past their time find the end. `now` is monotonic seconds."""
    for connection, deadline in list(_arriving.items()):
        if now > deadline:
            with suppress(OSError):
                # The answer can still be sent; TLS's own shutdown would end that too.
                socket.socket.shutdown(connection, socket.SHUT_RD)


def _bounded(env: dict[str, Any], length: int | None, limit: int) -> bytes:
    deadline = time.monotonic() + SECONDS
    wanted = limit + 1 if length is None else length
    pieces: list[bytes] = []
    with _watched(env.get("gunicorn.socket"), deadline):
        while wanted > 0 and (piece := _piece(env, min(wanted, _PIECE), deadline)):
            pieces.append(piece)
            wanted -= len(piece)
    if length is None and wanted == 0:
        raise _too_large(limit)
    if length is not None and wanted > 0:
        _refuse_late(deadline)
        raise Invalid(f"The body ended {wanted} bytes before its Content-Length.")
    return b"".join(pieces)


@contextmanager
def _watched(connection: socket.socket | None, deadline: float) -> Iterator[None]:
    """Under gunicorn; elsewhere there is no connection."""
    if connection is None:
        yield
        return
    _arriving[connection] = deadline
    try:
        yield
    finally:
        _arriving.pop(connection, None)


def _piece(env: dict[str, Any], size: int, deadline: float) -> bytes:
    try:
        found: bytes = env["wsgi.input"].read(size)
    except (OSError, ParseException) as error:  # a broken connection, a chunk that is none
        _refuse_late(deadline)
        raise Invalid("The body could not be read to its end.") from error
    return found


def _refuse_late(deadline: float) -> None:
    if time.monotonic() > deadline:
        raise TooSlow(f"The body did not arrive within {SECONDS:.0f} seconds.")


def _too_large(limit: int) -> TooLarge:
    hint = "send less at once, or raise the setting body_limit"
    return TooLarge(f"The body is larger than {limit} bytes.", hint=hint, limit=limit)
