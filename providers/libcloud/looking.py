"""What of a cloud's things is ours: told by the mark in their names, by metadata, by what is remembered. Pure, but for
`look`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from providers.errors import NotFound
from providers.libcloud import names
from providers.libcloud.account import Session
from providers.libcloud.ledger import Row
from providers.protocol import Kind, Resource, State

TOKEN = "accords-token"  # noqa: S105 - the name of a tag
Facts = Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Thing:
    """What libcloud shows, in our words. `own` is libcloud's object, `metadata` what the cloud keeps with it."""

    id: str
    name: str
    state: State
    own: Any
    addresses: tuple[str, ...] = ()
    facts: Facts = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Seen:
    """One of ours. `row` None: nothing is remembered of it."""

    resource: Resource
    own: Any
    row: Row | None


class Room(Protocol):
    """What is done with the things of one kind. `make` gives the id of what it made, None where libcloud does not tell
    it; `kept` is what of a specification is needed later."""

    kind: Kind

    def things(self, session: Session) -> Sequence[Thing]: ...

    def kept(self, spec: Any) -> Mapping[str, str | Sequence[str]]: ...

    def make(self, session: Session, spec: Any, name: str, row: Row) -> str | None: ...

    def remove(self, session: Session, seen: Seen) -> None: ...


def look(session: Session, room: Room) -> list[Seen]:
    """All of ours. A cloud that shows nothing at all is asked for what it must have."""
    things = room.things(session)
    if not things:
        session.prove()
    return ours(room.kind, things, session.account.ledger.of(room.kind))


def one(session: Session, room: Room, id: str) -> Seen:
    found = next((each for each in look(session, room) if each.resource.id == id), None)
    if found is None:
        raise NotFound(f"there is no {room.kind} {id} of ours, or not any more")
    return found


def bearing(session: Session, room: Room, token: str) -> list[Seen]:
    """What carries a token; the first is the one that stays, for everybody."""
    found = [each for each in look(session, room) if each.resource.token == token]
    return sorted(found, key=lambda each: (len(each.resource.id), each.resource.id))


def ours(kind: Kind, things: Sequence[Thing], rows: Sequence[Row]) -> list[Seen]:
    """Those whose token is known, with what is remembered of them. A mark in the name is believed before an id: some
    clouds give an id twice."""
    by_token = {row.token: row for row in rows}
    by_id = {row.id: row for row in rows if row.id is not None}
    found = []
    for thing in things:
        mark = names.read(thing.name)
        row = by_token.get(mark.token) if mark else by_id.get(thing.id)
        if token := thing.metadata.get(TOKEN) or (mark.token if mark else "") or (row.token if row else ""):
            found.append(Seen(_resource(kind, thing, token, mark, row), thing.own, row))
    return found


def _resource(kind: Kind, thing: Thing, token: str, mark: names.Mark | None, row: Row | None) -> Resource:
    """The cloud's metadata are believed before what is remembered."""
    name = row.name if row else mark.name if mark else thing.name
    remembered: Mapping[str, str] = row.tags if row else {TOKEN: token}
    tags = thing.metadata if TOKEN in thing.metadata else remembered
    size = row.facts.get("size") if row else None
    facts = {**thing.facts, "size": str(size)} if size else dict(thing.facts)
    return Resource(kind, thing.id, name, thing.state, token, dict(tags), thing.addresses, facts)


def metadata_of(extra: Mapping[str, Any] | None) -> Mapping[str, str]:
    """Where drivers show what the cloud keeps with a thing."""
    for word in ("metadata", "tags"):
        found = (extra or {}).get(word)
        if isinstance(found, Mapping) and TOKEN in found:
            return {str(key): str(value) for key, value in found.items()}
    return {}


def users(seen: Sequence[Seen], what: str, id: str) -> list[str]:
    """The machines that were made with this thing: `what` is networks or volumes."""
    return [each.resource.name for each in seen if each.row and id in each.row.facts.get(what, ())]
