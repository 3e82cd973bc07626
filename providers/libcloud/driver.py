"""The Provider that an account at any of libcloud's clouds is: the Protocol's calls, each told in the room of its kind.
Only our errors leave."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Collection, Mapping, Sequence
from decimal import Decimal
from typing import TypeVar

import httpx
from libcloud.compute.providers import DRIVERS, get_driver

from providers.adapter import Wire
from providers.edge import about, called, whole
from providers.errors import Ambiguous, Auth, Conflict, NotFound, ProviderError, Refused, Unavailable
from providers.libcloud import attaching, check, machines, names, offers, retagging, shape
from providers.libcloud.account import Account, Session
from providers.libcloud.errors import translating
from providers.libcloud.keys import Keys
from providers.libcloud.ledger import Ledger, Row
from providers.libcloud.looking import TOKEN, Room, Seen, bearing, look, one, users
from providers.libcloud.machines import Machines
from providers.libcloud.networks import Networks
from providers.libcloud.options import Options
from providers.libcloud.pool import NodeDriver, Pool
from providers.libcloud.snapshots import Snapshots
from providers.libcloud.volumes import Volumes
from providers.libcloud.wire import bind, sending
from providers.prices import prices
from providers.protocol import (
    EVERY,
    KINDS,
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
from providers.rules import refusal, refuse_beyond, undelivered
from providers.transport import connections

T = TypeVar("T")
_ROOMS: Sequence[Room] = (Machines(), Volumes(), Networks(), Keys(), Snapshots())
ROOMS: Mapping[Kind, Room] = {room.kind: room for room in _ROOMS}
NEEDED: Mapping[Kind, Ability] = {
    Kind.VOLUME: Ability.VOLUMES,
    Kind.KEY: Ability.KEYS,
    Kind.SNAPSHOT: Ability.SNAPSHOTS,
}
"""Kinds that not every cloud has."""
USED_AS: Mapping[Kind, str] = {Kind.NETWORK: "networks", Kind.VOLUME: "volumes"}
"""What is kept while a machine uses it, by what is remembered of the machine."""


def opened(name: str, cloud: str, options: Options) -> LibCloud:
    """The instance `name`. Refused where libcloud has no such driver."""
    if cloud not in DRIVERS:
        known = ", ".join(sorted(map(str, DRIVERS)))
        raise Refused(f"provider {name}: libcloud has no driver {cloud!r}; there are {known}", provider=name)
    bind()
    maker = get_driver(cloud)
    given = [each.get_secret_value() for each in (options.key, options.secret) if each is not None]
    context = ssl.create_default_context(cafile=str(options.cacert)) if options.cacert else options.verify
    client = httpx.Client(transport=connections(verify=context), trust_env=False)
    path = options.home / f"{name}.sqlite" if options.home else None
    account = Account(cloud, options, Ledger(path))
    return LibCloud(name, account, lambda: maker(*given, **options.account), Wire(client, name), prices(options.prices))


class LibCloud:
    """Threads may share it. `make` makes one of libcloud's driver objects."""

    lists = True
    immediate: frozenset[Kind] = frozenset({Kind.NETWORK})

    def __init__(
        self, name: str, account: Account, make: Callable[[], NodeDriver], wire: Wire, prices: Mapping[str, Decimal]
    ) -> None:
        self.name = name
        self.driver = f"libcloud:{account.cloud}"
        self._account = account
        self._pool = Pool(make, account.options.most)
        self._wire = wire
        self._prices = prices

    def check(self, *, deadline: float) -> Sequence[Problem]:
        return self._call("check", deadline, check.problems)

    def offers(self, *, deadline: float) -> Sequence[Offering]:
        return self._call("offers", deadline, lambda session: offers.offers(session, self._prices))

    def create(self, spec: Spec, *, token: str, tags: Mapping[str, str], deadline: float) -> Resource:
        kind = KINDS[type(spec)]

        def made(session: Session) -> Resource:
            refuse_beyond(spec, offers.abilities(session))
            row = Row(token, None, spec.name, {**tags, TOKEN: token}, ROOMS[kind].kept(spec))
            with self._account.turns.held(f"{kind}/{token}", session.call.clock.left()):
                return _made(session, ROOMS[kind], spec, row)

        return self._call(f"{kind}/{spec.name}", deadline, made)

    def find(self, kind: Kind, token: str, *, deadline: float) -> Resource | None:
        def found(session: Session) -> Resource | None:
            seen = bearing(session, ROOMS[kind], token) if _keeps(session, kind) else []
            return _finished(session, kind, seen[:1])[0].resource if seen else None

        return self._call(f"{kind}/{token}", deadline, found)

    def observe(self, kind: Kind, id: str, *, deadline: float) -> Resource:
        return self._call(f"{kind}/{id}", deadline, lambda session: _observed(session, kind, id))

    def act(self, kind: Kind, id: str, action: Action, *, deadline: float) -> Resource:
        def acted(session: Session) -> Resource:
            if kind is not Kind.MACHINE:
                raise Refused(f"a {kind} cannot be told to {action}; only machines can")
            machines.act(session, id, action)
            return _observed(session, kind, id)

        return self._call(f"{kind}/{id}", deadline, acted)

    def resize(self, id: str, size: OfferedSize, *, deadline: float) -> Resource:
        with about(self.name, f"machine/{id}"):
            raise refusal(Ability.RESIZE)

    def retag(self, kind: Kind, id: str, tags: Mapping[str, str], *, deadline: float) -> Resource:
        def retagged(session: Session) -> Resource:
            retagging.retag(session, kind, one(session, _room(session, kind, id), id), tags)
            return _observed(session, kind, id)

        return self._call(f"{kind}/{id}", deadline, retagged)

    def delete(self, kind: Kind, id: str, *, deadline: float) -> None:
        self._call(f"{kind}/{id}", deadline, lambda session: _deleted(session, kind, id))

    def list(self, tags: Mapping[str, str], *, kinds: Collection[Kind] = EVERY, deadline: float) -> Sequence[Resource]:
        def listed(session: Session) -> Sequence[Resource]:
            found = {kind: look(session, ROOMS[kind]) for kind in ROOMS if kind in kinds and _keeps(session, kind)}
            for kind, seen in found.items():
                _forget(session, kind, seen)
            every = [each.resource for kind, seen in found.items() for each in _finished(session, kind, seen)]
            return [each for each in every if tags.items() <= each.tags.items()]

        return self._call("list", deadline, listed)

    def console(self, id: str, *, deadline: float) -> str:
        def told(session: Session) -> str:
            if Ability.CONSOLE not in offers.abilities(session):
                raise refusal(Ability.CONSOLE)
            answer = session.ask("ex_get_console_output", one(session, ROOMS[Kind.MACHINE], id).own)
            return str((answer.get("output") if isinstance(answer, Mapping) else answer) or "")

        return self._call(f"machine/{id}", deadline, told)

    def instruct(self, id: str, instruction: Instruction, *, token: str, deadline: float) -> Outcome | None:
        with about(self.name, f"machine/{id}"):
            raise undelivered(self._account.options.delivery)

    def close(self) -> None:
        self._wire.close()
        self._account.ledger.close()

    def _call(self, thing: str, deadline: float, does: Callable[[Session], T]) -> T:
        """One call, with a driver object for it alone. Where the credential of one that was used before is refused,
        what it had logged in with may have ended: it is done once more, with another object."""
        with about(self.name, thing), called(deadline) as call, whole(call), sending(self._wire) as heard:
            if not call.clock.left():
                raise Unavailable("no time was left to ask the cloud")
            with self._pool.lent(call.clock) as loan, translating(heard):
                session = Session(self._account, loan, call, heard)
                try:
                    return does(session)
                except Auth:
                    if not loan.used:
                        raise
                    loan.renew()
                return does(session)


