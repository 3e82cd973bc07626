"""Volumes, counted in GiB. Whoever looks at a machine that is up attaches those that it is to have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from providers.errors import Conflict, Refused
from providers.libcloud import shape
from providers.libcloud.account import Session
from providers.libcloud.ledger import Row
from providers.libcloud.looking import Seen, Thing, metadata_of
from providers.protocol import Kind, State, VolumeSpec

GIB = 1024**3
STATES: Mapping[str, State] = {
    "creating": State.PENDING,
    "deleting": State.PENDING,
    "attaching": State.PENDING,
    "backup": State.PENDING,
    "migrating": State.PENDING,
    "updating": State.PENDING,
    "error": State.ERROR,
}
"""By libcloud's StorageVolumeState; what is not here can be used."""
GONE = "deleted"
USED = frozenset({"inuse", "attaching"})


class Volumes:
    kind = Kind.VOLUME

    def things(self, session: Session) -> Sequence[Thing]:
        found = session.ask("list_volumes")
        return [_thing(each) for each in found if state_of(each) != GONE]

    def kept(self, spec: VolumeSpec) -> Mapping[str, str | Sequence[str]]:
        return {}

    def make(self, session: Session, spec: VolumeSpec, name: str, row: Row) -> str:
        if spec.size <= 0:
            raise Refused(f"a volume of {spec.size} bytes cannot be made; ask for at least one")
        made = session.ask(
            "create_volume", size=-(-spec.size // GIB), name=name, **_where(session), **_type(session, spec)
        )
        return str(made.id)

    def remove(self, session: Session, seen: Seen) -> None:
        if state_of(seen.own) in USED:
            raise Conflict(f"volume {seen.resource.name} is used by a machine; delete that first")
        session.tell("destroy_volume", seen.own)


def state_of(volume: Any) -> str:
    """libcloud's word; empty where a driver has none."""
    return str(volume.state or "")


def _thing(volume: Any) -> Thing:
    state = STATES.get(state_of(volume), State.ACTIVE)
    facts = {"size": int(volume.size or 0) * GIB}
    return Thing(str(volume.id), str(volume.name), state, volume, (), facts, metadata_of(volume.extra))


def _where(session: Session) -> Mapping[str, object]:
    location = session.location()
    word = shape.word(session.shape, "create_volume", shape.LOCATION)
    return {word: location} if word and location is not None else {}


def _type(session: Session, spec: VolumeSpec) -> Mapping[str, object]:
    if spec.type is None:
        return {}
    word = shape.word(session.shape, "create_volume", shape.VOLUME_TYPE)
    if word is None:
        raise Refused(f"volumes of this cloud have no types, and this one is to be {spec.type!r}; leave it out")
    return {word: spec.type}
