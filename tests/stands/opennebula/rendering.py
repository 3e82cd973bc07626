"""The cloud's records as the XML of its answers. Elements and their order from the XML schemas of 7.x, as `pyone`'s
bindings have them. Decides nothing: what is shown is here, what is true is in `cloud`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from tests.stands.opennebula.pairs import Pairs, every, xml
from tests.stands.opennebula.records import Group, Host, Image, Machine, Network, Owned, Range, Template, User
from tests.stands.opennebula.states import ImageState, State

Shown: TypeAlias = "list[tuple[str, object]]"

SHORT = ("LABELS", "SCHED_MESSAGE", "SCHED_REQUIREMENTS", "ERROR")
"""All that one.vmpool.info shows of USER_TEMPLATE: tags are seen by one.vmpool.infoextended alone."""


def pool(name: str, members: Iterable[str]) -> str:
    return f"<{name}>{''.join(members)}</{name}>"


def machine(each: Machine, owner: User, hosts: Sequence[Host], *, short: bool = False) -> str:
    """A VM, whole or as one.vmpool.info has it."""
    own = [pair for pair in each.own if pair[0] in SHORT] if short else each.own
    head = _owned(each, owner)
    before = [("PREV_STATE", each.before.state), ("PREV_LCM_STATE", each.before.lcm)]
    shown: Shown = [
        *(head[:-1] if short else head),
        ("LAST_POLL", 0),
        ("STATE", each.place.state),
        ("LCM_STATE", each.place.lcm),
        *([] if short else before),
        ("RESCHED", 0),
        ("STIME", each.started),
        ("ETIME", each.ended),
        ("DEPLOY_ID", f"one-{each.id}" if each.host is not None else ""),
        ("MONITORING", []),
        ("TEMPLATE", _brief(each.attributes) if short else each.attributes),
        ("USER_TEMPLATE", own),
        ("HISTORY_RECORDS", [("HISTORY", _history(each, hosts))] if each.host is not None else []),
    ]
    return xml("VM", shown)


def image(each: Image, owner: User) -> str:
    using = len(each.machines)
    return xml(
        "IMAGE",
        [
            *_owned(each, owner),
            ("TYPE", each.type),
            ("DISK_TYPE", 0),
            ("PERSISTENT", int(each.persistent)),
            ("REGTIME", each.made),
            ("MODTIME", each.made),
            ("SOURCE", f"/var/lib/one/datastores/{each.datastore}/{each.id:032x}"),
            ("PATH", ""),
            ("FORMAT", "qcow2"),
            ("FS", ""),
            ("SIZE", each.size),
            ("STATE", each.state),
            ("PREV_STATE", ImageState.LOCKED if each.state is ImageState.READY else each.state),
            ("RUNNING_VMS", using),
            ("CLONING_OPS", 0),
            ("CLONING_ID", -1),
            ("TARGET_SNAPSHOT", -1),
            ("DATASTORE_ID", each.datastore),
            ("DATASTORE", "default"),
            ("VMS", [("ID", id) for id in sorted(each.machines)]),
            ("CLONES", []),
            ("APP_CLONES", []),
            ("TEMPLATE", each.attributes),
            ("SNAPSHOTS", [("ALLOW_ORPHANS", "NO"), ("CURRENT_BASE", -1), ("NEXT_SNAPSHOT", 0)]),
            ("BACKUP_INCREMENTS", []),
            ("BACKUP_DISK_IDS", []),
        ],
    )


def network(each: Network, owner: User, *, leases: bool = True) -> str:
    """A VNET; one.vnpool.info shows its ranges without their leases."""
    used = sum(len(found.leases) for found in each.ranges)
    return xml(
        "VNET",
        [
            *_owned(each, owner),
            ("CLUSTERS", [("ID", id) for id in each.clusters]),
            ("BRIDGE", each.bridge),
            ("BRIDGE_TYPE", "linux"),
            ("STATE", each.state),
            ("PREV_STATE", each.state),
            ("PARENT_NETWORK_ID", "" if each.parent is None else each.parent),
            ("VN_MAD", each.vn_mad),
            ("PHYDEV", each.phydev),
            ("VLAN_ID", each.vlan),
            ("OUTER_VLAN_ID", ""),
            ("VLAN_ID_AUTOMATIC", int(each.vlan_automatic)),
            ("OUTER_VLAN_ID_AUTOMATIC", 0),
            ("USED_LEASES", used),
            ("VROUTERS", []),
            ("UPDATED_VMS", []),
            ("OUTDATED_VMS", []),
            ("UPDATING_VMS", []),
            ("ERROR_VMS", []),
            ("TEMPLATE", each.attributes),
            ("AR_POOL", [("AR", _range(found, leases=leases)) for found in each.ranges]),
        ],
    )


def group(each: Group, owner: User) -> str:
    return xml(
        "SECURITY_GROUP",
        [
            *_owned(each, owner),
            ("UPDATED_VMS", [("ID", id) for id in sorted(each.machines - each.outdated)]),
            ("OUTDATED_VMS", [("ID", id) for id in sorted(each.outdated)]),
            ("UPDATING_VMS", []),
            ("ERROR_VMS", []),
            ("TEMPLATE", each.attributes),
        ],
    )


def template(each: Template, owner: User) -> str:
    return xml("VMTEMPLATE", [*_owned(each, owner), ("REGTIME", each.made), ("TEMPLATE", each.attributes)])


def user(each: User, used: dict[str, int], storage: dict[str, int]) -> str:
    """`used` of VM_QUOTA, `storage` of the image datastore's. A quota shows only when something counts on it."""
    return xml(
        "USER",
        [
            ("ID", each.id),
            ("GID", each.gid),
            ("GROUPS", [("ID", each.gid)]),
            ("GNAME", _group_name(each)),
            ("NAME", each.name),
            ("PASSWORD", "-"),
            ("AUTH_DRIVER", "core"),
            ("ENABLED", 1),
            *[
                ("LOGIN_TOKEN", [("TOKEN", token), ("EXPIRATION_TIME", int(ends)), ("EGID", -1)])
                for token, ends in each.tokens.items()
            ],
            ("TEMPLATE", each.attributes),
            ("DATASTORE_QUOTA", [("DATASTORE", [("ID", 1), *_counted(each, storage)])]),
            ("NETWORK_QUOTA", []),
            ("VM_QUOTA", [("VM", [("CLUSTER_IDS", ""), *_counted(each, used)])]),
            ("IMAGE_QUOTA", []),
            ("DEFAULT_USER_QUOTAS", [(name, []) for name in _QUOTAS]),
        ],
    )


