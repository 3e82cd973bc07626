"""What a broker's server is asked for, in JSON (GFD.225): entities, collections, offers."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, TypeVar

import httpx
import orjson
from pydantic import BaseModel, ValidationError

from providers.errors import Ambiguous, NotFound
from providers.occi.shown import Collection, Model, Offered, Offers, Shown
from providers.occi.wire import Wire
from providers.transport import Clock

M = TypeVar("M", bound=BaseModel)
PAGE = 500
JSON = "application/occi+json"


class Server:
    """Every method is one request, or one a page, under the clock it is given."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def model(self, clock: Clock) -> Model:
        """The query interface."""
        return self._read(Model, self._send("GET", f"{self._wire.prefix}/-/", clock))

    def offers(self, clock: Clock) -> tuple[Offered, ...]:
        """What one of our brokers plans with."""
        return self._read(Offers, self._send("GET", f"{self._wire.prefix}/offers", clock)).offers

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

    def _send(
        self, method: str, path: str, clock: Clock, body: object = None, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        own = {"Accept": JSON, "Content-Type": JSON, **(headers or {})}
        return self._wire.send(method, path, clock, own, None if body is None else orjson.dumps(body))

    def _read(self, shape: type[M], answer: httpx.Response) -> M:
        try:
            return shape.model_validate_json(answer.content)
        except ValidationError as error:
            message = f"{answer.request.method} {answer.request.url.path}: the answer is no OCCI rendering: {error}"
            raise Ambiguous(message, provider=self._wire.name, thing=answer.request.url.path) from error
