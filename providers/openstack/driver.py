"""The Provider that an OpenStack project is: each method one question or change there, told in the room of its kind."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

from providers.edge import Call, about, called, whole
from providers.errors import NotFound, Refused
from providers.openstack.account import Account
from providers.openstack.addresses import Addresses
from providers.openstack.check import problems
from providers.openstack.errors import translating
from providers.openstack.firewalls import Firewalls
from providers.openstack.images import ID
from providers.openstack.keys import Keys
from providers.openstack.machines import Machines
from providers.openstack.members import Members
from providers.openstack.networks import Networks
from providers.openstack.offers import abilities, offers
from providers.openstack.once import Begun, Composite, Room, made, oldest
from providers.openstack.options import Options
from providers.openstack.proof import PROOFS
from providers.openstack.retagging import retag
from providers.openstack.snapshots import Snapshots
from providers.openstack.tags import LONGEST_KEY_NAME, TOKEN, key_tags
from providers.openstack.volumes import Volumes
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


class OpenStack:
    """One project at one cloud. Threads may share it."""

    driver = "openstack"
    lists = True
    immediate = frozenset({Kind.NETWORK, Kind.FIREWALL, Kind.KEY, Kind.ADDRESS})

    def __init__(self, name: str, options: Options) -> None:
        self.name = name
        self._options = options
        with about(self.name, "options"), translating():
            self._prices = prices(options.prices)
            self._account = Account(name, options)
        self._turns, self._begun = Turns(), Begun()
        members = Members(self._account)
        self._machines = Machines(self._account, members)
        rooms: Sequence[Room] = (
            Networks(self._account),
            Firewalls(self._account, members),
            Volumes(self._account),
            Keys(self._account),
            self._machines,
            Addresses(self._account),
            Snapshots(self._account),
        )
        self._rooms = {room.kind: room for room in rooms}

    def check(self, *, deadline: float) -> Sequence[Problem]:
        with self._call("check", deadline):
            return problems(self._account, self._prices)

    def offers(self, *, deadline: float) -> Sequence[Offering]:
        with self._call("offers", deadline):
            return offers(self._account, self._prices)

    def create(self, spec: Spec, *, token: str, tags: Mapping[str, str], deadline: float) -> Resource:
        kind = KINDS[type(spec)]
        with self._call(f"{kind}/{spec.name}", deadline) as call:
            refuse_beyond(spec, abilities(self._account))
            with self._turns.held(name := f"{kind}/{token}", call.clock.left()):
                return made(self._rooms[kind], spec, token, {**tags, TOKEN: token}, again=self._begun.again(name))

    def find(self, kind: Kind, token: str, *, deadline: float) -> Resource | None:
        room = self._rooms.get(kind)
        with self._call(f"{kind}/{token}", deadline):
            if room is None or not self._keeps(kind):
                return None
            return oldest(room.find(token) if isinstance(room, Composite) else room.bearing(token, {}))

    def observe(self, kind: Kind, id: str, *, deadline: float) -> Resource:
        with self._call(f"{kind}/{id}", deadline):
            return self._room(kind, id).observe(id)

    def act(self, kind: Kind, id: str, action: Action, *, deadline: float) -> Resource:
        with self._call(f"{kind}/{id}", deadline):
            self._room(kind, id)
            if kind is not Kind.MACHINE:
                raise Refused(f"a {kind} cannot be told to {action}; only machines can")
            return self._machines.act(id, action)

    def resize(self, id: str, size: OfferedSize, *, deadline: float) -> Resource:
        with self._call(f"machine/{id}", deadline):
            self._room(Kind.MACHINE, id)
            return self._machines.resize(id, size)

    def retag(self, kind: Kind, id: str, tags: Mapping[str, str], *, deadline: float) -> Resource:
        with self._call(f"{kind}/{id}", deadline):
            room = self._room(kind, id)
            if not tags.items() <= room.observe(id).tags.items():
                retag(self._account, kind, id, tags)
            return room.observe(id)

    def delete(self, kind: Kind, id: str, *, deadline: float) -> None:
        with self._call(f"{kind}/{id}", deadline), suppress(NotFound), translating():
            self._room(kind, id).delete(id)

    def list(self, tags: Mapping[str, str], *, kinds: Collection[Kind] = EVERY, deadline: float) -> Sequence[Resource]:
        with self._call("list", deadline):
            asked = [kind for kind in self._rooms if kind in kinds and self._keeps(kind)]
            found = {kind: self._listed(kind, tags) for kind in asked}
            for proof in {PROOFS[kind]: None for kind in asked if not found[kind]}:
                proof(self._account)
            return [each for things in found.values() for each in things]

    def console(self, id: str, *, deadline: float) -> str:
        with self._call(f"machine/{id}", deadline):
            self._room(Kind.MACHINE, id)
            return self._machines.console(id)

    def instruct(self, id: str, instruction: Instruction, *, token: str, deadline: float) -> Outcome | None:
        with about(self.name, f"machine/{id}"):
            raise undelivered(self._options.delivery)

    def close(self) -> None:
        self._account.close()

    def _listed(self, kind: Kind, tags: Mapping[str, str]) -> Sequence[Resource]:
        return [each for each in self._rooms[kind].look(tags) if tags.items() <= each.tags.items()]

    def _keeps(self, kind: Kind) -> bool:
        """Whether this cloud has the service that keeps these; without cinder there are no volumes."""
        return kind is not Kind.VOLUME or self._account.has_volumes()

    def _room(self, kind: Kind, id: str) -> Room:
        """The room of a thing that may be there. NotFound for an id that the cloud cannot have given: it never comes
        into an address."""
        if kind not in self._rooms or not _may_be(kind, id) or not self._keeps(kind):
            raise NotFound(f"there is no {kind} {id}: that is no id of this provider")
        return self._rooms[kind]

    @contextmanager
    def _call(self, thing: str, deadline: float) -> Iterator[Call]:
        with about(self.name, thing), called(deadline) as call, whole(call), translating():
            yield call


def _may_be(kind: Kind, id: str) -> bool:
    if kind is Kind.KEY:
        return len(id) <= LONGEST_KEY_NAME and key_tags(id) is not None
    return bool(ID.match(id))
