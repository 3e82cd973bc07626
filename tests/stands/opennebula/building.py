"""What one.vm.allocate makes of a template: disks and NICs with their ids, leases and images, context, rules.

A request that fails on the way gives back what it took: the machine is allocated whole or not at all.
"""

from __future__ import annotations

from tests.stands.opennebula.cloud import Cloud, mine, settle
from tests.stands.opennebula.errors import Code, Refusal, unallocated
from tests.stands.opennebula.pairs import Pairs, every, first, without
from tests.stands.opennebula.records import Group, Image, Machine, Network, User
from tests.stands.opennebula.states import CLONING, DONE, HOLD, PENDING, ImageState

_SIZE = ("CPU", "VCPU", "VCPU_MAX", "MEMORY", "MEMORY_MAX")
OWN = frozenset(
    {*_SIZE, "OS", "FEATURES", "GRAPHICS", "INPUT", "RAW", "TOPOLOGY", "TEMPLATE_ID", "VMGROUP", "NIC_DEFAULT"}
)
"""What of a template becomes the machine's TEMPLATE; every other attribute is its owner's: USER_TEMPLATE."""
WHAT = "virtual machine"


def build(cloud: Cloud, user: User, template: Pairs, *, hold: bool) -> Machine:
    """The machine of this template, on its way."""
    sized(template)
    more = {"VMS": 1, "CPU": int(float(first(template, "CPU"))), "MEMORY": int(first(template, "MEMORY"))}
    cloud.hold_to(user, cloud.counted(user), more, "VM")
    id = cloud.next_id("machine")
    own = without([pair for pair in template if pair[0] not in OWN], "NAME", "DISK", "NIC", "NIC_ALIAS", "CONTEXT")
    kept = [pair for pair in template if pair[0] in OWN]
    name, made = first(template, "NAME") or f"one-{id}", cloud.stamp()
    machine = Machine(id, user.id, name, kept, own=own, started=made)
    try:
        _fill(cloud, user, machine, template)
    except Refusal:
        cloud.enter(machine, (DONE,))
        raise
    cloud.machines[id] = machine
    waits = any(cloud.images[used(disk)].state is ImageState.LOCKED for disk in every(machine.attributes, "DISK"))
    cloud.enter(machine, (CLONING if waits else HOLD if hold else PENDING,))
    return machine


def sized(template: Pairs) -> None:
    """Refused when it says no size."""
    for name, kind in (("CPU", float), ("MEMORY", int)):
        try:
            good = kind(first(template, name)) > 0
        except ValueError:
            good = False
        if not good:
            raise unallocated(
                WHAT, f"{name} attribute must be a positive {'integer' if kind is int else 'float'} value."
            )


def add_disk(cloud: Cloud, user: User, machine: Machine, wanted: Pairs) -> int:
    """One more disk, of an image by id or by name; its DISK_ID."""
    image = _image(cloud, user, wanted)
    if image.persistent and image.machines:
        raise Refusal(Code.INTERNAL, f"Cannot use image {image.id}: it is persistent and in use by another VM.")
    if image.state is ImageState.ERROR:
        raise Refusal(Code.INTERNAL, f"Cannot use image {image.id}: it is in state ERROR.")
    id, machine.disks = machine.disks, machine.disks + 1
    image.machines.add(machine.id)
    if image.state is not ImageState.LOCKED:
        settle(image)
    shown: Pairs = [
        ("DATASTORE", "default"),
        ("DATASTORE_ID", str(image.datastore)),
        ("DISK_ID", str(id)),
        ("IMAGE", image.name),
        ("IMAGE_ID", str(image.id)),
        ("IMAGE_STATE", str(int(image.state))),
        ("PERSISTENT", "YES" if image.persistent else "NO"),
        ("SIZE", first(wanted, "SIZE") or str(image.size)),
        ("TARGET", f"vd{chr(97 + id)}"),
    ]
    machine.attributes.append(("DISK", shown + without(wanted, "IMAGE", "IMAGE_ID", "SIZE", "TARGET")))
    return id


