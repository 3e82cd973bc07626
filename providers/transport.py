"""One HTTP request with one deadline, its failures in our words. For the drivers whose cloud speaks HTTP.

httpx bounds each wait of a request; a driver promises the end of all of them together. So what is left of the
deadline is given to each phase as it starts, and the body is read under the same clock.

What was given up is not sent later, either (`connections`): the kernel keeps what it could not deliver, and would
send it when a network is back, long after the call's end, when somebody else may be at the same thing.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from providers.errors import Ambiguous, ProviderError, Unavailable

# What surely did not reach the cloud. Any other failure of the transport leaves it open whether it did.
UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol, httpx.ProxyError)

ACKNOWLEDGED = 3000
"""Milliseconds in which the other side's kernel acknowledges what was sent, or the connection is ended. By default it
is tried for minutes, even for a connection that was closed."""
_LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=20)  # httpx's own


def connections(limits: httpx.Limits = _LIMITS, verify: ssl.SSLContext | bool = True) -> httpx.HTTPTransport:
    """What every driver's client sends by. `verify`: whose certificates are trusted."""
    option = (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, ACKNOWLEDGED)
    return httpx.HTTPTransport(verify=verify, limits=limits, trust_env=False, socket_options=[option])


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """The seconds that an answer asks to wait for: a number, or a date (RFC 9110, 10.2.3). None where it says neither.
    `headers` are found in any case."""
    said = headers.get("Retry-After", "").strip()
    if said.isdecimal():
        return float(said)
    try:
        until = parsedate_to_datetime(said)
    except ValueError:
        return None
    aware = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(0.0, (aware - (now or datetime.now(UTC))).total_seconds())


class Clock:
    """The monotonic end of one call."""

    def __init__(self, deadline: float) -> None:
        self._ends = time.monotonic() + deadline

    def left(self) -> float:
        """Seconds left, 0 when it is over."""
        return max(0.0, self._ends - time.monotonic())


def exchange(
    by: httpx.Client | httpx.BaseTransport, request: httpx.Request, clock: Clock, *, provider: str, thing: str
) -> httpx.Response:
    """The answer, read to its end. Unavailable when it surely was not sent, Ambiguous when it may have been. A
    transport alone takes a quarter less CPU than a client, which looks for cookies, redirects and logins."""
    if not clock.left():
        raise Unavailable("no time was left to send the request", provider=provider, thing=thing)
    request.extensions = {**request.extensions, "timeout": _Left(clock)}
    try:
        sent = by.send(request, stream=True) if isinstance(by, httpx.Client) else by.handle_request(request)
        return _read(sent, request, clock)
    except UNSENT as error:
        raise _failed(Unavailable, request, "does not answer", provider, thing) from error
    except (httpx.TransportError, httpx.DecodingError) as error:
        raise _failed(Ambiguous, request, f"gave no answer ({type(error).__name__})", provider, thing) from error


class _Left:
    """A request's timeouts: httpcore asks for one as each phase (pool, connect, write, read) starts, and gets what is
    left then."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def get(self, phase: str, default: float | None = None) -> float:
        return max(self._clock.left(), 0.001)


def _read(response: httpx.Response, request: httpx.Request, clock: Clock) -> httpx.Response:
    chunks = []
    try:
        for chunk in response.iter_bytes():
            chunks.append(chunk)
            if not clock.left():
                raise httpx.ReadTimeout("the answer took too long", request=request)
    finally:
        response.close()
    headers = response.headers.copy()
    headers.pop("content-encoding", None)  # the chunks are decoded already
    return httpx.Response(response.status_code, headers=headers, content=b"".join(chunks), request=request)


def _failed(error: type[ProviderError], request: httpx.Request, why: str, provider: str, thing: str) -> ProviderError:
    return error(f"{request.method} {request.url}: {request.url.host} {why}", provider=provider, thing=thing)
