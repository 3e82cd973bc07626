"""A server of somebody else's, in OCCI 1.1: what its dialect has words for. It takes no token: what is made is looked
for by the mark that it keeps (`marks`), before it is made again.

OCCI 1.1 has no state between: a compute that is being built, or changed, is shown as it was or as inactive. What this
process asked for is PENDING until it is seen.
"""

from __future__ import annotations

import base64
import hashlib
import re
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from ipaddress import IPv4Network
from math import ceil
from typing import TypeAlias

from providers.errors import Conflict, NotFound, Refused
from providers.occi import marks, seeing, text, words
from providers.occi.asking import kind_of
from providers.occi.dialects import ABILITIES, Dialect
from providers.occi.legacy import Legacy
from providers.occi.options import GIB, Options
from providers.occi.shown import Category, Model, Shown
from providers.occi.words import ACTIONS, FORMS
from providers.prices import prices
from providers.protocol import (
    Ability,
    Action,
    Kind,
    MachineSpec,
    NetworkSpec,
    OfferedImage,
    OfferedSize,
    Offering,
    Problem,
    Resource,
    Spec,
    State,
    VolumeSpec,
)
from providers.rules import refusal, refuse_beyond
from providers.transport import Clock
from providers.turns import Turns

MADE = (Kind.MACHINE, Kind.NETWORK, Kind.VOLUME)
Asked: TypeAlias = tuple[list[str], dict[str, object], list[tuple[str, str]]]
"""Mixins, attributes, and links (the kind of what is linked, its path) of what is made."""
_ID = re.compile(r"[\w.\-]{1,128}", re.ASCII)


