"""The Provider that another broker is: each method one question or change there, told in OCCI.

Making is a PUT and, where the new thing is not up by itself, the action that brings it up; acting looks first, because
OCCI refuses to start what is active. All requests of a method share its one deadline.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager

import httpx

from providers.errors import Conflict, NotFound, ProviderError, Refused
from providers.occi.options import Options
from providers.occi.rendering import (
    DEFAULT_IMAGE,
    FORMS,
    KINDS,
    OS_TEMPLATE,
    TAGGED,
    Category,
    Shown,
    id_of,
    is_id,
    kind_of,
    remarked,
    rendered,
    resource,
)
from providers.occi.server import Server
from providers.protocol import (
    EVERY,
    Ability,
    Action,
    Instruction,
    Kind,
    OfferedImage,
    OfferedSize,
    Offering,
    Outcome,
    Problem,
    Resource,
    Spec,
    State,
)
from providers.rules import refusal, refuse_beyond
from providers.transport import Clock

# what is asked for -> OCCI's action, the state it is about, the states it may be asked in
ACTIONS: Mapping[Action, tuple[str, State | None, frozenset[State]]] = {
    Action.START: ("start", State.ACTIVE, frozenset({State.STOPPED, State.SUSPENDED})),
    Action.STOP: ("stop", State.STOPPED, frozenset({State.ACTIVE})),
    Action.RESTART: ("restart", None, frozenset({State.ACTIVE})),
    Action.SUSPEND: ("suspend", State.SUSPENDED, frozenset({State.ACTIVE})),
    Action.RESUME: ("start", State.ACTIVE, frozenset({State.SUSPENDED})),
}

ABILITIES = frozenset({Ability.VOLUMES, Ability.SUSPEND})
"""OCCI has no words for the others."""


class Occi:
    """`transport` replaces the network (tests)."""

    driver = "occi"
    lists = True

    def __init__(self, name: str, options: Options, transport: httpx.BaseTransport | None = None) -> None:
        self.name = name
        self._options = options
        self._server = Server(name, options, transport)
        self._locations: Mapping[str, str] = {}

    def check(self, *, deadline: float) -> Sequence[Problem]:
        try:
            locations = self._server.model(Clock(deadline)).locations()
        except ProviderError as error:
            return [Problem(error.message, "correct url and token in the settings, or start the other broker")]
        needed = (TAGGED, *(form.kind for form in FORMS.values()))
        mend = f"point url at the cloud row of a broker; {self._options.url} is not one"
        return [Problem(f"the server has no {each}", mend) for each in needed if each not in locations]

    def offers(self, *, deadline: float) -> Sequence[Offering]:
        with self._named("offers"):
            model = self._server.model(Clock(deadline))
        given = self._options
        size = OfferedSize(None, given.cores, given.memory, given.disk, price=given.price)
        return [
            Offering(
                zone=given.zone,
                sizes=(size,),
                images=_images(model.mixins),
                flexible=True,
                left={"machines": given.machines} if given.machines is not None else {},
                abilities=ABILITIES,
                delivery=given.delivery,
                currency=given.currency,
                operator=given.operator,
            )
        ]

    def create(self, spec: Spec, *, token: str, tags: Mapping[str, str], deadline: float) -> Resource:
        clock = Clock(deadline)
        with self._named(spec.name):
            refuse_beyond(spec, ABILITIES)
            kind = kind_of(spec)
            locations = self._known(clock)
            path = self._path(kind, id_of(kind, token), clock)
            made = resource(self._server.put(path, rendered(spec, token, tags, locations), clock))
            return self._brought_up(made, path, clock) if made.state is State.STOPPED else made

    def find(self, kind: Kind, token: str, *, deadline: float) -> Resource | None:
        try:
            return self.observe(kind, id_of(kind, token), deadline=deadline)
        except NotFound:
            return None

    def observe(self, kind: Kind, id: str, *, deadline: float) -> Resource:
        with self._named(f"{kind}/{id}"):
            return self._observe(kind, id, Clock(deadline))

    def act(self, kind: Kind, id: str, action: Action, *, deadline: float) -> Resource:
        clock = Clock(deadline)
        with self._named(f"{kind}/{id}"):
            if kind is not Kind.MACHINE:
                raise Refused(f"a {kind} cannot be told to {action}; only machines can")
            seen = self._observe(kind, id, clock)
            term, about, states = ACTIONS[action]
            if seen.state is about:
                return seen
            if seen.state not in states:
                raise Conflict(f"machine {id} is {seen.state}: it cannot {action} now")
            return resource(self._server.invoke(self._path(kind, id, clock), FORMS[kind].kind, term, clock))

    def resize(self, id: str, size: OfferedSize, *, deadline: float) -> Resource:
        """Always Refused: a broker's cloud row takes no other sizes."""
        with self._named(f"machine/{id}"):
            raise refusal(Ability.RESIZE)

    def retag(self, kind: Kind, id: str, tags: Mapping[str, str], *, deadline: float) -> Resource:
        clock = Clock(deadline)
        with self._named(f"{kind}/{id}"):
            seen = self._observe(kind, id, clock)
            if tags.items() <= seen.tags.items():
                return seen
            said = remarked(kind, seen.token, {**seen.tags, **tags})
            return resource(self._server.change(self._path(kind, id, clock), said, clock))

    def delete(self, kind: Kind, id: str, *, deadline: float) -> None:
        clock = Clock(deadline)
        if kind not in FORMS or not is_id(id):
            return
        with self._named(f"{kind}/{id}"):
            path = self._path(kind, id, clock)
            self._refuse_used(kind, path, clock)
            try:
                self._server.delete(path, clock)
            except NotFound:
                return

    def list(self, tags: Mapping[str, str], *, kinds: Collection[Kind] = EVERY, deadline: float) -> Sequence[Resource]:
        clock = Clock(deadline)
        with self._named("list"):
            found = self._server.collection(self._location(TAGGED, clock), clock)
        seen = (resource(each) for each in found if each.kind in KINDS)
        return [each for each in seen if each.kind in kinds and tags.items() <= each.tags.items()]

    def console(self, id: str, *, deadline: float) -> str:
        """Always Refused: OCCI has no console."""
        with self._named(f"machine/{id}"):
            raise refusal(Ability.CONSOLE)

    def instruct(self, id: str, instruction: Instruction, *, token: str, deadline: float) -> Outcome | None:
        delivery = self._options.delivery
        message = f"OCCI carries no instructions to machine {id}: its delivery is {delivery}, not direct"
        raise Refused(message, provider=self.name, thing=f"machine/{id}")

    def close(self) -> None:
        self._server.close()

    def _brought_up(self, made: Resource, path: str, clock: Clock) -> Resource:
        """Do the action that brings a new thing up; another who does the same at the same time is no trouble."""
        form = FORMS[made.kind]
        try:
            return resource(self._server.invoke(path, form.kind, form.up, clock))
        except Conflict:
            return self._observe(made.kind, made.id, clock)

    def _observe(self, kind: Kind, id: str, clock: Clock) -> Resource:
        return resource(self._shown(kind, id, clock))

    def _shown(self, kind: Kind, id: str, clock: Clock) -> Shown:
        if kind not in FORMS or not is_id(id):
            raise NotFound(f"there is no {kind} {id}: that is no id of this provider")
        return self._server.get(self._path(kind, id, clock), clock)

    def _refuse_used(self, kind: Kind, path: str, clock: Clock) -> None:
        """Conflict while a link leads there: the server would take the link away with what it leads to (CORE-41)."""
        link = FORMS[kind].used_by
        links = self._server.collection(self._location(link, clock), clock) if link else ()
        users = [each for each in links if each.target and httpx.URL(each.target.location).path == path]
        if users:
            raise Conflict(f"{path} is used by {len(users)} machines; delete those first")

    def _path(self, kind: Kind, id: str, clock: Clock) -> str:
        return f"{self._location(FORMS[kind].kind, clock)}{id}"

    def _location(self, type: str, clock: Clock) -> str:
        known = self._known(clock)
        if type not in known:
            raise Refused(f"the server at {self._options.url} has no {type}; see what `accords providers` says")
        return known[type]

    def _known(self, clock: Clock) -> Mapping[str, str]:
        """Where each kind's and mixin's collection is: asked once, locations do not change."""
        if not self._locations:
            self._locations = self._server.model(clock).locations()
        return self._locations

    @contextmanager
    def _named(self, thing: str) -> Iterator[None]:
        """Errors that leave name this provider and what the call was about."""
        try:
            yield
        except ProviderError as error:
            error.provider, error.thing = self.name, thing
            raise


def _images(mixins: Sequence[Category]) -> tuple[OfferedImage, ...]:
    """The server's templates of operating systems, and first whatever it takes when none is named."""
    named = (OfferedImage(each.type, each.title or each.term) for each in mixins if OS_TEMPLATE in each.depends)
    return (OfferedImage(DEFAULT_IMAGE, "the server's choice", aliases=("linux",)), *named)
