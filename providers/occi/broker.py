"""A broker of ours at the other end: brokers chain. What is made is an entity of its cloud row, which has it made by
the provider behind it; our token is its address and our tags are its attributes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from providers.errors import Conflict, NotFound, Refused, Unavailable
from providers.occi import asking, offers, words
from providers.occi.asking import is_id
from providers.occi.options import Options
from providers.occi.seeing import is_real, resource, state
from providers.occi.server import Server
from providers.occi.shown import Model, Offered, Shown
from providers.occi.words import ACTIONS, FORMS, KINDS
from providers.protocol import (
    Ability,
    Action,
    Kind,
    MachineSpec,
    OfferedSize,
    Offering,
    Problem,
    Resource,
    Spec,
    State,
)
from providers.rules import refusal, refuse_beyond
from providers.transport import Clock

NEEDED = (words.TAGGED, words.COMPUTE, words.NETWORK, words.STORAGE)


class Broker:
    """`model` is what its query interface showed when it was first asked."""

    def __init__(self, server: Server, options: Options, model: Model) -> None:
        self._server = server
        self._options = options
        self._locations = model.locations()
        self._provider = options.provider or ""
        self._able: frozenset[Ability] = frozenset()

    def problems(self, clock: Clock) -> Sequence[Problem]:
        url = self._options.url
        missing = [each for each in NEEDED if each not in self._locations]
        if missing:
            mend = f"point url at the cloud row of a broker; {url} is not one"
            return [Problem(f"the server has no {each}", mend) for each in missing]
        offered = self._server.offers(clock)
        if any(each.provider == offers.provider_of(offered, self._options) for each in offered):
            return ()
        there = ", ".join(sorted({each.provider for each in offered})) or "none"
        what = f"the broker at {url} has no offers of {self._options.provider or 'any provider'}; it has {there}"
        return [Problem(what, "correct provider in the settings, or see `accords providers check` over there")]

    def offers(self, clock: Clock) -> Sequence[Offering]:
        model, offered = self._server.model(clock), self._server.offers(clock)
        saved = self.list({}, frozenset({Kind.SNAPSHOT}), clock)
        ready = [each for each in saved if each.state is State.ACTIVE]
        found = offers.of_broker(offered, model, ready, self._options)
        self._known(offered, model)
        return found

    def make(self, spec: Spec, token: str, tags: Mapping[str, str], clock: Clock) -> Resource:
        """One PUT, which is refused where it is there already. A broker that has it made by nobody keeps an entity,
        and that is nothing: it is taken away again."""
        kind = asking.kind_of(spec)
        able = self._abilities(clock)
        refuse_beyond(spec, able)
        path = self._path(kind, asking.id_of(kind, token))
        said = asking.rendered(spec, token, tags, self._asked(spec, clock))
        try:
            made = self._server.put(path, said, clock)
        except Conflict as error:
            return self._there_already(path, error, clock)
        if kind is Kind.KEY or is_real(made.attributes):
            return resource(made)
        self._server.delete(path, clock)
        raise Unavailable(f"the broker at {self._options.url} has no provider yet that makes anything; ask again")

    def find(self, kind: Kind, token: str, clock: Clock) -> Resource | None:
        try:
            return self.observe(kind, asking.id_of(kind, token), clock)
        except NotFound:
            return None

    def observe(self, kind: Kind, id: str, clock: Clock) -> Resource:
        return resource(self._shown(kind, id, clock))

    def act(self, id: str, action: Action, clock: Clock) -> Resource:
        """Looks first: OCCI refuses to start what is active (ACT-08)."""
        seen = self.observe(Kind.MACHINE, id, clock)
        if action in (Action.SUSPEND, Action.RESUME) and Ability.SUSPEND not in self._abilities(clock):
            raise refusal(Ability.SUSPEND)
        term, about, states = ACTIONS[action]
        if seen.state is about:
            return seen
        if seen.state not in states:
            raise Conflict(f"machine {id} is {seen.state}: it cannot {action} now")
        return resource(self._server.invoke(self._path(Kind.MACHINE, id), words.COMPUTE, term, clock))

    def resize(self, id: str, size: OfferedSize, clock: Clock) -> Resource:
        if Ability.RESIZE not in self._abilities(clock):
            raise refusal(Ability.RESIZE)
        seen = self._shown(Kind.MACHINE, id, clock)
        if state(Kind.MACHINE, seen.attributes) is State.PENDING:
            raise Conflict(f"machine {id} is being changed; ask again")
        if has_size(resource(seen), size):
            return resource(seen)
        said = asking.resized(size, self._asking(clock))
        return resource(self._server.change(self._path(Kind.MACHINE, id), said, clock))

    def retag(self, kind: Kind, id: str, tags: Mapping[str, str], clock: Clock) -> Resource:
        seen = self.observe(kind, id, clock)
        if tags.items() <= seen.tags.items():
            return seen
        said = asking.remarked(kind, seen.token, {**seen.tags, **tags})
        return resource(self._server.change(self._path(kind, id), said, clock))

    def delete(self, kind: Kind, id: str, clock: Clock) -> None:
        """It is there until the provider behind the broker has it no more; Conflict where something uses it."""
        if kind in FORMS and is_id(id) and FORMS[kind].kind in self._locations:
            self._server.delete(self._path(kind, id), clock)

    def list(self, tags: Mapping[str, str], kinds: Collection[Kind], clock: Clock) -> Sequence[Resource]:
        found = self._server.collection(self._location(words.TAGGED), clock)
        seen = (resource(each) for each in found if each.kind in KINDS)
        return [each for each in seen if each.kind in kinds and tags.items() <= each.tags.items()]

    def _there_already(self, path: str, error: Conflict, clock: Clock) -> Resource:
        """What the token made before; where it made nothing, the broker has another reason."""
        try:
            return resource(self._server.get(path, clock))
        except NotFound:
            raise error from None

    def _shown(self, kind: Kind, id: str, clock: Clock) -> Shown:
        if kind not in FORMS or not is_id(id):
            raise NotFound(f"there is no {kind} {id}: that is no id of this provider")
        return self._server.get(self._path(kind, id), clock)

    def _asked(self, spec: Spec, clock: Clock) -> asking.Server:
        """What there is to know for a specification; of a machine's key, the public one."""
        key = spec.key if isinstance(spec, MachineSpec) else None
        public = str(self._shown(Kind.KEY, key, clock).attributes.get(words.PUBLIC_KEY, "")) if key else ""
        return self._asking(clock, templates=isinstance(spec, MachineSpec), key=public)

    def _asking(self, clock: Clock, *, templates: bool = True, key: str = "") -> asking.Server:
        provider = self._at(clock)
        if not templates:
            return asking.Server(self._locations, provider)
        model = self._server.model(clock)
        return asking.Server(self._locations, provider, offers.sizes(model, provider), offers.images(model), key)

    def _abilities(self, clock: Clock) -> frozenset[Ability]:
        """What can be asked for; of what was offered last."""
        if not self._able:
            self._known(self._server.offers(clock), self._server.model(clock))
        return self._able

    def _at(self, clock: Clock) -> str:
        """The provider over there that everything is asked of. Unavailable while there is none."""
        if not self._provider:
            self._abilities(clock)
        if not self._provider:
            raise Unavailable(f"the broker at {self._options.url} offers nothing yet; ask again")
        return self._provider

    def _known(self, offered: Sequence[Offered], model: Model) -> None:
        self._provider = offers.provider_of(offered, self._options)
        found = offers.of_broker(offered, model, (), self._options)
        self._able = frozenset(ability for each in found for ability in each.abilities)

    def _path(self, kind: Kind, id: str) -> str:
        return f"{self._location(FORMS[kind].kind)}{id}"

    def _location(self, type: str) -> str:
        if type not in self._locations:
            raise Refused(f"the server at {self._options.url} has no {type}; see what `accords providers` says")
        return self._locations[type]


def has_size(machine: Resource, size: OfferedSize) -> bool:
    """Whether it is of that size."""
    if size.name is not None:
        return machine.facts.get("size") == size.name
    return (machine.facts.get("cores"), machine.facts.get("memory")) == (size.cores, size.memory)
