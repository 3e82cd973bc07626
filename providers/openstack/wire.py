"""Under openstacksdk: every request it makes, with the one deadline of the driver's call.

keystoneauth sends by requests, whose time-outs bound single waits; a call of ours ends before one deadline however many
requests the SDK makes of it. So its adapter here sends by `providers.transport`, which also knows what surely was not
sent. The SDK passes no clock through: the call that a thread is in is in a context variable.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from providers.transport import Clock, exchange

SAFE = frozenset({"GET", "HEAD"})
LOGIN = "/auth/tokens"


@dataclass(slots=True)
class Call:
    """One call of a driver's method. `changed`: a request of it may have changed something at the cloud. `sent` counts
    its requests."""

    clock: Clock
    changed: bool = False
    sent: int = 0


_CALL: ContextVar[Call] = ContextVar("openstack-call")


@contextmanager
def called(deadline: float) -> Iterator[Call]:
    """What is sent inside belongs to one call that ends in `deadline` seconds."""
    token = _CALL.set(Call(Clock(deadline)))
    try:
        yield _CALL.get()
    finally:
        _CALL.reset(token)


class Wire(BaseAdapter):
    """What requests sends by, for `provider`. Raises Unavailable and Ambiguous, which pass through the SDK."""

    def __init__(self, client: httpx.Client, provider: str) -> None:
        super().__init__()
        self._client = client
        self._provider = provider

    def send(  # noqa: PLR0917 - requests calls it so
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: float | tuple[float | None, float | None] | None = None,
        verify: bool | str = True,
        cert: bytes | str | tuple[bytes | str, bytes | str] | None = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """TLS is the client's business, time the call's: what requests says of them is not asked."""
        call, method, url = _CALL.get(), str(request.method), str(request.url)
        headers: Any = dict(request.headers)
        body: Any = request.body
        asked = self._client.build_request(method, url, headers=headers, content=body)
        answer = exchange(self._client, asked, call.clock, provider=self._provider, thing=urlsplit(url).path)
        call.sent += 1
        call.changed |= _changes(method, url) and answer.status_code < 400
        return _told(request, answer)

    def close(self) -> None:
        self._client.close()


def _changes(method: str, url: str) -> bool:
    return method not in SAFE and not urlsplit(url).path.endswith(LOGIN)


def _told(request: requests.PreparedRequest, answer: httpx.Response) -> requests.Response:
    """The answer as requests tells it; its body has been read."""
    found = requests.Response()
    found.status_code = answer.status_code
    found.reason = answer.reason_phrase
    found.headers = CaseInsensitiveDict(answer.headers)
    found.url = str(request.url)
    found.request = request
    found._content = answer.content  # what requests itself sets; it has no other door
    found.encoding = answer.encoding
    return found