def host(each: Host, used: tuple[int, int], running: Sequence[int], datastore_free: int) -> str:
    cpu, memory = used
    share: Shown = [
        ("MEM_USAGE", memory),
        ("CPU_USAGE", cpu),
        ("TOTAL_MEM", each.memory),
        ("TOTAL_CPU", each.cpu),
        ("MAX_MEM", each.memory),
        ("MAX_CPU", each.cpu),
        ("RUNNING_VMS", len(running)),
        ("VMS_THREAD", 1),
        ("DATASTORES", [("DISK_USAGE", 0), ("FREE_DISK", datastore_free), ("MAX_DISK", datastore_free)]),
        ("PCI_DEVICES", []),
        ("NUMA_NODES", []),
    ]
    return xml(
        "HOST",
        [
            ("ID", each.id),
            ("NAME", each.name),
            ("STATE", 2),
            ("PREV_STATE", 2),
            ("IM_MAD", "kvm"),
            ("VM_MAD", "kvm"),
            ("CLUSTER_ID", each.cluster),
            ("CLUSTER", "default"),
            ("HOST_SHARE", share),
            ("VMS", [("ID", id) for id in running]),
            ("TEMPLATE", [("ARCH", "x86_64"), ("HYPERVISOR", "kvm")]),
            ("MONITORING", []),
        ],
    )


_QUOTAS = ("DATASTORE_QUOTA", "NETWORK_QUOTA", "VM_QUOTA", "IMAGE_QUOTA")
_RIGHTS = [f"{who}_{what}" for who in ("OWNER", "GROUP", "OTHER") for what in "UMA"]


def _group_name(owner: User) -> str:
    return "oneadmin" if owner.gid == 0 else "users"


def _owned(each: Owned, owner: User) -> Shown:
    return owned(each.id, each.name, owner)


def owned(id: int, name: str, owner: User) -> Shown:
    """What every object of a pool begins with."""
    rights = [(right, int(right in ("OWNER_U", "OWNER_M"))) for right in _RIGHTS]
    return [
        ("ID", id),
        ("UID", owner.id),
        ("GID", owner.gid),
        ("UNAME", owner.name),
        ("GNAME", _group_name(owner)),
        ("NAME", name),
        ("PERMISSIONS", rights),
    ]


def _counted(each: User, used: dict[str, int]) -> Shown:
    """Limit and use of each metric: -1 is the default (none is set), -2 none at all."""
    return [
        pair for name, count in used.items() for pair in ((name, each.limits.get(name, -2)), (f"{name}_USED", count))
    ]


def _brief(attributes: Pairs) -> Shown:
    wanted = ("CPU", "MEMORY", "VCPU", "GRAPHICS")
    nics = [("NIC", nic) for nic in every(attributes, "NIC")]
    disks = [("DISK", disk) for disk in every(attributes, "DISK")]
    return [*[pair for pair in attributes if pair[0] in wanted], *disks, *nics]


def _history(each: Machine, hosts: Sequence[Host]) -> Shown:
    name = next(found.name for found in hosts if found.id == each.host)
    times = [("PSTIME", each.started), ("PETIME", each.started), ("RSTIME", each.started), ("RETIME", each.ended)]
    return [
        ("OID", each.id),
        ("SEQ", each.sequence),
        ("HOSTNAME", name),
        ("HID", each.host),
        ("CID", 0),
        ("STIME", each.started),
        ("ETIME", each.ended if each.place.state is State.DONE else 0),
        ("VM_MAD", "kvm"),
        ("TM_MAD", "qcow2"),
        ("DS_ID", 0),
        ("PLAN_ID", -1),
        ("ACTION_ID", -1),
        *times,
        ("ESTIME", 0),
        ("EETIME", 0),
        ("ACTION", 0),
        ("UID", -1),
        ("GID", -1),
        ("REQUEST_ID", -1),
    ]


def _range(each: Range, *, leases: bool) -> Shown:
    shown: Shown = [("AR_ID", each.id), ("IP", str(each.start)), ("MAC", mac(each.start))]
    if each.parent is not None:
        shown.append(("PARENT_NETWORK_AR_ID", each.parent))
    shown += [("SIZE", each.size), ("TYPE", "IP4"), ("MAC_END", mac(each.start + each.size - 1))]
    shown += [("IP_END", str(each.start + each.size - 1)), ("USED_LEASES", len(each.leases))]
    if leases:
        held = [("LEASE", [("IP", str(one.ip)), ("MAC", one.mac), ("VM", one.machine)]) for one in each.leases.values()]
        shown.append(("LEASES", held))
    return shown


def mac(ip: object) -> str:
    """OpenNebula's: 02:00 and the four bytes of the address."""
    return ":".join(["02", "00", *(f"{int(part):02x}" for part in str(ip).split("."))])