def add_nic(cloud: Cloud, user: User, machine: Machine, wanted: Pairs, *, name: str = "NIC") -> int:
    """One more NIC, or an alias of one; its NIC_ID. Aliases and NICs are numbered together."""
    network = _network(cloud, user, wanted)
    lease = cloud.lease(network, machine.id, first(wanted, "IP"))
    id, machine.nics = machine.nics, machine.nics + 1
    groups = first(wanted, "SECURITY_GROUPS") or first(network.attributes, "SECURITY_GROUPS", "0")
    shown: Pairs = [
        ("AR_ID", str(next(found.id for found in network.ranges if found.holds(lease.ip)))),
        ("BRIDGE", network.bridge),
        ("IP", str(lease.ip)),
        ("MAC", lease.mac),
        ("NAME", f"NIC{id}"),
        ("NETWORK", network.name),
        ("NETWORK_ID", str(network.id)),
        ("NIC_ID", str(id)),
        ("SECURITY_GROUPS", groups),
        ("VN_MAD", network.vn_mad),
    ]
    if network.vlan:
        shown.append(("VLAN_ID", network.vlan))
    names = {key for key, _value in shown} | {"NETWORK_UNAME"}
    machine.attributes.append((name, shown + without(wanted, *names)))
    for each in groups.split(","):
        add_rules(cloud, machine, int(each))
    return id


def add_rules(cloud: Cloud, machine: Machine, group: int) -> None:
    """The group's rules as the machine shows them, and the machine among those that have the group."""
    found = cloud.groups.get(group)
    if found is None:
        raise Refusal(Code.INTERNAL, f"Security group {group} does not exist")
    if machine.id not in found.machines:
        found.machines.add(machine.id)
        machine.attributes += _rules(found)


def used(disk: Pairs) -> int:
    return int(first(disk, "IMAGE_ID", "-1"))


def _fill(cloud: Cloud, user: User, machine: Machine, template: Pairs) -> None:
    for disk in every(template, "DISK"):
        add_disk(cloud, user, machine, disk)
    for nic in every(template, "NIC"):
        add_nic(cloud, user, machine, nic)
    for alias in every(template, "NIC_ALIAS"):
        add_nic(cloud, user, machine, alias, name="NIC_ALIAS")
    for context in every(template, "CONTEXT")[:1]:
        contextualize(machine, context)
    machine.attributes.append(("VMID", str(machine.id)))


def contextualize(machine: Machine, context: Pairs) -> None:
    """The context disk, which has a DISK_ID of its own: the disks attached later come after a gap."""
    id = next((first(old, "DISK_ID") for old in every(machine.attributes, "CONTEXT")), str(machine.disks))
    if not every(machine.attributes, "CONTEXT"):
        machine.disks += 1
    network: Pairs = []
    if first(context, "NETWORK").upper() == "YES":
        for nic in every(machine.attributes, "NIC"):
            number = first(nic, "NIC_ID")
            network += [(f"ETH{number}_{what}", first(nic, what)) for what in ("IP", "MAC")]
    shown: Pairs = [("DISK_ID", id), *without(context, "DISK_ID", "TARGET"), *network, ("TARGET", "hda")]
    machine.attributes = [*without(machine.attributes, "CONTEXT"), ("CONTEXT", shown)]


def _rules(group: Group) -> Pairs:
    named: Pairs = [("SECURITY_GROUP_ID", str(group.id)), ("SECURITY_GROUP_NAME", group.name)]
    return [("SECURITY_GROUP_RULE", [*rule, *named]) for rule in every(group.attributes, "RULE")]


def _image(cloud: Cloud, user: User, wanted: Pairs) -> Image:
    name, id = first(wanted, "IMAGE"), int(first(wanted, "IMAGE_ID", "-1"))
    found = next((each for each in cloud.images.values() if each.id == id or (id < 0 and each.name == name)), None)
    if found is None:
        raise Refusal(
            Code.INTERNAL, f"User {user.id} does not own an image with {f'id {id}' if id >= 0 else f'name: {name}'}."
        )
    mine(found, user, "image", found.id)
    return found


def _network(cloud: Cloud, user: User, wanted: Pairs) -> Network:
    name, id = first(wanted, "NETWORK"), int(first(wanted, "NETWORK_ID", "-1"))
    found = next((each for each in cloud.networks.values() if each.id == id or (id < 0 and each.name == name)), None)
    if found is None:
        raise Refusal(
            Code.INTERNAL, f"User {user.id} does not own a network with {f'id {id}' if id >= 0 else f'name: {name}'}."
        )
    mine(found, user, "virtual network", found.id)
    return found
