"""The driver: the Protocol's calls, each carried to the room of its kind. Only our errors leave."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from providers.ec2 import (
    addresses,
    check,
    firewalls,
    keys,
    machines,
    marking,
    networks,
    offers,
    snapshots,
    tags,
    volumes,
)
from providers.ec2.account import Account
from providers.ec2.looking import FORMS, Seen, bearing, look, one
from providers.ec2.wire import Call, Wire
from providers.edge import about
from providers.errors import NotFound, Refused
from providers.protocol import (
    EVERY,
    Action,
    AddressSpec,
    FirewallSpec,
    Instruction,
    KeySpec,
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
from providers.rules import refuse_beyond, undelivered
from providers.transport import Clock
from providers.turns import Turns


@dataclass(frozen=True, slots=True)
class Room:
    """What is done with things of one kind. `make` makes or completes what the token is for, `remove` gives an id back.
    It takes the specification of its own kind."""

    kind: Kind
    make: Callable[[Call, Account, Any, str, Mapping[str, str]], Resource]
    remove: Callable[[Call, Account, str], None]


ROOMS: Mapping[type, Room] = {
    NetworkSpec: Room(Kind.NETWORK, networks.make, networks.remove),
    FirewallSpec: Room(Kind.FIREWALL, firewalls.make, firewalls.remove),
    VolumeSpec: Room(Kind.VOLUME, volumes.make, volumes.remove),
    KeySpec: Room(Kind.KEY, keys.make, keys.remove),
    MachineSpec: Room(Kind.MACHINE, machines.make, machines.remove),
    AddressSpec: Room(Kind.ADDRESS, addresses.make, addresses.remove),
    SnapshotSpec: Room(Kind.SNAPSHOT, snapshots.make, snapshots.remove),
}
REMOVE = {room.kind: room.remove for room in ROOMS.values()}


class Ec2:
    """`close` lets go of what the wire sends by."""

    driver = "ec2"
    lists = True
    immediate = frozenset({Kind.NETWORK, Kind.FIREWALL, Kind.KEY, Kind.ADDRESS})

    def __init__(self, name: str, account: Account, wire: Wire, close: Callable[[], None]) -> None:
        self.name = name
        self._account = account
        self._wire = wire
        self._close = close
        self._turns = Turns()

    def check(self, *, deadline: float) -> Sequence[Problem]:
        with self._edge("check", deadline) as call:
            return check.problems(call, self._account)

    def offers(self, *, deadline: float) -> Sequence[Offering]:
        with self._edge("offers", deadline) as call:
            return offers.offers(call, self._account)

    def create(self, spec: Spec, *, token: str, tags: Mapping[str, str], deadline: float) -> Resource:
        with self._edge(spec.name, deadline) as call:
            refuse_beyond(spec, offers.ABILITIES)
            room = ROOMS[type(spec)]
            with self._turns.held(f"{room.kind}/{token}", call.clock.left()):
                return self._made(call, room, spec, token, tags)

    def find(self, kind: Kind, token: str, *, deadline: float) -> Resource | None:
        if kind not in FORMS:
            return None
        with self._edge(f"{kind}/{token}", deadline) as call:
            found = self._finished(call, bearing(call, self._account, kind, token))
        return found[0] if found else None

    def observe(self, kind: Kind, id: str, *, deadline: float) -> Resource:
        with self._edge(f"{kind}/{id}", deadline) as call:
            if kind is Kind.NETWORK and id.startswith(networks.GATEWAY):
                return networks.one(call, id)
            return self._finished(call, [one(call, self._account, kind, id)])[0]

    def act(self, kind: Kind, id: str, action: Action, *, deadline: float) -> Resource:
        with self._edge(f"{kind}/{id}", deadline) as call:
            if kind is not Kind.MACHINE:
                raise Refused(f"a {kind} cannot be told to {action}; only machines can")
            return machines.act(call, self._account, id, action)

    def resize(self, id: str, size: OfferedSize, *, deadline: float) -> Resource:
        with self._edge(f"machine/{id}", deadline) as call:
            return machines.resize(call, self._account, id, size)

    def retag(self, kind: Kind, id: str, tags: Mapping[str, str], *, deadline: float) -> Resource:
        with self._edge(f"{kind}/{id}", deadline) as call:
            marking.put(call, one(call, self._account, kind, id), tags)
            return self._finished(call, [one(call, self._account, kind, id)])[0]

    def delete(self, kind: Kind, id: str, *, deadline: float) -> None:
        """What another takes away at the same time is gone, too."""
        with self._edge(f"{kind}/{id}", deadline) as call:
            if kind in FORMS and FORMS[kind].id.fullmatch(id):
                self._account.old(id)
                with suppress(NotFound):
                    REMOVE[kind](call, self._account, id)

    def list(self, tags: Mapping[str, str], *, kinds: Collection[Kind] = EVERY, deadline: float) -> Sequence[Resource]:
        """One question a kind, or one a page of it; two of networks."""
        with self._edge("list", deadline) as call:
            return [
                each
                for kind in FORMS
                if kind in kinds
                for each in self._listed(call, kind, tags)
                if tags.items() <= each.tags.items()
            ]

    def console(self, id: str, *, deadline: float) -> str:
        with self._edge(f"machine/{id}", deadline) as call:
            return machines.console(call, self._account, id)

    def instruct(self, id: str, instruction: Instruction, *, token: str, deadline: float) -> Outcome | None:
        """Always Refused: machines call home."""
        with about(self.name, f"machine/{id}"):
            raise undelivered(self._account.options.delivery)

    def close(self) -> None:
        self._close()

    def _listed(self, call: Call, kind: Kind, wanted: Mapping[str, str]) -> Sequence[Resource]:
        """Gateways before networks: what is made meanwhile has its network then."""
        narrow = tags.narrowing(wanted)
        gateways = networks.gateways(call, narrow) if kind is Kind.NETWORK else []
        found = self._finished(call, look(call, self._account, kind, narrow))
        return [*found, *networks.lone(gateways, found)]

    def _finished(self, call: Call, found: Sequence[Seen]) -> Sequence[Resource]:
        """What was begun is gone on with: a machine's volumes can be attached only now."""
        for each in found:
            if each.resource.kind is Kind.MACHINE:
                machines.attach(call, each)
        return [each.resource for each in found]

    def _made(self, call: Call, room: Room, spec: Spec, token: str, tags: Mapping[str, str]) -> Resource:
        """What is kept of networks may be of one that is gone: then it is asked for anew, the next time."""
        try:
            return room.make(call, self._account, spec, token, tags)
        except NotFound:
            self._account.forget()
            raise

    @contextmanager
    def _edge(self, thing: str, deadline: float) -> Iterator[Call]:
        with about(self.name, thing):
            yield Call(self._wire, Clock(deadline))
