"""Virtual machines: what one is made of is checked against what is there, its disk is made, and what it must not show
(custom data, passwords) is kept apart. What it is told to do is in `power`."""

from __future__ import annotations

import base64
import binascii
import uuid
from collections.abc import Mapping
from typing import Any

from tests.stands.azure.catalog import Size
from tests.stands.azure.disks import DISK, GIB, IMAGE, MACHINE, named, owner
from tests.stands.azure.errors import refused
from tests.stands.azure.interfaces import machine_of
from tests.stands.azure.kinds import Kind
from tests.stands.azure.power import ACTIONS, view
from tests.stands.azure.quotas import cores
from tests.stands.azure.wire import Body, invalid
from tests.stands.azure.world import Record, World

ENCODED = 87380
"""Characters that custom data may have in base64: 64 KiB."""
FIXED = (("osProfile",), ("storageProfile", "imageReference"), ("storageProfile", "osDisk", "name"))
"""What cannot be changed once it was said."""


def _fill(world: World, record: Record, before: Body | None) -> None:
    old = world.get(record.id)
    size = _size(world, record, old)
    if old and before:
        _unchanged(old.sent, record.sent)
    _interfaces(world, record)
    _data_disks(world, record, size)
    _profile(record)
    record.properties["vmId"] = before["properties"]["vmId"] if before else str(uuid.uuid4())
    record.properties["timeCreated"] = before["properties"]["timeCreated"] if before else world.clock.text()
    _system_disk(world, record, before, size)
    record.hidden.setdefault("power", "starting")


def _size(world: World, record: Record, old: Record | None) -> Size:
    """The size that is asked for, when it can be had."""
    name = _at(record.properties, "hardwareProfile", "vmSize") or ""
    size = world.catalog.size(str(name))
    if size is None:
        known = ",".join(each.name for each in world.catalog.sizes)
        raise refused("InvalidParameter:vmSize", target="vmSize", name=name, known=known)
    if size.name in world.catalog.restricted:
        raise refused("SkuNotAvailable", name=size.name, location=record.location)
    cores(world, size, record.location, besides=record.id)
    was = world.catalog.size(old.properties["hardwareProfile"]["vmSize"]) if old else None
    if old and was and was.hardware != size.hardware and old.hidden["power"] != "deallocated":
        fitting = [each.name for each in world.catalog.sizes if each.hardware == was.hardware]
        raise refused("OperationNotAllowed:resize", name=record.name, size=size.name, known=", ".join(fitting))
    return size


def _unchanged(old: Body, new: Body) -> None:
    for path in FIXED:
        was, now = _at(old["properties"], *path), _at(new["properties"], *path)
        if now is not None and was != now:
            raise refused("PropertyChangeNotAllowed", name=".".join(path), target=".".join(path))


def _at(body: Body, *path: str) -> Any:
    """What stands at a path, None when it ends before."""
    found: Any = body
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found


def _interfaces(world: World, record: Record) -> None:
    asked = _at(record.properties, "networkProfile", "networkInterfaces")
    if not asked:
        raise invalid("networkProfile", "Required parameter 'networkProfile' is missing (null).")
    for each in asked:
        interface = world.referenced(each["id"], record.id)
        other = machine_of(world, interface)
        if other and other.id.lower() != record.id.lower():
            raise refused("NicInUse", id=interface.id, by=other.id)
        each.setdefault("properties", {}).setdefault("primary", len(asked) == 1)


def _data_disks(world: World, record: Record, size: Size) -> None:
    asked = record.properties["storageProfile"].setdefault("dataDisks", [])
    if len(asked) > size.data_disks:
        raise refused("OperationNotAllowed:disks", target="dataDisks", limit=size.data_disks)
    for each in asked:
        if each["createOption"] != "Attach":
            raise invalid("dataDisks", "this stand-in attaches disks that are there, and makes none with a machine")
        disk = named(world, each["managedDisk"]["id"])
        _ready(world, disk, record)
        each |= {"name": disk.name, "diskSizeGB": disk.properties["diskSizeGB"], "toBeDetached": False}
        each["managedDisk"]["storageAccountType"] = disk.body["sku"]["name"]
        each.setdefault("caching", "None")
        each.setdefault("deleteOption", "Detach")


