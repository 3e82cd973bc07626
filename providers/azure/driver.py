"""The Provider that a resource group is: each method some requests there, told in the room of its kind."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Protocol

from providers.azure.account import Account
from providers.azure.addresses import Addresses
from providers.azure.check import problems
from providers.azure.errors import translating
from providers.azure.firewalls import Firewalls
from providers.azure.interfaces import Interfaces
from providers.azure.keys import Keys
from providers.azure.machines import ACTIONS, Machines
from providers.azure.members import Members
from providers.azure.names import ID, named
from providers.azure.networks import Networks
from providers.azure.offers import ABILITIES, offers
from providers.azure.options import Options
from providers.azure.resources import GOING
from providers.azure.retagging import retag
from providers.azure.retail import Retail
from providers.azure.snapshots import Snapshots
from providers.azure.volumes import Volumes
from providers.edge import Call, about, called, whole
from providers.errors import Conflict, NotFound, Refused
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
    State,
)
from providers.rules import refusal, refuse_beyond, undelivered


class Room(Protocol):
    """What is done with the things of one kind. An id is the name that a resource has in the group. `create` for the
    same token asks for the same again; `get` gives None for what is not there or was not made here."""

    kind: Kind

    def create(self, spec: Any, token: str, tags: Mapping[str, str]) -> Resource: ...

    def get(self, id: str) -> Resource | None: ...

    def look(self) -> Sequence[Resource]: ...

    def delete(self, id: str) -> None: ...


class Azure:
    """One resource group. Threads may share it."""

    driver = "azure"
    lists = True
    immediate: frozenset[Kind] = frozenset()

    def __init__(self, name: str, options: Options) -> None:
        self.name = name
        self._options = options
        with about(self.name, "options"), translating():
            self._prices = prices(options.prices)
            self._account = Account(name, options)
        self._retail = Retail(self._account.wire, options)
        members = Members(self._account)
        networks, keys = Networks(self._account, members), Keys(self._account)
        interfaces = Interfaces(self._account, networks, members)
        self._machines = Machines(self._account, interfaces, keys)
        self._snapshots = Snapshots(self._account, self._machines)
        rooms: Sequence[Room] = (
            networks,
            Firewalls(self._account, members),
            Volumes(self._account),
            keys,
            self._machines,
            Addresses(self._account, interfaces),
            self._snapshots,
        )
        self._rooms = {room.kind: room for room in rooms}

    def check(self, *, deadline: float) -> Sequence[Problem]:
        with self._call("check", deadline):
            return problems(self._account, self._prices)

    def offers(self, *, deadline: float) -> Sequence[Offering]:
        with self._call("offers", deadline):
            return offers(self._account, self._snapshots, self._prices, self._retail)

    def create(self, spec: Spec, *, token: str, tags: Mapping[str, str], deadline: float) -> Resource:
        kind = KINDS[type(spec)]
        with self._call(f"{kind}/{spec.name}", deadline):
            refuse_beyond(spec, ABILITIES)
            there = self._rooms[kind].get(named(token))
            if there is not None and GOING in there.facts:
                raise Conflict(f"{kind} {spec.name} is being given back; come again when it is gone")
            if there is not None and there.state is not State.ERROR:
                return there
            return self._rooms[kind].create(spec, token, tags)

    def find(self, kind: Kind, token: str, *, deadline: float) -> Resource | None:
        with self._call(f"{kind}/{token}", deadline):
            room = self._rooms.get(kind)
            return room.get(named(token)) if room is not None else None

    def observe(self, kind: Kind, id: str, *, deadline: float) -> Resource:
        with self._call(f"{kind}/{id}", deadline):
            return self._observed(kind, id)

    def act(self, kind: Kind, id: str, action: Action, *, deadline: float) -> Resource:
        with self._call(f"{kind}/{id}", deadline):
            if kind is not Kind.MACHINE:
                self._observed(kind, id)
                raise Refused(f"a {kind} cannot be told to {action}; only machines can")
            if action not in ACTIONS:
                self._observed(kind, id)
                raise refusal(Ability.SUSPEND)
            self._room(kind, id)
            return self._machines.act(id, action)

    def resize(self, id: str, size: OfferedSize, *, deadline: float) -> Resource:
        with self._call(f"machine/{id}", deadline):
            self._room(Kind.MACHINE, id)
            return self._machines.resize(id, size)

    def retag(self, kind: Kind, id: str, tags: Mapping[str, str], *, deadline: float) -> Resource:
        with self._call(f"{kind}/{id}", deadline):
            if not tags.items() <= self._observed(kind, id).tags.items():
                retag(self._account, kind, id, tags)
            return self._observed(kind, id)

    def delete(self, kind: Kind, id: str, *, deadline: float) -> None:
        with self._call(f"{kind}/{id}", deadline), suppress(NotFound), translating():
            self._room(kind, id).delete(id)

    def list(self, tags: Mapping[str, str], *, kinds: Collection[Kind] = EVERY, deadline: float) -> Sequence[Resource]:
        """Resource Manager refuses a list of a group that is not there, or that one may not see: an empty one is
        empty."""
        with self._call("list", deadline):
            asked = [room for kind, room in self._rooms.items() if kind in kinds]
            return [each for room in asked for each in room.look() if tags.items() <= each.tags.items()]

    def console(self, id: str, *, deadline: float) -> str:
        with self._call(f"machine/{id}", deadline):
            self._room(Kind.MACHINE, id)
            return self._machines.console(id)

    def instruct(self, id: str, instruction: Instruction, *, token: str, deadline: float) -> Outcome | None:
        with about(self.name, f"machine/{id}"):
            raise undelivered(self._options.delivery)

    def close(self) -> None:
        self._account.close()

    def _observed(self, kind: Kind, id: str) -> Resource:
        seen = self._room(kind, id).get(id)
        if seen is None:
            raise NotFound(f"there is no {kind} {id} that was made here")
        return seen

    def _room(self, kind: Kind, id: str) -> Room:
        """The room of a thing that may be there. NotFound for an id that the group cannot have: it never comes into an
        address."""
        if kind not in self._rooms or not ID.fullmatch(id):
            raise NotFound(f"there is no {kind} {id}: that is no id of this provider")
        return self._rooms[kind]

    @contextmanager
    def _call(self, thing: str, deadline: float) -> Iterator[Call]:
        with about(self.name, thing), called(deadline) as call, whole(call), translating():
            yield call