def _made(session: Session, room: Room, spec: Spec, row: Row) -> Resource:
    """The thing of this token: what is there, or one that is made. It is remembered before it is asked for, so that its
    tags are known also if no answer comes; and looked at after, where others that were made meanwhile give way."""
    ledger = session.account.ledger
    if not bearing(session, room, row.token):
        ledger.begin(room.kind, row)
        try:
            id = room.make(session, spec, names.marked(spec.name, row.token), row)
        except Ambiguous:
            raise
        except ProviderError:
            ledger.forget(room.kind, [row.token])
            raise
        if id is not None:
            ledger.made(room.kind, row.token, id)
    found = bearing(session, room, row.token)
    if not found:
        raise Ambiguous(f"{room.kind} {spec.name} was made and is not shown yet; look again")
    for other in found[1:]:
        room.remove(session, other)
    return _finished(session, room.kind, found[:1])[0].resource


def _observed(session: Session, kind: Kind, id: str) -> Resource:
    return _finished(session, kind, [one(session, _room(session, kind, id), id)])[0].resource


def _deleted(session: Session, kind: Kind, id: str) -> None:
    """What is gone is forgotten; what the cloud still shows is so when a list no longer has it."""
    try:
        room = _room(session, kind, id)
        seen = one(session, room, id)
        if what := USED_AS.get(kind):
            _unused(session, what, seen)
        room.remove(session, seen)
    except NotFound:
        return
    session.account.ledger.leave(kind, seen.resource.token)


def _unused(session: Session, what: str, seen: Seen) -> None:
    """Conflict while a machine that was made with it is there."""
    id, name = seen.resource.id, seen.resource.name
    remembered = any(id in row.facts.get(what, ()) for row in session.account.ledger.of(Kind.MACHINE))
    if remembered and (used := users(look(session, ROOMS[Kind.MACHINE]), what, id)):
        raise Conflict(f"{seen.resource.kind} {name} is used by {', '.join(used)}; delete that first")


def _forget(session: Session, kind: Kind, seen: Sequence[Seen]) -> None:
    """What was given back and is shown no longer."""
    there = {each.resource.token for each in seen}
    left = [row.token for row in session.account.ledger.of(kind) if row.leaving and row.token not in there]
    session.account.ledger.forget(kind, left)


def _finished(session: Session, kind: Kind, seen: Sequence[Seen]) -> list[Seen]:
    return attaching.finished(session, seen) if kind is Kind.MACHINE else list(seen)


def _keeps(session: Session, kind: Kind) -> bool:
    return kind in ROOMS and (kind not in NEEDED or NEEDED[kind] in shape.abilities(session.shape))


def _room(session: Session, kind: Kind, id: str) -> Room:
    if not _keeps(session, kind):
        raise NotFound(f"there is no {kind} {id}: this cloud has none")
    return ROOMS[kind]
