"""The Provider that an OpenNebula account is: each method one question or change, told in the room of its kind."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Protocol

from providers.edge import about, whole
from providers.errors import NotFound, Refused
from providers.groups import scope
from providers.opennebula.addresses import Addresses
from providers.opennebula.check import problems, prove
from providers.opennebula.firewalls import Firewalls, checked
from providers.opennebula.images import Images
from providers.opennebula.machines import Machines
from providers.opennebula.members import machines, members, spread
from providers.opennebula.networks import Networks
from providers.opennebula.offers import abilities, offers
from providers.opennebula.options import Options
from providers.opennebula.retagging import retag
from providers.opennebula.tags import NODE, TOKEN
from providers.opennebula.wire import Session, Wire
from providers.prices import prices
from providers.protocol import (
    EVERY,
    KINDS,
    Ability,
    Action,
    AddressSpec,
    FirewallSpec,
    Instruction,
    Kind,
    MachineSpec,
    NetworkSpec,
    OfferedSize,
    Offering,
    Outcome,
    Problem,
    Resource,
    SnapshotSpec,
    Spec,
    VolumeSpec,
)
from providers.rules import refusal, refuse_beyond, undelivered
from providers.turns import Turns

IDS = {Kind.ADDRESS: re.compile(r"[0-9]{1,9}\.[0-9]{1,9}")}
ID = re.compile(r"[0-9]{1,9}")


class Room(Protocol):
    """What is done with the things of one kind. NotFound for what is gone, also when it is to be deleted."""

    @property
    def kind(self) -> Kind: ...

    def find(self, session: Session, token: str) -> Resource | None: ...

    def look(self, session: Session) -> Sequence[Resource]: ...

    def observe(self, session: Session, id: str) -> Resource: ...

    def delete(self, session: Session, id: str) -> None: ...


class OpenNebula:
    """One account at one site. Threads may share it."""

    driver = "opennebula"
    lists = True
    immediate = frozenset({Kind.FIREWALL})

    def __init__(self, name: str, options: Options) -> None:
        self.name = name
        self._options = options
        with about(self.name, "options"):
            self._prices = prices(options.prices)
            self._wire = Wire(name, options)
        self._turns = Turns()
        self._machines, self._firewalls = Machines(options, self._alone), Firewalls()
        self._networks, self._addresses = Networks(options), Addresses(options)
        self._volumes, self._snapshots = Images(options, Kind.VOLUME), Images(options, Kind.SNAPSHOT)
        rooms: tuple[Room, ...] = (
            self._networks,
            self._firewalls,
            self._volumes,
            self._machines,
            self._addresses,
            self._snapshots,
        )
        self._rooms = {room.kind: room for room in rooms}

    def check(self, *, deadline: float) -> Sequence[Problem]:
        with self._call("check", deadline) as session:
            return problems(session, self._options, self._prices)

    def offers(self, *, deadline: float) -> Sequence[Offering]:
        with self._call("offers", deadline) as session:
            return offers(session, self._options, self._prices)

    def create(self, spec: Spec, *, token: str, tags: Mapping[str, str], deadline: float) -> Resource:
        kind = KINDS[type(spec)]
        with self._call(f"{kind}/{spec.name}", deadline) as session:
            refuse_beyond(spec, abilities(self._options))
            with self._turns.held(f"{kind}/{token}", session.clock.left()):
                return self._made(session, spec, token, {**tags, TOKEN: token})

    def find(self, kind: Kind, token: str, *, deadline: float) -> Resource | None:
        room = self._rooms.get(kind)
        with self._call(f"{kind}/{token}", deadline) as session:
            return room.find(session, token) if room else None

    def observe(self, kind: Kind, id: str, *, deadline: float) -> Resource:
        with self._call(f"{kind}/{id}", deadline) as session:
            return self._room(kind, id).observe(session, id)

    def act(self, kind: Kind, id: str, action: Action, *, deadline: float) -> Resource:
        with self._call(f"{kind}/{id}", deadline) as session:
            self._room(kind, id)
            if kind is not Kind.MACHINE:
                raise Refused(f"a {kind} cannot be told to {action}; only machines can")
            return self._machines.act(session, id, action)

    def resize(self, id: str, size: OfferedSize, *, deadline: float) -> Resource:
        with self._call(f"machine/{id}", deadline) as session:
            self._room(Kind.MACHINE, id)
            return self._machines.resize(session, id, size)

    def retag(self, kind: Kind, id: str, tags: Mapping[str, str], *, deadline: float) -> Resource:
        with self._call(f"{kind}/{id}", deadline) as session:
            seen = self._room(kind, id).observe(session, id)
            if not tags.items() <= seen.tags.items():
                retag(session, seen, tags)
            return self._room(kind, id).observe(session, id)

    def delete(self, kind: Kind, id: str, *, deadline: float) -> None:
        with self._call(f"{kind}/{id}", deadline) as session, suppress(NotFound):
            self._room(kind, id).delete(session, id)

    def list(self, tags: Mapping[str, str], *, kinds: Collection[Kind] = EVERY, deadline: float) -> Sequence[Resource]:
        with self._call("list", deadline) as session:
            found = {kind: room.look(session) for kind, room in self._rooms.items() if kind in kinds}
            if empty := [kind for kind, things in found.items() if not things]:
                prove(session, empty)
            return [each for things in found.values() for each in things if tags.items() <= each.tags.items()]

    def console(self, id: str, *, deadline: float) -> str:
        self.observe(Kind.MACHINE, id, deadline=deadline)
        with about(self.name, f"machine/{id}"):
            raise refusal(Ability.CONSOLE)

    def instruct(self, id: str, instruction: Instruction, *, token: str, deadline: float) -> Outcome | None:
        with about(self.name, f"machine/{id}"):
            raise undelivered(self._options.delivery)

    def close(self) -> None:
        self._wire.close()

    def _made(self, session: Session, spec: Spec, token: str, tags: Mapping[str, str]) -> Resource:
        match spec:
            case NetworkSpec():
                return self._networks.create(session, spec, token, tags)
            case FirewallSpec():
                return self._firewall(session, spec, token, tags)
            case VolumeSpec():
                return self._volumes.create(session, spec, token, tags)
            case SnapshotSpec():
                return self._snapshots.create(session, spec, token, tags)
            case AddressSpec():
                return self._addresses.create(session, spec, token, tags)
            case MachineSpec():
                return self._machines.create(session, spec, token, tags)
            case _:
                raise Refused(f"OpenNebula makes no {type(spec).__name__}")

    def _firewall(self, session: Session, spec: FirewallSpec, token: str, tags: Mapping[str, str]) -> Resource:
        """With the machines that are there, and those that came while it was made."""
        nodes = checked(spec)
        with self._alone(session, {**tags, NODE: "any"} if nodes else {}):
            known = self._firewalls.find(session, token)
            there = members(machines(session), tags) if nodes and not known else {}
            made = known or self._firewalls.begin(session, spec, token, tags, there)
            if nodes:
                spread(session, tags, machines(session))
                made = self._firewalls.observe(session, made.id)
            return made

    @contextmanager
    def _alone(self, session: Session, tags: Mapping[str, str]) -> Iterator[None]:
        """One thread at a time for a service whose firewalls may have to be written; the others need not wait."""
        if NODE not in tags:
            yield
            return
        with self._turns.held(f"firewalls of {sorted(scope(tags).items())}", session.clock.left()):
            yield

    def _room(self, kind: Kind, id: str) -> Room:
        """The room of a thing that may be there. NotFound for an id that the cloud cannot have given."""
        if kind not in self._rooms or not IDS.get(kind, ID).fullmatch(id):
            raise NotFound(f"there is no {kind} {id}: that is no id of this provider")
        return self._rooms[kind]

    @contextmanager
    def _call(self, thing: str, deadline: float) -> Iterator[Session]:
        with about(self.name, thing):
            session = self._wire.session(deadline)
            with whole(session):
                yield session
