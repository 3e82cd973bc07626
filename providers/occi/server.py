"""Requests to one OCCI server, and what its answers mean: entities, or one of our errors by the table STATUSES."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, TypeVar

import httpx
import orjson
from pydantic import BaseModel, ValidationError

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
from providers.occi.shown import Collection, Model, Offered, Offers, Shown
from providers.transport import Clock, connections, exchange, retry_after

M = TypeVar("M", bound=BaseModel)
PAGE = 500
JSON = "application/occi+json"
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


class Server:
    """One connection pool to one server. Every method is one request, or one a page, under the clock it is given."""

    def __init__(self, name: str, options: Options, transport: httpx.BaseTransport | None = None) -> None:
        self._name = name
        token = options.token.get_secret_value()
        headers = {"Accept": JSON, "Content-Type": JSON, "User-Agent": "accords OCCI/1.2"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        sends = transport or connections()
        self._client = httpx.Client(base_url=options.url, headers=headers, transport=sends, trust_env=False)

    def model(self, clock: Clock) -> Model:
        """The query interface."""
        return self._read(Model, self._send("GET", "/-/", clock))

    def offers(self, clock: Clock) -> tuple[Offered, ...]:
        """What one of our brokers plans with."""
        return self._read(Offers, self._send("GET", "/offers", clock)).offers

    def get(self, path: str, clock: Clock) -> Shown:
        """The entity at a path; NotFound."""
        return self._read(Shown, self._send("GET", path, clock))

    def put(self, path: str, entity: Mapping[str, Any], clock: Clock) -> Shown:
        """Make the entity at its path; Conflict when there is one."""
        return self._read(Shown, self._send("PUT", path, clock, entity, {"If-None-Match": "*"}))

    def change(self, path: str, said: Mapping[str, Any], clock: Clock) -> Shown:
        """Change what is said of the entity at a path, and nothing else of it; NotFound."""
        return self._read(Shown, self._send("POST", path, clock, said))

    def invoke(self, path: str, kind: str, term: str, clock: Clock) -> Shown:
        """Do an action of the entity's kind: its scheme follows from the kind's (GFD.224)."""
        action = f"{kind.replace('#', '/')}/action#{term}"
        return self._read(Shown, self._send("POST", f"{path}?action={term}", clock, {"action": action}))

    def delete(self, path: str, clock: Clock) -> None:
        """Remove the entity; one that is gone is fine."""
        with suppress(NotFound):
            self._send("DELETE", path, clock)

    def collection(self, path: str, clock: Clock) -> tuple[Shown, ...]:
        """All entities of a collection, page by page. A server that knows no pages gives the same each time."""
        found: dict[str, Shown] = {}
        for page in range(1, 1_000_000):
            answer = self._read(Collection, self._send("GET", f"{path}?page={page}&number={PAGE}", clock))
            fresh = {each.id: each for each in (*answer.resources, *answer.links) if each.id not in found}
            found |= fresh
            if len(fresh) < PAGE:
                break
        return tuple(found.values())

    def close(self) -> None:
        self._client.close()

    def _send(
        self, method: str, path: str, clock: Clock, body: object = None, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        content = None if body is None else orjson.dumps(body)
        request = self._client.build_request(method, path, content=content, headers=headers)
        answer = exchange(self._client, request, clock, provider=self._name, thing=path)
        if answer.status_code >= 300:
            raise self._error(answer, path)
        return answer

    def _error(self, answer: httpx.Response, path: str) -> ProviderError:
        status = answer.status_code
        kind = STATUSES.get(status, Refused if status < 500 else Ambiguous)
        message = f"{answer.request.method} {path}: {status} {_said(answer)}"
        if kind is Throttled:
            return Throttled(message, delay=retry_after(answer.headers), provider=self._name, thing=path)
        return kind(message, provider=self._name, thing=path)

    def _read(self, shape: type[M], answer: httpx.Response) -> M:
        try:
            return shape.model_validate_json(answer.content)
        except ValidationError as error:
            message = f"{answer.request.method} {answer.request.url.path}: the answer is no OCCI rendering: {error}"
            raise Ambiguous(message, provider=self._name, thing=answer.request.url.path) from error


def _said(answer: httpx.Response) -> str:
    """The server's sentence about an error, at most a line of it."""
    try:
        found = orjson.loads(answer.content)
    except orjson.JSONDecodeError:
        found = answer.text
    if isinstance(found, dict):
        found = found.get("title") or found.get("error") or ""
    return str(found)[:300]
