"""The Provider that an OCCI server is: each method one call of the side that speaks with it, and the edge where errors
get their names.

Which side that is, a broker of ours or a server of somebody else's, is seen from what its query interface shows, once,
unless the settings say it.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

import httpx

from providers.edge import about
from providers.errors import Ambiguous, ProviderError, Refused
from providers.occi import text, words
from providers.occi.broker import Broker
from providers.occi.dialects import DIALECTS, recognized
from providers.occi.foreign import Foreign
from providers.occi.legacy import Legacy
from providers.occi.options import Options
from providers.occi.server import Server
from providers.occi.shown import Model
from providers.occi.wire import Wire
from providers.protocol import (
    EVERY,
    Ability,
    Action,
    Instruction,
    Kind,
    OfferedSize,
    Offering,
    Outcome,
    Problem,
    Resource,
    Spec,
)
from providers.rules import refusal, undelivered
from providers.transport import Clock


class Side(Protocol):
    """What speaks with one kind of server. Its methods mean what the Provider's do; their requests share a clock."""

    def problems(self, clock: Clock) -> Sequence[Problem]: ...
    def offers(self, clock: Clock) -> Sequence[Offering]: ...
    def make(self, spec: Spec, token: str, tags: Mapping[str, str], clock: Clock) -> Resource: ...
    def find(self, kind: Kind, token: str, clock: Clock) -> Resource | None: ...
    def observe(self, kind: Kind, id: str, clock: Clock) -> Resource: ...
    def act(self, id: str, action: Action, clock: Clock) -> Resource: ...
    def resize(self, id: str, size: OfferedSize, clock: Clock) -> Resource: ...
    def retag(self, kind: Kind, id: str, tags: Mapping[str, str], clock: Clock) -> Resource: ...
    def delete(self, kind: Kind, id: str, clock: Clock) -> None: ...
    def list(self, tags: Mapping[str, str], kinds: Collection[Kind], clock: Clock) -> Sequence[Resource]: ...


class Occi:
    """`transport` replaces the network (tests)."""

    driver = "occi"
    lists = True
    immediate: frozenset[Kind] = frozenset()

    def __init__(self, name: str, options: Options, transport: httpx.BaseTransport | None = None) -> None:
        self.name = name
        self._options = options
        self._wire = Wire(name, options, transport)
        self._seen: Side | None = None
        self._seeing = threading.Lock()

    def check(self, *, deadline: float) -> Sequence[Problem]:
        clock = Clock(deadline)
        try:
            return self._side(clock).problems(clock)
        except ProviderError as error:
            return [Problem(error.message, "correct url and token in the settings, or start the other end")]

    def offers(self, *, deadline: float) -> Sequence[Offering]:
        clock = Clock(deadline)
        with about(self.name, "offers"):
            return self._side(clock).offers(clock)

    def create(self, spec: Spec, *, token: str, tags: Mapping[str, str], deadline: float) -> Resource:
        clock = Clock(deadline)
        with about(self.name, spec.name):
            return self._side(clock).make(spec, token, tags, clock)

    def find(self, kind: Kind, token: str, *, deadline: float) -> Resource | None:
        clock = Clock(deadline)
        with about(self.name, f"{kind}/{token}"):
            return self._side(clock).find(kind, token, clock)

    def observe(self, kind: Kind, id: str, *, deadline: float) -> Resource:
        clock = Clock(deadline)
        with about(self.name, f"{kind}/{id}"):
            return self._side(clock).observe(kind, id, clock)

    def act(self, kind: Kind, id: str, action: Action, *, deadline: float) -> Resource:
        clock = Clock(deadline)
        with about(self.name, f"{kind}/{id}"):
            if kind is not Kind.MACHINE:
                raise Refused(f"a {kind} cannot be told to {action}; only machines can")
            return self._side(clock).act(id, action, clock)

    def resize(self, id: str, size: OfferedSize, *, deadline: float) -> Resource:
        clock = Clock(deadline)
        with about(self.name, f"machine/{id}"):
            return self._side(clock).resize(id, size, clock)

    def retag(self, kind: Kind, id: str, tags: Mapping[str, str], *, deadline: float) -> Resource:
        clock = Clock(deadline)
        with about(self.name, f"{kind}/{id}"):
            return self._side(clock).retag(kind, id, tags, clock)

    def delete(self, kind: Kind, id: str, *, deadline: float) -> None:
        clock = Clock(deadline)
        with about(self.name, f"{kind}/{id}"):
            self._side(clock).delete(kind, id, clock)

    def list(self, tags: Mapping[str, str], *, kinds: Collection[Kind] = EVERY, deadline: float) -> Sequence[Resource]:
        clock = Clock(deadline)
        with about(self.name, "list"):
            return self._side(clock).list(tags, kinds, clock)

    def console(self, id: str, *, deadline: float) -> str:
        """Always Refused: OCCI has no console."""
        with about(self.name, f"machine/{id}"):
            raise refusal(Ability.CONSOLE)

    def instruct(self, id: str, instruction: Instruction, *, token: str, deadline: float) -> Outcome | None:
        """Always Refused: agents call home past every broker between."""
        with about(self.name, f"machine/{id}"):
            raise undelivered(self._options.delivery or "home")

    def close(self) -> None:
        self._wire.close()

    def _side(self, clock: Clock) -> Side:
        """The query interface is asked once: what a server is does not change."""
        with self._seeing:
            if self._seen is None:
                self._seen = self._recognized(clock)
            return self._seen

    def _recognized(self, clock: Clock) -> Side:
        """A broker shows our own mixins, in JSON; others speak text, and say by their templates whose they are."""
        said, server = self._options.dialect, Server(self._wire)
        if said == "broker":
            return Broker(server, self._options, server.model(clock))
        shown, doubt = _asked(server, clock) if said == "auto" else (None, None)
        if shown is not None and words.TAGGED in shown.locations():
            return Broker(server, self._options, shown)
        model = Legacy(self._wire, text.PLAIN).model(clock)
        dialect = DIALECTS[said] if said in DIALECTS else recognized(model)
        if dialect is None:
            raise doubt or Refused(f"the server at {self._options.url} has no computes; correct url in the settings")
        return Foreign(Legacy(self._wire, dialect.answers), self._options, dialect, model)


def _asked(server: Server, clock: Clock) -> tuple[Model | None, ProviderError | None]:
    """What it shows in JSON; or why that is none, which may be a fault on the way."""
    try:
        return server.model(clock), None
    except (Refused, Ambiguous) as error:
        return None, error if isinstance(error, Ambiguous) else None
