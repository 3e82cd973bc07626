"""Requests to one OCCI server, in whatever rendering, and which of our errors its refusals are: the table STATUSES."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

import httpx
import orjson

from providers.errors import (
    Ambiguous,
    Auth,
    Conflict,
    NotFound,
    ProviderError,
    Quota,
    Refused,
    Throttled,
    Unavailable,
)
from providers.occi.options import Options
from providers.transport import Clock, connections, exchange, retry_after

# occi.md section 4. What is not here: Refused below 500, Ambiguous from there on.
STATUSES: Mapping[int, type[ProviderError]] = {
    401: Auth,
    404: NotFound,
    408: Ambiguous,
    409: Conflict,
    410: NotFound,
    412: Conflict,
    425: Unavailable,
    429: Throttled,
    501: Refused,
    503: Unavailable,
    507: Quota,
}


class Wire:
    """One connection pool to one server. `name` is the provider's; `prefix` what the paths of the server begin with."""

    def __init__(self, name: str, options: Options, transport: httpx.BaseTransport | None = None) -> None:
        self.name = name
        parts = urlsplit(options.url)
        self.prefix = parts.path.rstrip("/")
        self._client = httpx.Client(
            base_url=f"{parts.scheme}://{parts.netloc}",
            headers={"User-Agent": "accords OCCI/1.2", **_credential(options)},
            auth=(options.user, options.password.get_secret_value()) if options.user else None,
            transport=transport or connections(),
            trust_env=False,
        )

    def send(
        self, method: str, path: str, clock: Clock, headers: Mapping[str, str], content: bytes | None = None
    ) -> httpx.Response:
        """The answer, if it is a good one. `path` is from the root of the server."""
        request = self._client.build_request(method, path, content=content, headers=headers)
        answer = exchange(self._client, request, clock, provider=self.name, thing=path)
        if answer.status_code >= 300:
            raise self._error(answer, path)
        return answer

    def close(self) -> None:
        self._client.close()

    def _error(self, answer: httpx.Response, path: str) -> ProviderError:
        status = answer.status_code
        kind = STATUSES.get(status, Refused if status < 500 else Ambiguous)
        if kind is NotFound and "html" in answer.headers.get("Content-Type", ""):  # a gateway's, and no news of a thing
            kind = Unavailable if answer.request.method == "GET" else Ambiguous
        message = f"{answer.request.method} {path}: {status} {_said(answer)}"
        if kind is Throttled:
            return Throttled(message, delay=retry_after(answer.headers), provider=self.name, thing=path)
        return kind(message, provider=self.name, thing=path)


def _credential(options: Options) -> dict[str, str]:
    """As our brokers take it, and as servers before Keystone do."""
    token = options.token.get_secret_value()
    return {"Authorization": f"Bearer {token}", "X-Auth-Token": token} if token else {}


def _said(answer: httpx.Response) -> str:
    """The server's sentence about an error, at most a line of it."""
    try:
        found = orjson.loads(answer.content)
    except orjson.JSONDecodeError:
        found = answer.text
    if isinstance(found, dict):
        found = found.get("title") or found.get("error") or ""
    return str(found)[:300]
