"""Volumes: cinder's. Their metadata are the tags; sizes are whole GiB there: what is asked for is rounded up."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from openstack.block_storage.v3.volume import Volume

from providers.errors import Refused
from providers.openstack.account import Account
from providers.openstack.errors import answered
from providers.openstack.once import MADE
from providers.openstack.tags import NARROWING, TOKEN
from providers.protocol import Kind, Resource, State, VolumeSpec

GIB = 1024**3
STATES: Mapping[str, State] = {
    "available": State.ACTIVE,
    "in-use": State.ACTIVE,
    "reserved": State.ACTIVE,  # by a server that is about to have it
    "attaching": State.ACTIVE,
    "detaching": State.ACTIVE,
    "creating": State.PENDING,
    "downloading": State.PENDING,
    "deleting": State.PENDING,
    "extending": State.PENDING,
    "retyping": State.PENDING,
    "maintenance": State.PENDING,
}


@dataclass(frozen=True, slots=True)
class Volumes:
    account: Account
    kind = Kind.VOLUME

    def bearing(self, token: str, tags: Mapping[str, str]) -> Sequence[Resource]:
        return self.look({TOKEN: token})

    def begin(self, spec: VolumeSpec, token: str, tags: Mapping[str, str]) -> Resource:
        if spec.size <= 0:
            raise Refused(f"a volume of {spec.size} bytes cannot be made; ask for at least one")
        given = {"volume_type": spec.type} if spec.type else {}
        return _seen(
            self.account.volumes.create_volume(name=spec.name, size=-(-spec.size // GIB), metadata=dict(tags), **given)
        )

    def look(self, tags: Mapping[str, str]) -> Sequence[Resource]:
        narrow = {key: tags[key] for key in NARROWING if key in tags}
        query: dict[str, Any] = {"properties": json.dumps(narrow)} if narrow else {}
        return [_seen(each) for each in self.account.volumes.volumes(details=True, **query)]

    def observe(self, id: str) -> Resource:
        return _seen(answered(self.account.volumes.get_volume(id)))

    def delete(self, id: str) -> None:
        if self.account.has_volumes():
            self.account.volumes.delete_volume(id)


def _seen(found: Volume) -> Resource:
    tags = {str(key): str(value) for key, value in (found.metadata or {}).items()}
    status = str(found.status)
    facts: dict[str, str | int] = {"size": int(found.size) * GIB, "type": found.volume_type or ""}
    facts |= {MADE: str(found.created_at), "zone": found.availability_zone or ""}
    state = STATES.get(status, State.ERROR)
    if state is State.ERROR:
        facts["error"] = f"cinder says {status}"
    return Resource(Kind.VOLUME, str(found.id), str(found.name), state, tags.get(TOKEN, ""), tags, (), facts)
