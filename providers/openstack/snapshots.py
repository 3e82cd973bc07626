"""Snapshots: images that nova makes of a server, kept by glance. Their properties are the tags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from openstack.image.v2.image import Image

from providers.errors import NotFound
from providers.openstack.account import Account
from providers.openstack.errors import answered
from providers.openstack.once import MADE
from providers.openstack.tags import NARROWING, TOKEN
from providers.protocol import Kind, Resource, SnapshotSpec, State

STATES: Mapping[str, State] = {
    "active": State.ACTIVE,
    "queued": State.PENDING,
    "saving": State.PENDING,
    "importing": State.PENDING,
    "uploading": State.PENDING,
}
GONE = frozenset({"deleted", "pending_delete"})
NAMES = "accords-tags"
"""A property that names the others which are tags: nova and glance put properties of their own beside them, and those
of the image that the machine was made of."""


@dataclass(frozen=True, slots=True)
class Snapshots:
    account: Account
    kind = Kind.SNAPSHOT

    def bearing(self, token: str, tags: Mapping[str, str]) -> Sequence[Resource]:
        return self.look({TOKEN: token})

    def begin(self, spec: SnapshotSpec, token: str, tags: Mapping[str, str]) -> Resource:
        compute = self.account.cloud.compute
        metadata = {**tags, NAMES: " ".join(sorted(tags))}
        return _seen(compute.create_server_image(spec.machine, spec.name, metadata=metadata))

    def look(self, tags: Mapping[str, str]) -> Sequence[Resource]:
        query = {key: tags[key] for key in NARROWING if key in tags}
        found = self.account.images.images(visibility="private", **query)
        return [_seen(each) for each in found if _is_ours(each)]

    def observe(self, id: str) -> Resource:
        found = answered(self.account.images.get_image(id))
        if not _is_ours(found):
            raise NotFound(f"image {id} is none that was made here, or is gone")
        return _seen(found)

    def delete(self, id: str) -> None:
        self.account.images.delete_image(id)


def _is_ours(found: Image) -> bool:
    return found.status not in GONE and NAMES in (found.properties or {})


def _seen(found: Image) -> Resource:
    properties = found.properties or {}
    tags = {key: str(properties.get(key, "")) for key in str(properties.get(NAMES, "")).split()}
    state = STATES.get(str(found.status), State.ERROR)
    facts: dict[str, str | int] = {MADE: str(found.created_at), "size": int(found.size or 0)}
    facts["machine"] = str(properties.get("instance_uuid") or found.instance_uuid or "")
    return Resource(Kind.SNAPSHOT, str(found.id), str(found.name), state, tags.get(TOKEN, ""), tags, (), facts)
