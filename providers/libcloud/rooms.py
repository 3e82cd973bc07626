"""What is done with the things of a kind, whatever it is: made once, looked at, given back. How, is told in the room of
each kind."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from providers.errors import Ambiguous, Conflict, NotFound, ProviderError
from providers.libcloud import attaching, names, shape
from providers.libcloud.account import Session
from providers.libcloud.keys import Keys
from providers.libcloud.ledger import Row
from providers.libcloud.looking import TOKEN, Room, Seen, bearing, look, one, users
from providers.libcloud.machines import Machines
from providers.libcloud.networks import Networks
from providers.libcloud.snapshots import Snapshots
from providers.libcloud.volumes import Volumes
from providers.protocol import Ability, Kind, Resource, Spec

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


def made(session: Session, kind: Kind, spec: Spec, tags: Mapping[str, str]) -> Resource:
    """The thing of the token among the tags: what is there, or one that is made. Looked at after, and others that were
    made meanwhile give way."""
    room, token = ROOMS[kind], tags[TOKEN]
    if not bearing(session, room, token):
        _make(session, room, spec, Row(token, None, spec.name, tags, room.kept(spec)))
    there = bearing(session, room, token)
    if not there:
        raise Ambiguous(f"{kind} {spec.name} was made and is not shown yet; look again")
    for other in there[1:]:
        room.remove(session, other)
    return _finished(session, kind, there[:1])[0].resource


def _make(session: Session, room: Room, spec: Spec, row: Row) -> None:
    """It is remembered before it is asked for, so that its tags are known also if no answer comes."""
    ledger = session.account.ledger
    ledger.begin(room.kind, row)
    try:
        id = room.make(session, spec, names.marked(spec.name, row.token), row)
    except ProviderError as error:
        if not error.retryable:  # surely not made
            ledger.forget(room.kind, [row.token])
        raise
    if id is not None:
        ledger.made(room.kind, row.token, id)


def found(session: Session, kind: Kind, token: str) -> Resource | None:
    there = bearing(session, ROOMS[kind], token) if _keeps(session, kind) else []
    return _finished(session, kind, there[:1])[0].resource if there else None


def observed(session: Session, kind: Kind, id: str) -> Resource:
    return _finished(session, kind, [one(session, room_of(session, kind, id), id)])[0].resource


def listed(session: Session, tags: Mapping[str, str], kinds: Collection[Kind]) -> Sequence[Resource]:
    """What carries all these tags. What was given back and is shown no longer is forgotten."""
    there = {kind: look(session, room) for kind, room in ROOMS.items() if kind in kinds and _keeps(session, kind)}
    for kind, seen in there.items():
        _forget(session, kind, seen)
    every = [each.resource for kind, seen in there.items() for each in _finished(session, kind, seen)]
    return [each for each in every if tags.items() <= each.tags.items()]


def deleted(session: Session, kind: Kind, id: str) -> None:
    """What is gone is forgotten; what the cloud still shows is so when a list no longer has it."""
    try:
        room = room_of(session, kind, id)
        seen = one(session, room, id)
        if what := USED_AS.get(kind):
            _unused(session, what, seen)
        room.remove(session, seen)
    except NotFound:
        return
    session.account.ledger.leave(kind, seen.resource.token)


def room_of(session: Session, kind: Kind, id: str) -> Room:
    """NotFound where this cloud has no such kind, and so not this thing."""
    if not _keeps(session, kind):
        raise NotFound(f"there is no {kind} {id}: this cloud has none")
    return ROOMS[kind]


def _unused(session: Session, what: str, seen: Seen) -> None:
    """Conflict while a machine that was made with it is there."""
    id, name = seen.resource.id, seen.resource.name
    remembered = any(id in row.facts.get(what, ()) for row in session.account.ledger.of(Kind.MACHINE))
    if remembered and (used := users(look(session, ROOMS[Kind.MACHINE]), what, id)):
        raise Conflict(f"{seen.resource.kind} {name} is used by {', '.join(used)}; delete that first")


def _forget(session: Session, kind: Kind, seen: Sequence[Seen]) -> None:
    there = {each.resource.token for each in seen}
    left = [row.token for row in session.account.ledger.of(kind) if row.leaving and row.token not in there]
    session.account.ledger.forget(kind, left)


def _finished(session: Session, kind: Kind, seen: Sequence[Seen]) -> list[Seen]:
    return attaching.finished(session, seen) if kind is Kind.MACHINE else list(seen)


def _keeps(session: Session, kind: Kind) -> bool:
    return kind in ROOMS and (kind not in NEEDED or NEEDED[kind] in shape.abilities(session.shape))
