"""What a server of OCCI 1.1 is asked for, in its text renderings: entities by themselves, collections as places."""

from __future__ import annotations

from contextlib import suppress

import httpx

from providers.errors import Ambiguous, NotFound
from providers.occi import text
from providers.occi.shown import Model, Shown
from providers.occi.wire import Wire
from providers.transport import Clock


class Legacy:
    """Every method is one request under the clock it is given. `answers`: the rendering that is asked for."""

    def __init__(self, wire: Wire, answers: str) -> None:
        self._wire = wire
        self._answers = answers

    def model(self, clock: Clock) -> Model:
        """The query interface."""
        return text.model(self._lines(self._send("GET", f"{self._wire.prefix}/-/", clock)))

    def get(self, path: str, clock: Clock) -> Shown:
        """The entity at a path; NotFound."""
        answer = self._send("GET", path, clock)
        found = text.entity(self._lines(answer), path.rstrip("/").rpartition("/")[2])
        if not found.kind:
            raise Ambiguous(f"GET {path}: the answer is no OCCI rendering", provider=self._wire.name, thing=path)
        return found

    def places(self, path: str, clock: Clock) -> tuple[str, ...]:
        """The paths of all that is in a collection."""
        return text.locations(self._lines(self._send("GET", path, clock)))

    def make(self, path: str, said: str, clock: Clock) -> str:
        """Have an entity made in a collection: the path where it is."""
        answer = self._send("POST", path, clock, said)
        found = text.locations(self._lines(answer))
        if not found:
            raise Ambiguous(f"POST {path}: the answer says no place", provider=self._wire.name, thing=path)
        return found[0]

    def invoke(self, path: str, kind: str, term: str, clock: Clock) -> None:
        """Do an action of the entity's kind."""
        self._send("POST", f"{path}?action={term}", clock, text.action(kind, term))

    def delete(self, path: str, clock: Clock) -> None:
        """Remove the entity; one that is gone is fine."""
        with suppress(NotFound):
            self._send("DELETE", path, clock)

    def _send(self, method: str, path: str, clock: Clock, said: str | None = None) -> httpx.Response:
        headers = {"Accept": self._answers, **({"Content-Type": text.PLAIN} if said is not None else {})}
        return self._wire.send(method, path, clock, headers, None if said is None else said.encode())

    def _lines(self, answer: httpx.Response) -> list[text.Line]:
        return text.lines(answer.headers.get("Content-Type", ""), answer.headers, answer.text)
