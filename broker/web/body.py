"""Reading a request's body: not more than the limit, not longer than the time, whole or not at all."""

from __future__ import annotations

import time
from typing import Any

import falcon
from gunicorn.http.errors import ParseException

from broker.errors import AccordsError, Invalid, TooLarge

SECONDS = 10.0
"""A body must have arrived after this long: a slow client holds a thread meanwhile."""
_PIECE = 65536


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


def _bounded(env: dict[str, Any], length: int | None, limit: int) -> bytes:
    deadline = time.monotonic() + SECONDS
    wanted = limit + 1 if length is None else length
    pieces: list[bytes] = []
    while wanted > 0 and (piece := _piece(env, min(wanted, _PIECE), deadline)):
        pieces.append(piece)
        wanted -= len(piece)
    if length is None and wanted == 0:
        raise _too_large(limit)
    if length is not None and wanted > 0:
        raise Invalid(f"The body ended {wanted} bytes before its Content-Length.")
    return b"".join(pieces)


def _piece(env: dict[str, Any], size: int, deadline: float) -> bytes:
    """One read. Under gunicorn the connection gets a time limit for it; elsewhere there is no connection."""
    connection = env.get("gunicorn.socket")
    try:
        if connection is not None:
            connection.settimeout(max(0.001, deadline - time.monotonic()))
        found: bytes = env["wsgi.input"].read(size)
    except TimeoutError as error:
        raise TooSlow(f"The body did not arrive within {SECONDS:.0f} seconds.") from error
    except (OSError, ParseException) as error:  # a broken connection, a chunk that is none
        raise Invalid("The body could not be read to its end.") from error
    finally:
        if connection is not None:
            connection.settimeout(None)
    return found


def _too_large(limit: int) -> TooLarge:
    hint = "send less at once, or raise the setting body_limit"
    return TooLarge(f"The body is larger than {limit} bytes.", hint=hint, limit=limit)
