"""Snapshots: images of the group, made of the disk of a machine that is stopped. A machine made of one is new: it gets
a name, a key and user-data of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from azure.mgmt.compute.models import Image

from providers.azure.account import UNPOLLED, Account, found
from providers.azure.machines import Machines
from providers.azure.names import named, tagged
from providers.azure.resources import MACHINE, ours, resource
from providers.protocol import Kind, Resource, SnapshotSpec

GIB = 1024**3


@dataclass(frozen=True, slots=True)
class Snapshots:
    account: Account
    machines: Machines
    kind = Kind.SNAPSHOT

    def create(self, spec: SnapshotSpec, token: str, tags: Mapping[str, str]) -> Resource:
        source = {
            "osType": "Linux",
            "osState": "Generalized",
            "managedDisk": {"id": self.machines.system_disk(spec.machine)},
        }
        own = tagged(spec.name, token, {**tags, MACHINE: spec.machine})
        asked = self.account.body(own, {"storageProfile": {"osDisk": source}})
        begin = self.account.compute.images.begin_create_or_update
        return seen(begin(self.account.group, named(token), Image(asked), **UNPOLLED).result())

    def get(self, id: str) -> Resource | None:
        there = found(lambda: self.account.compute.images.get(self.account.group, id))
        return seen(there) if there is not None and ours(there) else None

    def look(self) -> Sequence[Resource]:
        return [seen(each) for each in self.images() if ours(each)]

    def images(self) -> Sequence[Image]:
        """All images of the group, whoever made them."""
        return list(self.account.compute.images.list_by_resource_group(self.account.group))

    def delete(self, id: str) -> None:
        if self.get(id) is not None:
            self.account.compute.images.begin_delete(self.account.group, id, **UNPOLLED)


def seen(there: Image) -> Resource:
    """An image as a resource. Pure."""
    disk = there.storage_profile.os_disk if there.storage_profile else None
    facts: dict[str, str | int] = {"machine": (there.tags or {}).get(MACHINE, "")}
    facts["size"] = int((disk.disk_size_gb if disk else 0) or 0) * GIB
    return resource(Kind.SNAPSHOT, there, there.provisioning_state, facts)
