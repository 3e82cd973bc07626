"""one.vm.*: what changes a machine that is there. Each passes through a HOTPLUG state, in which all else is refused."""

from __future__ import annotations

from tests.stands.opennebula import building
from tests.stands.opennebula.cloud import Cloud
from tests.stands.opennebula.errors import Code, Refusal, taken
from tests.stands.opennebula.machines import found
from tests.stands.opennebula.pairs import Pairs, every, first, merged, read, without
from tests.stands.opennebula.records import Image, Machine, User
from tests.stands.opennebula.states import CHANGES, RUNNING, ImageState, ImageType

CONFIGURED = ("OS", "FEATURES", "INPUT", "GRAPHICS", "RAW", "CPU_MODEL", "CONTEXT")


def attach(cloud: Cloud, user: User, id: int, template: str) -> int:
    machine = _ready(cloud, user, id, "disk", "Could not add a new disk to VM {id}, wrong state {state}.")
    for disk in every(read(template), "DISK"):
        building.add_disk(cloud, user, machine, disk)
    _go(cloud, machine, "disk")
    return id


def detach(cloud: Cloud, user: User, id: int, disk: int) -> int:
    machine = _ready(cloud, user, id, "disk", "Could not detach disk from VM {id}, wrong state {state}.")
    gone = _one(machine, "DISK", "DISK_ID", disk, "Could not detach disk with ID {which}, it does not exist.")
    cloud.detach(machine, gone)
    _remove(machine, gone)
    _go(cloud, machine, "disk")
    return id


def attachnic(cloud: Cloud, user: User, id: int, template: str) -> int:
    """Of a NIC, or of an alias (NIC_ALIAS with PARENT): one more address on a NIC that is there."""
    machine = _ready(cloud, user, id, "nic", "Could not add a new NIC to VM {id}, wrong state {state}.")
    wanted = read(template)
    for name in ("NIC", "NIC_ALIAS"):
        for nic in every(wanted, name):
            building.add_nic(cloud, user, machine, nic, name=name)
    _go(cloud, machine, "nic")
    return id


def detachnic(cloud: Cloud, user: User, id: int, nic: int) -> int:
    machine = _ready(cloud, user, id, "nic", "Could not detach NIC from VM {id}, wrong state {state}.")
    both = [
        name
        for name in ("NIC", "NIC_ALIAS")
        if any(first(each, "NIC_ID") == str(nic) for each in every(machine.attributes, name))
    ]
    gone = _one(machine, (both or ["NIC"])[0], "NIC_ID", nic, "NIC with ID {which} does not exist.")
    cloud.give_back(gone)
    _remove(machine, gone)
    _go(cloud, machine, "nic")
    return id


def attachsg(cloud: Cloud, user: User, id: int, nic: int, group: int) -> int:
    machine = found(cloud, user, id)
    which = _one(machine, "NIC", "NIC_ID", nic, "NIC with ID {which} does not exist.")
    building.add_rules(cloud, machine, group)
    _regroup(machine, which, [*first(which, "SECURITY_GROUPS").split(","), str(group)])
    return id


def detachsg(cloud: Cloud, user: User, id: int, nic: int, group: int) -> int:
    machine = found(cloud, user, id)
    which = _one(machine, "NIC", "NIC_ID", nic, "NIC with ID {which} does not exist.")
    _regroup(machine, which, [each for each in first(which, "SECURITY_GROUPS").split(",") if each != str(group)])
    cloud.groups[group].machines.discard(id)
    return id


def resize(cloud: Cloud, user: User, id: int, template: str, enforce: bool = False) -> int:
    """CPU, VCPU, MEMORY. A running machine only up to VCPU_MAX and MEMORY_MAX, where it was made with them."""
    machine, wanted = found(cloud, user, id), read(template)
    live = machine.place == RUNNING and _within(machine, wanted)
    kind = "live-resize" if live else "resize"
    if CHANGES[kind].get(machine.place) is None:
        raise Refusal(Code.ACTION, f"Resize action is not available for state {machine.place.word}")
    new = [pair for pair in wanted if pair[0] in ("CPU", "VCPU", "MEMORY") and pair[1] not in ("0", "")]
    changed = merged(machine.attributes, new)
    building.sized(changed)
    more = {
        "CPU": int(float(first(changed, "CPU")) - float(first(machine.attributes, "CPU"))),
        "MEMORY": int(first(changed, "MEMORY")) - int(first(machine.attributes, "MEMORY")),
    }
    cloud.hold_to(user, cloud.counted(user), more, "VM")
    machine.attributes = changed
    _go(cloud, machine, kind)
    return id


