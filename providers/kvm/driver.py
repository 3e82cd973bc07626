"""The Provider that a host with libvirt is: each method one call, told in the room of its kind."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any, Protocol, TypeVar

from providers.edge import about, whole
from providers.errors import NotFound, Refused
from providers.kvm import check, names, offers
from providers.kvm.choosing import Choosing
from providers.kvm.firewalls import Firewalls
from providers.kvm.keys import Keys
from providers.kvm.machines import Machines
from providers.kvm.marks import TOKEN
from providers.kvm.networks import Networks
from providers.kvm.options import Options
from providers.kvm.recorded import Recorded
from providers.kvm.records import Records
from providers.kvm.volumes import Snapshots, Volumes
from providers.kvm.wire import Session, Wire
from providers.prices import prices
from providers.protocol import (
    EVERY,
    KINDS,
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
from providers.rules import refuse_beyond, undelivered
from providers.turns import Turns

T = TypeVar("T")


class Room(Protocol):
    """What is done with the things of one kind. NotFound for what is gone, but not where it is to be deleted."""

    @property
    def kind(self) -> Kind: ...

    def create(self, session: Session, spec: Any, id: str, tags: Mapping[str, str]) -> Resource: ...

    def look(self, session: Session) -> Sequence[Resource]: ...

    def observe(self, session: Session, id: str) -> Resource: ...

    def retag(self, session: Session, id: str, tags: Mapping[str, str]) -> Resource: ...

    def delete(self, session: Session, id: str) -> None: ...


class KVM:
    """One host. Threads may share it: libvirt's connections are made for that."""

    driver = "kvm"
    lists = False
    immediate = EVERY

    def __init__(self, name: str, options: Options) -> None:
        self.name = name
        self._options, self._turns = options, Turns()
        with about(name, "options"):
            self._prices = prices(options.prices)
        self._wire, self._records = Wire(options.uri), Records(options.pool)
        self._rooms = self._furnished()

    def check(self, *, deadline: float) -> Sequence[Problem]:
        return self._call("check", deadline, lambda session: check.problems(session, self._options, self._records))

    def offers(self, *, deadline: float) -> Sequence[Offering]:
        def offered(session: Session) -> Sequence[Offering]:
            return offers.offers(session, self._options, self._records, self._prices)

        return self._call("offers", deadline, offered)

    def create(self, spec: Spec, *, token: str, tags: Mapping[str, str], deadline: float) -> Resource:
        kind = KINDS[type(spec)]

        def made(session: Session) -> Resource:
            refuse_beyond(spec, offers.ABILITIES)
            with self._turns.held(f"{kind}/{token}", session.clock.left()):
                known = self._find(session, kind, token)
                id = known.id if known else names.identity(kind, token)
                return self._rooms[kind].create(session, spec, id, {**tags, TOKEN: token})

        return self._call(f"{kind}/{spec.name}", deadline, made)

    def find(self, kind: Kind, token: str, *, deadline: float) -> Resource | None:
        return self._call(f"{kind}/{token}", deadline, lambda session: self._find(session, kind, token))

    def observe(self, kind: Kind, id: str, *, deadline: float) -> Resource:
        return self._call(f"{kind}/{id}", deadline, lambda session: self._room(kind, id).observe(session, id))

    def act(self, kind: Kind, id: str, action: Action, *, deadline: float) -> Resource:
        def acted(session: Session) -> Resource:
            room = self._room(kind, id)
            if not isinstance(room, Machines):
                raise Refused(f"a {kind} cannot be told to {action}; only machines can")
            return room.act(session, id, action)

        return self._call(f"{kind}/{id}", deadline, acted)

    def resize(self, id: str, size: OfferedSize, *, deadline: float) -> Resource:
        def resized(session: Session) -> Resource:
            self._room(Kind.MACHINE, id)
            return self._machines.resize(session, id, size)

        return self._call(f"machine/{id}", deadline, resized)

    def retag(self, kind: Kind, id: str, tags: Mapping[str, str], *, deadline: float) -> Resource:
        return self._call(f"{kind}/{id}", deadline, lambda session: self._room(kind, id).retag(session, id, tags))

    def delete(self, kind: Kind, id: str, *, deadline: float) -> None:
        def deleted(session: Session) -> None:
            with suppress(NotFound):
                self._room(kind, id).delete(session, id)

        self._call(f"{kind}/{id}", deadline, deleted)

    def list(self, tags: Mapping[str, str], *, kinds: Collection[Kind] = EVERY, deadline: float) -> Sequence[Resource]:
        """libvirt shows all or refuses the connection: what is empty is so."""

        def listed(session: Session) -> Sequence[Resource]:
            every = [each for kind, room in self._rooms.items() if kind in kinds for each in room.look(session)]
            return [each for each in every if tags.items() <= each.tags.items()]

        return self._call("list", deadline, listed)

    def console(self, id: str, *, deadline: float) -> str:
        def told(session: Session) -> str:
            self._room(Kind.MACHINE, id)
            return self._machines.console(session, id)

        return self._call(f"machine/{id}", deadline, told)

    def instruct(self, id: str, instruction: Instruction, *, token: str, deadline: float) -> Outcome | None:
        with about(self.name, f"machine/{id}"):
            raise undelivered(self._options.delivery)

    def close(self) -> None:
        self._wire.close()

    def _furnished(self) -> Mapping[Kind, Room]:
        options, turns, records = self._options, self._turns, self._records
        keys, firewalls = Recorded(records, Keys()), Recorded(records, Firewalls(turns))
        self._machines = Machines(options, turns, records, Choosing(options, firewalls, keys))
        volumes, snapshots = Recorded(records, Volumes(options)), Recorded(records, Snapshots(options))
        rooms: tuple[Room, ...] = (
            Networks(options, turns),
            firewalls,
            volumes,
            keys,
            self._machines,
            snapshots,
        )
        return {room.kind: room for room in rooms}

    def _find(self, session: Session, kind: Kind, token: str) -> Resource | None:
        """By the id that follows from the token; or by the token, which somebody may have put on it later."""
        room = self._rooms.get(kind)
        if room is None:
            return None
        with suppress(NotFound):
            return room.observe(session, names.identity(kind, token))
        return next((each for each in room.look(session) if each.token == token), None)

    def _room(self, kind: Kind, id: str) -> Room:
        """The room of a thing that may be there. NotFound for an id that cannot be of this provider."""
        if kind not in self._rooms or not names.is_identity(id):
            raise NotFound(f"there is no {kind} {id}: that is no id of this provider")
        return self._rooms[kind]

    def _call(self, thing: str, deadline: float, work: Callable[[Session], T]) -> T:
        session = Session(self._wire, deadline)
        with about(self.name, thing), whole(session):
            return session.bounded(work)
