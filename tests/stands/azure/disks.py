"""Managed disks, snapshots, images, public keys: what machines are made of and what is kept of them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from tests.stands.azure.errors import refused
from tests.stands.azure.kinds import Kind
from tests.stands.azure.wire import Body, invalid
from tests.stands.azure.world import Record, World

DISK = "Microsoft.Compute/disks"
SNAPSHOT = "Microsoft.Compute/snapshots"
IMAGE = "Microsoft.Compute/images"
KEY = "Microsoft.Compute/sshPublicKeys"
MACHINE = "Microsoft.Compute/virtualMachines"
GIB = 2**30
KEYS = ("ssh-rsa ", "ssh-ed25519 ", "ecdsa-sha2-")
HIDDEN = frozenset({"provisioningState"})


def _fill_stored(world: World, record: Record, before: Body | None) -> None:
    """A disk or a snapshot: empty, or a copy of another."""
    body = record.properties
    creation = body.get("creationData") or {}
    if not creation.get("createOption"):
        raise invalid("disk.creationData", "Required parameter 'disk.creationData.createOption' is missing (null).")
    source = creation.get("sourceResourceId")
    origin = named(world, source) if source else None
    size = body.get("diskSizeGB") or (origin.properties["diskSizeGB"] if origin else 0)
    if not isinstance(size, int) or not 1 <= size <= 32767:
        raise refused("InvalidParameter:size", target="disk.diskSizeGB", size=size)
    if before and size < before["properties"]["diskSizeGB"]:
        raise invalid("disk.diskSizeGB", f"The new disk size of {size} GB is smaller than the existing disk size.")
    _complete(world, record, size, origin, before)


def _complete(world: World, record: Record, size: int, origin: Record | None, before: Body | None) -> None:
    body = record.properties
    record.body.setdefault("sku", {"name": "Standard_LRS"}).setdefault("tier", "Standard")
    fresh = {"uniqueId": str(uuid.uuid4()), "timeCreated": world.clock.text()}
    kept = before["properties"] if before else fresh
    body |= {name: kept[name] for name in fresh}
    body |= {"diskSizeGB": size, "diskSizeBytes": size * GIB, "networkAccessPolicy": "AllowAll"}
    body |= {"publicNetworkAccess": "Enabled", "encryption": {"type": "EncryptionAtRestWithPlatformKey"}}
    if origin and origin.properties.get("osType"):
        body.setdefault("osType", origin.properties["osType"])


def named(world: World, id: str) -> Record:
    """A resource of Compute that another names; Compute says NotFound of what is not there."""
    found = world.get(id)
    if found is None:
        raise refused("NotFound", name=id)
    return found


def owner(world: World, disk: Record) -> Record | None:
    """The machine that a disk is attached to."""
    return next((each for each in world.users(disk.id) if each.type == MACHINE), None)


def _show_disk(world: World, record: Record, query: Mapping[str, str]) -> Body:
    machine = owner(world, record)
    if machine is None:
        return {**record.body, "properties": {**record.properties, "diskState": "Unattached"}}
    state = "Reserved" if machine.hidden.get("power") == "deallocated" else "Attached"
    return {**record.body, "managedBy": machine.id, "properties": {**record.properties, "diskState": state}}


def _show_snapshot(world: World, record: Record, query: Mapping[str, str]) -> Body:
    return {**record.body, "properties": {**record.properties, "diskState": "Unattached"}}


def _release_disk(world: World, record: Record) -> None:
    machine = owner(world, record)
    if machine:
        raise refused("OperationNotAllowed:attached", name=record.name, by=machine.id)


def _fill_image(world: World, record: Record, before: Body | None) -> None:
    body = record.properties
    machine = (body.get("sourceVirtualMachine") or {}).get("id")
    disk = (body.get("storageProfile") or {}).get("osDisk")
    if machine:
        disk = _disk_of(named(world, machine))
    if not disk:
        raise invalid("storageProfile", "Required parameter 'image.storageProfile.osDisk' is missing (null).")
    source = next((disk[name]["id"] for name in ("snapshot", "managedDisk") if disk.get(name)), None)
    if source is None:
        raise invalid("osDisk", "One of 'blobUri', 'managedDisk' and 'snapshot' is required in 'osDisk'.")
    size = disk.get("diskSizeGB") or named(world, source).properties["diskSizeGB"]
    disk |= {"diskSizeGB": size, "caching": disk.get("caching", "ReadWrite"), "storageAccountType": "Standard_LRS"}
    body["storageProfile"] = {"osDisk": disk, "dataDisks": [], "zoneResilient": False}
    body.setdefault("hyperVGeneration", "V2")


def _disk_of(machine: Record) -> Body:
    """What an image takes of a machine, which must have been generalized."""
    if not machine.hidden.get("generalized"):
        raise refused("OperationNotAllowed:specialized", name=machine.name)
    disk = machine.properties["storageProfile"]["osDisk"]
    return {"osType": disk["osType"], "osState": "Generalized", "managedDisk": {"id": disk["managedDisk"]["id"]}}


def _fill_key(world: World, record: Record, before: Body | None) -> None:
    text = record.properties.get("publicKey")
    if text and not str(text).startswith(KEYS):
        raise invalid("publicKey", "The value of parameter publicKey is invalid.")


def _show_key(world: World, record: Record, query: Mapping[str, str]) -> Body:
    return {**record.body, "properties": {name: record.properties[name] for name in record.properties.keys() - HIDDEN}}


BOTH = ("Updating", "Updating")
KINDS = (
    Kind(DISK, _fill_stored, show=_show_disk, release=_release_disk, created=202, states=BOTH),
    Kind(SNAPSHOT, _fill_stored, show=_show_snapshot, created=202, states=BOTH),
    Kind(IMAGE, _fill_image),
    Kind(KEY, _fill_key, show=_show_key, lasting=False),
)