def _ready(world: World, disk: Record, record: Record) -> None:
    """Refused unless it is free, or this machine's."""
    other = owner(world, disk)
    if disk.operation:
        raise refused("Conflict")
    if other and other.id.lower() != record.id.lower():
        raise refused("ConflictingUserInput", name=disk.name, by=other.id)


def _profile(record: Record) -> None:
    """What is secret is kept, and never shown."""
    user_data = record.properties.pop("userData", None)
    if user_data is not None:
        record.hidden["user_data"] = decoded("userData", user_data)
    profile = record.properties.get("osProfile")
    if _at(record.properties, "storageProfile", "osDisk", "createOption") == "Attach":
        if profile:
            raise invalid("osProfile", "Parameter 'osProfile' is not allowed.")
        return
    if profile is None:
        raise invalid("osProfile", "Required parameter 'osProfile' is missing (null).")
    _check_profile(profile)
    custom = profile.pop("customData", None)
    if custom is not None:
        record.hidden["custom_data"] = decoded("customData", custom)
    profile.pop("adminPassword", None)
    profile |= {"secrets": [], "allowExtensionOperations": True, "requireGuestProvisionSignal": True}


def _check_profile(profile: Body) -> None:
    for name in ("computerName", "adminUsername"):
        if not profile.get(name):
            raise invalid(f"osProfile.{name}", f"Required parameter 'osProfile.{name}' is missing (null).")
    if len(profile["computerName"]) > 64:
        raise invalid(
            "computerName", "Linux host name cannot exceed 64 characters in length or contain the following characters."
        )
    linux = profile.setdefault("linuxConfiguration", {})
    linux.setdefault("provisionVMAgent", True)
    linux.setdefault("disablePasswordAuthentication", not profile.get("adminPassword"))
    if linux["disablePasswordAuthentication"] and not _at(linux, "ssh", "publicKeys"):
        raise refused("InvalidParameter:authentication", target="linuxConfiguration.ssh.publicKeys")


def decoded(name: str, text: str) -> str:
    """Refused unless it is base64, and not too long."""
    try:
        if len(text) <= ENCODED:
            return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        pass
    raise refused("InvalidParameter:custom", target=name, limit=ENCODED)


def _system_disk(world: World, record: Record, before: Body | None, size: Size) -> None:
    """The disk it starts from: made of an image with it, or one that is there."""
    storage = record.properties["storageProfile"]
    if before:
        storage.update(
            {
                name: before["properties"]["storageProfile"][name]
                for name in ("osDisk", "imageReference")
                if name in before["properties"]["storageProfile"]
            }
        )
        return
    disk = storage.setdefault("osDisk", {"createOption": "FromImage"})
    if disk.get("createOption") == "Attach":
        found = named(world, disk["managedDisk"]["id"])
        _ready(world, found, record)
    else:
        found = _made(world, record, disk, *_image(world, record, storage.get("imageReference") or {}, size))
    disk |= {"name": found.name, "diskSizeGB": found.properties["diskSizeGB"], "osType": "Linux"}
    disk["managedDisk"] = {"storageAccountType": found.body["sku"]["name"], "id": found.id}
    disk.setdefault("caching", "ReadWrite")
    disk.setdefault("deleteOption", "Detach")


