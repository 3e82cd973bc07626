"""Under libcloud: every request that its drivers send, with the one deadline of the driver's call.

All of libcloud's connections, also those that a driver makes of classes it names nowhere (logins, identity services),
are made by `Connection.conn_class` and repeated by `Connection.retryCls`, the door that its own tests use. Both are
replaced in this process, once. Outside a call of ours they are as they were, but that nothing is repeated.

Not here: what does not send by HTTP (libvirt, vSphere), and connections that show a certificate of the client's, which
keep libcloud's own time-outs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import requests
from libcloud.common.base import Connection
from libcloud.http import LibcloudConnection
from requests.adapters import BaseAdapter

from providers.adapter import Wire


@dataclass(slots=True)
class Heard:
    """What a call has sent and heard: the number of its requests, status and headers of the last answer."""

    sent: int = 0
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Line:
    """By what a call sends, and what it heard."""

    wire: Wire
    heard: Heard


_LINE: ContextVar[Line] = ContextVar("libcloud-line")


@contextmanager
def sending(wire: Wire) -> Iterator[Heard]:
    """What libcloud sends inside goes by this wire."""
    line = Line(wire, Heard())
    token = _LINE.set(line)
    try:
        yield line.heard
    finally:
        _LINE.reset(token)


class Sender(BaseAdapter):
    """What requests sends by: the wire of the call that the thread is in. Objects of libcloud's outlive a call."""

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        line = _LINE.get()
        line.heard.status = 0  # of an answer that does not come
        line.heard.sent += 1
        for name, value in request.headers.items():  # libcloud signs its name with a space at the end
            request.headers[name] = value.strip()
        answer = line.wire.send(request, *args, **kwargs)
        line.heard.status, line.heard.headers = answer.status_code, answer.headers
        return answer

    def close(self) -> None:
        """The wire is its provider's."""


class Bound(LibcloudConnection):
    """libcloud's HTTP connection, sending so where it was made in a call. requests would read proxies and passwords of
    this machine's user, too."""

    def __init__(self, host: str, port: int, secure: bool | None = None, **kwargs: Any) -> None:
        super().__init__(host, port, secure, **kwargs)  # type: ignore[no-untyped-call]  # libcloud has few types
        session = self.session
        if session is None or _LINE.get(None) is None or kwargs.keys() & {"cert_file", "key_file"}:
            return
        session.trust_env = False
        for scheme in ("http://", "https://"):
            session.mount(scheme, Sender())


class Once:
    """In place of libcloud's retries, which an environment variable would switch on."""

    def __init__(self, **_: object) -> None:
        pass

    def __call__(self, what: Callable[..., Any]) -> Callable[..., Any]:
        return what


def bind() -> None:
    """From now on. Doing it again changes nothing."""
    Connection.conn_class = Bound
    Connection.retryCls = Once  # type: ignore[assignment]  # libcloud takes whatever is called so