class Foreign:
    """`model` is what its query interface showed when it was first asked."""

    def __init__(self, server: Legacy, options: Options, dialect: Dialect, model: Model) -> None:
        self._server = server
        self._options = options
        self._dialect = dialect
        self._places = model.locations()
        self._turns = Turns()
        self._wanted: dict[str, State] = {}
        self._lock = threading.Lock()

    def problems(self, clock: Clock) -> Sequence[Problem]:
        """Whether there is anything to make machines of."""
        (offering,) = self.offers(clock)
        found = []
        if not offering.sizes:
            there = ", ".join(each.term for each in self._server.model(clock).below(words.RESOURCE_TEMPLATE)) or "none"
            mend = f"say in the settings how large the sizes are that the server names: {there}"
            found.append(Problem("OCCI 1.1 does not tell how large a size is, and no setting does", mend))
        if not offering.images:
            found.append(Problem("the server shows no template of an operating system", "have one made over there"))
        return found

    def offers(self, clock: Clock) -> Sequence[Offering]:
        model, options = self._server.model(clock), self._options
        price = prices(options.prices)
        known = [each.term for each in model.below(words.RESOURCE_TEMPLATE) if each.term in options.sizes]
        said = ((name, options.sizes[name]) for name in known)
        return [
            Offering(
                zone=options.zone,
                sizes=tuple(
                    OfferedSize(name, each.cores, each.memory, each.disk, price=price.get(name)) for name, each in said
                ),
                images=tuple(_image(each, options.images) for each in model.below(words.OS_TEMPLATE)),
                left={"machines": options.machines} if options.machines is not None else {},
                abilities=ABILITIES,
                delivery=options.delivery or "home",
                currency=options.currency,
                operator=options.operator or "any",
                open=options.open,
            )
        ]

    def make(self, spec: Spec, token: str, tags: Mapping[str, str], clock: Clock) -> Resource:
        """Looked for first: who asks twice has one. Two processes that ask at the same time could have two."""
        refuse_beyond(spec, ABILITIES)
        kind = kind_of(spec)
        with self._turns.held(f"{kind} {token}", clock.left()):
            found = self.find(kind, token, clock)
            return found or self._made(spec, kind, token, tags, clock)

    def _made(self, spec: Spec, kind: Kind, token: str, tags: Mapping[str, str], clock: Clock) -> Resource:
        mixins, attributes, links = self._said(spec, token, clock)
        keeps = self._dialect.keeps
        title = {"occi.core.title": spec.name}
        own = {keeps: marks.marked(spec.name, token, tags, self._dialect.longest)}
        body = text.body(FORMS[kind].kind, mixins, {**title, **own, **attributes}, links)
        path = self._server.make(self._place(kind), body, clock)
        id = path.rpartition("/")[2]
        if kind is Kind.MACHINE:
            self._want(id, State.ACTIVE)
        return self.observe(kind, id, clock)

    def find(self, kind: Kind, token: str, clock: Clock) -> Resource | None:
        return next((each for each in self._every(kind, clock) if each.token == token), None)

    def observe(self, kind: Kind, id: str, clock: Clock) -> Resource:
        return self._resource(kind, self._server.get(self._path(kind, id), clock))

    def act(self, id: str, action: Action, clock: Clock) -> Resource:
        term, about, states = ACTIONS[action]
        seen = self.observe(Kind.MACHINE, id, clock)
        if seen.state is about:
            return seen
        if seen.state not in states:
            raise Conflict(f"machine {id} is {seen.state}: it cannot {action} now")
        self._server.invoke(self._path(Kind.MACHINE, id), words.COMPUTE, term, clock)
        self._want(id, about or State.ACTIVE)
        return self.observe(Kind.MACHINE, id, clock)

    def resize(self, id: str, size: OfferedSize, clock: Clock) -> Resource:
        """Always Refused: neither server changes a template."""
        raise refusal(Ability.RESIZE)

    def retag(self, kind: Kind, id: str, tags: Mapping[str, str], clock: Clock) -> Resource:
        """Refused where it would change anything: neither server changes what it keeps of an entity."""
        seen = self.observe(kind, id, clock)
        if tags.items() <= seen.tags.items():
            return seen
        raise Refused(f"the server at {self._options.url} changes nothing of what it keeps of a {kind}")

    def delete(self, kind: Kind, id: str, clock: Clock) -> None:
        if kind in MADE and _ID.fullmatch(id):
            self._server.delete(self._path(kind, id), clock)

    def list(self, tags: Mapping[str, str], kinds: Collection[Kind], clock: Clock) -> Sequence[Resource]:
        """One request an entity: collections of OCCI 1.1 are lists of places."""
        found = (each for kind in MADE if kind in kinds for each in self._every(kind, clock))
        return [each for each in found if each.token and tags.items() <= each.tags.items()]

    def _every(self, kind: Kind, clock: Clock) -> Iterator[Resource]:
        if kind not in MADE:
            return
        for path in self._server.places(self._place(kind), clock):
            try:
                yield self._resource(kind, self._server.get(path, clock))
            except NotFound:
                continue  # given back since the list

    def _resource(self, kind: Kind, shown: Shown) -> Resource:
        seen = seeing.resource(replace_memory(shown, self._dialect.memory))
        kept = shown.summary if self._dialect.keeps == "occi.core.summary" else shown.title
        name, token, tags = marks.read(kept)
        whole = replace(seen, name=name or seen.name, token=token, tags=tags)
        return replace(whole, state=self._state(whole)) if kind is Kind.MACHINE else whole

    def _want(self, id: str, state: State) -> None:
        with self._lock:
            self._wanted[id] = state

    def _state(self, seen: Resource) -> State:
        """What was asked for is waited for; what came up broken is not."""
        with self._lock:
            wanted = self._wanted.get(seen.id)
            if wanted in (None, seen.state) or seen.state is State.ERROR:
                self._wanted.pop(seen.id, None)
                return seen.state
        return State.PENDING

    def _said(self, spec: Spec, token: str, clock: Clock) -> Asked:
        if isinstance(spec, NetworkSpec):
            taken = [str(each.facts.get("cidr", "")) for each in self._every(Kind.NETWORK, clock)]
            own = spec.cidr or free(self._options.pool, taken, token)
            return [words.IP_NETWORK], {"occi.network.address": own}, []
        if isinstance(spec, VolumeSpec):
            if spec.size <= 0:
                raise Refused(f"a volume of {spec.size} bytes cannot be made; ask for at least one")
            return [], {"occi.storage.size": ceil(spec.size / GIB)}, []
        if isinstance(spec, MachineSpec):
            return self._machine(spec, self._server.model(clock))
        raise refusal(Ability.FIREWALLS)

    def _machine(self, spec: MachineSpec, model: Model) -> Asked:
        if spec.firewall:
            raise refusal(Ability.FIREWALLS)
        chosen = [
            _named(model.below(words.OS_TEMPLATE), spec.image, "image"),
            _named(model.below(words.RESOURCE_TEMPLATE), spec.size or "", "size"),
        ]
        mixin, attribute = self._dialect.data
        data = base64.b64encode(spec.user_data.encode()).decode()
        given: dict[str, object] = {attribute: data} if data else {}
        networks = [(words.NETWORK, self._path(Kind.NETWORK, each)) for each in spec.networks]
        volumes = [(words.STORAGE, self._path(Kind.VOLUME, each.volume)) for each in spec.volumes]
        named = {"occi.compute.hostname": spec.hostname}
        return [*chosen, *([mixin] if data else [])], {**named, **given}, [*networks, *volumes]

    def _path(self, kind: Kind, id: str) -> str:
        if kind not in MADE or not _ID.fullmatch(id):
            raise NotFound(f"there is no {kind} {id}: that is no id of this provider")
        return f"{self._place(kind)}{id}"

    def _place(self, kind: Kind) -> str:
        type = FORMS[kind].kind
        if type not in self._places:
            raise Refused(f"the server at {self._options.url} has no {type}; see what `accords providers` says")
        return f"{self._places[type].rstrip('/')}/"


def replace_memory(shown: Shown, unit: int) -> Shown:
    """As if its memory were counted in GiB."""
    memory = shown.attributes.get("occi.compute.memory")
    if not isinstance(memory, int | float):
        return shown
    return shown.model_copy(update={"attributes": {**shown.attributes, "occi.compute.memory": memory * unit / GIB}})


def free(pool: IPv4Network, taken: Iterable[str], token: str) -> str:
    """A range of 256 addresses of the pool that is none of those; which one follows from the token."""
    others = [IPv4Network(each, strict=False) for each in taken if each]
    count = pool.num_addresses // 256
    first = int.from_bytes(hashlib.sha256(token.encode()).digest()[:4], "big") % count
    for number in range(count):
        found = IPv4Network((int(pool.network_address) + (first + number) % count * 256, 24))
        if not any(found.overlaps(each) for each in others):
            return str(found)
    raise Conflict(f"no range of {pool} is free; give networks back, or another pool in the settings")


def _image(template: Category, aliases: Mapping[str, str]) -> OfferedImage:
    own = tuple(alias for alias, name in aliases.items() if name in (template.term, template.title, template.type))
    return OfferedImage(template.type, template.title or template.term, aliases=own)


def _named(templates: Iterable[Category], name: str, what: str) -> str:
    """The mixin of that name or id; NotFound."""
    for each in templates:
        if name in (each.type, each.term):
            return each.type
    raise NotFound(f"there is no {what} {name}; see what `accords providers` lists")