def updateconf(cloud: Cloud, user: User, id: int, template: str, append: int = 0) -> int:
    """OS, FEATURES, GRAPHICS, RAW, CONTEXT: replaced (0) or merged (1). Other attributes are ignored."""
    machine = _ready(cloud, user, id, "updateconf", "Updateconf is not available for state {state}")
    wanted = read(template)
    new = [pair for pair in wanted if pair[0] in CONFIGURED and pair[0] != "CONTEXT"]
    machine.attributes = merged(machine.attributes, new)
    for context in every(wanted, "CONTEXT")[:1]:
        old = every(machine.attributes, "CONTEXT")
        building.contextualize(machine, merged(old[0], context) if old and append else context)
    return id


def snapshotcreate(cloud: Cloud, user: User, id: int, name: str) -> int:
    machine = _ready(cloud, user, id, "snapshot", "Could not create a new snapshot for VM {id}, wrong state {state}.")
    number, machine.snapshots = machine.snapshots, machine.snapshots + 1
    shown: Pairs = [("NAME", name), ("SNAPSHOT_ID", str(number)), ("TIME", str(cloud.stamp()))]
    machine.attributes.append(("SNAPSHOT", shown))
    _go(cloud, machine, "snapshot")
    return number


def disksaveas(  # noqa: PLR0917 - the API's order
    cloud: Cloud, user: User, id: int, disk: int, name: str, type: str = "", snapshot: int = -1
) -> int:
    """The id of the image that the disk is saved as. It takes no attributes: tags come by one.image.update, after."""
    machine = _ready(cloud, user, id, "saveas", "Could not save disk of VM {id}, wrong state {state}.")
    which = _one(machine, "DISK", "DISK_ID", disk, "VM disk {which} does not exist.")
    for other in cloud.images.values():
        if other.name == name and other.uid == user.id:
            raise taken("image", "IMAGE", other.id)
    size = int(first(which, "SIZE"))
    cloud.hold_to(user, cloud.stored(user), {"IMAGES": 1, "SIZE": size}, "DATASTORE with ID: 1")
    saved: Pairs = [
        ("SAVED_DISK_ID", str(disk)),
        ("SAVED_IMAGE_ID", first(which, "IMAGE_ID")),
        ("SAVED_VM_ID", str(id)),
    ]
    image = Image(cloud.next_id("image"), user.id, name, saved, ImageType[type] if type else ImageType.OS, size)
    image.state, image.ready, image.made = ImageState.LOCKED, cloud.clock() + cloud.pace.image, cloud.stamp()
    cloud.images[image.id] = image
    _go(cloud, machine, "saveas")
    return image.id


def _ready(cloud: Cloud, user: User, id: int, change: str, why: str) -> Machine:
    """The machine, when it is where this change can be made."""
    machine = found(cloud, user, id)
    if machine.path or machine.place not in CHANGES[change]:
        raise Refusal(Code.ACTION, why.format(id=id, state=machine.place.word))
    return machine


def _go(cloud: Cloud, machine: Machine, change: str) -> None:
    cloud.enter(machine, CHANGES[change][machine.place])


def _one(machine: Machine, kind: str, key: str, id: int, why: str) -> Pairs:
    for each in every(machine.attributes, kind):
        if first(each, key) == str(id):
            return each
    raise Refusal(Code.ACTION, why.format(which=id))


def _remove(machine: Machine, gone: Pairs) -> None:
    machine.attributes = [pair for pair in machine.attributes if pair[1] is not gone]


def _regroup(machine: Machine, nic: Pairs, groups: list[str]) -> None:
    nic[:] = [*without(nic, "SECURITY_GROUPS"), ("SECURITY_GROUPS", ",".join(dict.fromkeys(groups)))]
    gone = [pair for pair in machine.attributes if pair[0] == "SECURITY_GROUP_RULE"]
    held = {each for one in every(machine.attributes, "NIC") for each in first(one, "SECURITY_GROUPS").split(",")}
    dropped = [pair for pair in gone if first(pair[1], "SECURITY_GROUP_ID") not in held]  # type: ignore[arg-type]  # a vector
    machine.attributes = [pair for pair in machine.attributes if pair not in dropped]


def _within(machine: Machine, wanted: Pairs) -> bool:
    """Whether the machine was made with room for that while it runs."""
    limits = {name: first(machine.attributes, f"{name}_MAX") for name in ("VCPU", "MEMORY")}
    return all(limits[name] and int(first(wanted, name, "0") or 0) <= int(limits[name]) for name in limits)