def _image(world: World, record: Record, reference: Body, size: Size) -> tuple[int, str]:
    """(GiB, architecture) of an image, by its id or its four words; the version is filled in."""
    if reference.get("id"):
        image = world.get(reference["id"])
        if image is None or image.type != IMAGE:
            raise refused("ImageNotFound", name=reference["id"].rsplit("/", 1)[-1], location=record.location)
        return int(image.properties["storageProfile"]["osDisk"]["diskSizeGB"]), size.architecture
    words = [str(reference.get(name, "")) for name in ("publisher", "offer", "sku", "version")]
    platform = world.catalog.image(*words)
    if platform is None:
        raise refused("PlatformImageNotFound", name=":".join(words), target="imageReference")
    if platform.architecture != size.architecture:
        raise refused("InvalidParameter:architecture", target="vmSize", name=size.name)
    reference["exactVersion"] = platform.version
    return platform.disk, platform.architecture


def _made(world: World, record: Record, asked: Body, least: int, architecture: str) -> Record:
    """The disk of an image, under the name that was asked for or one of Azure's own."""
    name = asked.get("name") or f"{record.name}_OsDisk_1_{uuid.uuid4().hex}"
    id = f"{record.id.rsplit('/', 2)[0]}/disks/{name}"
    if world.get(id):
        raise refused("ConflictingUserInput", name=name, by="another resource of that name")
    size = asked.get("diskSizeGB") or least
    if size < least:
        raise refused("InvalidParameter:small", target="osDisk.diskSizeGB", size=size, least=least)
    sku = _at(asked, "managedDisk", "storageAccountType") or "Standard_LRS"
    properties: Body = {
        "osType": "Linux",
        "creationData": {"createOption": "FromImage"},
        "provisioningState": "Succeeded",
    }
    properties |= {"diskSizeGB": size, "diskSizeBytes": size * GIB, "timeCreated": world.clock.text()}
    properties |= {"uniqueId": str(uuid.uuid4()), "supportedCapabilities": {"architecture": architecture}}
    body = {"id": id, "name": name, "type": DISK, "location": record.location, "sku": {"name": sku, "tier": "Standard"}}
    disk = Record(id, DISK, name, record.group, {**body, "properties": properties}, {})
    world.write(disk)
    return disk


def _up(world: World, record: Record) -> None:
    """Its first start has ended; a change of a machine that is there leaves it as it was."""
    if record.hidden["power"] == "starting":
        record.hidden["power"] = "running"
    for each in record.properties["networkProfile"]["networkInterfaces"]:
        interface = world.get(each["id"])
        if interface:
            interface.properties["macAddress"] = interface.properties["macAddress"] or world.mac()


def _gone(world: World, record: Record) -> None:
    """What was to be deleted with it goes, the rest stays: that is Azure's usual way with disks and interfaces."""
    storage = record.properties["storageProfile"]
    world.remove(record)
    for each in (storage["osDisk"], *storage["dataDisks"]):
        if each["deleteOption"] == "Delete":
            _remove(world, each["managedDisk"]["id"])
    for each in record.properties["networkProfile"]["networkInterfaces"]:
        if each["properties"].get("deleteOption") == "Delete":
            _remove(world, each["id"])


def _remove(world: World, id: str) -> None:
    found = world.get(id)
    if found:
        world.remove(found)


def _show(world: World, record: Record, query: Mapping[str, str]) -> Body:
    """`$expand` adds what was asked for; `statusOnly=true` of a list gives the state and little else: no tags."""
    expand = query.get("$expand", "").lower()
    properties = dict(record.properties)
    if query.get("statusonly", "").lower() == "true":
        brief = {"vmId": properties["vmId"], "provisioningState": properties["provisioningState"]}
        body = {name: record.body[name] for name in ("id", "name", "type", "location")}
        return {**body, "properties": {**brief, "instanceView": view(world, record)}}
    if "instanceview" in expand:
        properties["instanceView"] = view(world, record)
    if "userdata" in expand and "user_data" in record.hidden:
        properties["userData"] = base64.b64encode(record.hidden["user_data"].encode()).decode()
    return {**record.body, "etag": record.etag.removeprefix("W/"), "properties": properties}


KINDS = (Kind(MACHINE, _fill, show=_show, made=_up, gone=_gone, actions=ACTIONS),)
