"""Under SDKs that send by requests: every request they make, with the one deadline of the driver's call.

requests has time-outs that bound single waits; a call of ours ends before one deadline however many requests the SDK
makes of it. So its adapter here sends by `providers.transport`, which also knows what surely was not sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx
import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from providers.edge import current
from providers.transport import exchange

SAFE = frozenset({"GET", "HEAD"})
LOGIN = "/auth/tokens"
"""keystone's: a login changes nothing."""


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
        call, method, url = current(), str(request.method), str(request.url)
        headers: Any = dict(request.headers)
        body: Any = request.body
        asked = self._client.build_request(method, url, headers=headers, content=body)
        answer = exchange(self._client, asked, call.clock, provider=self._provider, thing=urlsplit(url).path)
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
