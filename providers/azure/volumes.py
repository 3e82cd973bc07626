"""Volumes: managed disks, whole GiB: what is asked for is rounded up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from azure.mgmt.compute.models import Disk

from providers.azure.account import UNPOLLED, Account, found
from providers.azure.names import named, tagged
from providers.azure.resources import ours, resource
from providers.azure.states import word
from providers.errors import Refused
from providers.protocol import Kind, Resource, VolumeSpec

TYPE = "Microsoft.Compute/disks"
GIB = 1024**3


@dataclass(frozen=True, slots=True)
class Volumes:
    account: Account
    kind = Kind.VOLUME

    def create(self, spec: VolumeSpec, token: str, tags: Mapping[str, str]) -> Resource:
        if spec.size <= 0:
            raise Refused(f"a volume of {spec.size} bytes cannot be made; ask for at least one")
        properties = {"creationData": {"createOption": "Empty"}, "diskSizeGB": -(-spec.size // GIB)}
        sku = {"name": spec.type or self.account.options.disk_type}
        asked = self.account.body(tagged(spec.name, token, tags), properties, sku=sku, **self.account.zones())
        begin = self.account.compute.disks.begin_create_or_update
        return seen(begin(self.account.group, named(token), Disk(asked), **UNPOLLED).result())

    def get(self, id: str) -> Resource | None:
        there = found(lambda: self.account.compute.disks.get(self.account.group, id))
        return seen(there) if there is not None and ours(there) else None

    def look(self) -> Sequence[Resource]:
        disks = self.account.compute.disks.list_by_resource_group(self.account.group)
        return [seen(each) for each in disks if ours(each)]

    def delete(self, id: str) -> None:
        if self.get(id) is not None:
            self.account.compute.disks.begin_delete(self.account.group, id, **UNPOLLED)


def seen(there: Disk) -> Resource:
    """A disk as a resource. Pure."""
    facts: dict[str, str | int] = {"size": int(there.disk_size_gb or 0) * GIB}
    facts["type"] = word(there.sku.name) if there.sku else ""
    return resource(Kind.VOLUME, there, there.provisioning_state, facts)
