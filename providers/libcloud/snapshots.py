"""Snapshots: images that the cloud makes of a machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from providers.libcloud.account import Session
from providers.libcloud.ledger import Row
from providers.libcloud.looking import Seen, Thing, metadata_of, one
from providers.libcloud.machines import Machines
from providers.protocol import Kind, SnapshotSpec, State

STATES: Mapping[str, State] = {
    **dict.fromkeys(("pending", "queued", "saving", "creating", "importing", "uploading", "allocated"), State.PENDING),
    **dict.fromkeys(("error", "failed", "killed", "deactivated"), State.ERROR),
}
"""By what drivers show in `extra`; images have no states of libcloud's own. What is not here can be used."""
GONE = frozenset({"deleted", "pending_delete", "deregistered"})


class Snapshots:
    kind = Kind.SNAPSHOT

    def things(self, session: Session) -> Sequence[Thing]:
        found = session.ask("list_images")
        return [_thing(each) for each in found if state_of(each) not in GONE]

    def kept(self, spec: SnapshotSpec) -> Mapping[str, str | Sequence[str]]:
        return {}

    def make(self, session: Session, spec: SnapshotSpec, name: str, row: Row) -> str | None:
        made = session.ask("create_image", one(session, Machines(), spec.machine).own, name)
        return str(made.id) if getattr(made, "id", None) else None

    def remove(self, session: Session, seen: Seen) -> None:
        session.tell("delete_image", seen.own)


def state_of(image: Any) -> str:
    extra = image.extra or {}
    return str(extra.get("status") or extra.get("state") or "").lower()


def _thing(image: Any) -> Thing:
    state = STATES.get(state_of(image), State.ACTIVE)
    return Thing(str(image.id), str(image.name), state, image, (), {}, metadata_of(image.extra))
