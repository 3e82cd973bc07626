"""Under Azure's libraries: every request they make, with the one deadline of the driver's call.

azure-core sends by requests, whose time-outs bound single waits, and sends again by itself what failed; a call of ours
ends before one deadline and tries nothing twice. So the libraries' pipelines here send by `providers.transport`. They
pass no clock through: the call that a thread is in is in a context variable.
"""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httpx
from azure.core.pipeline.transport import HttpTransport
from azure.core.rest import HttpRequest
from azure.core.rest._http_response_impl import HttpResponseImpl  # it has no public maker of responses
from azure.core.utils import case_insensitive_dict

from providers.azure.answers import believe
from providers.edge import current
from providers.transport import exchange

SAFE = frozenset({"GET", "HEAD"})
TOKENS = "/oauth2/"
"""In the path of a request for a token, which changes nothing."""


class Wire(HttpTransport[HttpRequest, HttpResponseImpl]):
    """What pipelines send by, for `provider`. Raises Unavailable and Ambiguous, which pass through the libraries."""

    def __init__(self, client: httpx.Client, provider: str) -> None:
        self._client = client
        self._provider = provider

    def send(self, request: HttpRequest, **kwargs: Any) -> HttpResponseImpl:
        """TLS is the client's business, time the call's: what a pipeline says of them is not asked."""
        call, body = current(), request.content
        form = {"data": body} if isinstance(body, dict) else {"content": body}
        asked = self._client.build_request(request.method, request.url, headers=dict(request.headers), **form)
        path = urlsplit(request.url).path
        answer = exchange(self._client, asked, call.clock, provider=self._provider, thing=path)
        call.changed |= request.method not in SAFE and TOKENS not in path and answer.status_code < 400
        believe(answer, path)
        return _told(request, answer)

    def fetch(self, url: str) -> str:
        """What is at an address that needs no token of ours."""
        answer = exchange(
            self._client,
            self._client.build_request("GET", url),
            current().clock,
            provider=self._provider,
            thing=urlsplit(url).path,
        )
        return answer.text if answer.status_code < 400 else ""

    def open(self) -> None:
        """It is open as long as its client is."""

    def close(self) -> None:
        """The client is shared by several pipelines: `Account.close` closes it."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _told(request: HttpRequest, answer: httpx.Response) -> HttpResponseImpl:
    """The answer as azure-core tells it; its body has been read."""
    found = HttpResponseImpl(
        request=request,
        internal_response=answer,
        status_code=answer.status_code,
        reason=answer.reason_phrase,
        content_type=answer.headers.get("Content-Type", ""),
        headers=case_insensitive_dict(dict(answer.headers)),
        stream_download_generator=None,
    )
    found._content = answer.content  # what its own transports set; it has no other door
    return found
