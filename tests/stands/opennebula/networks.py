"""one.vn.* and one.vnpool.*: networks, their address ranges, and networks reserved out of others."""

from __future__ import annotations

from ipaddress import IPv4Address

from tests.stands.opennebula import rendering
from tests.stands.opennebula.cloud import Cloud, mine
from tests.stands.opennebula.errors import Code, Refusal, taken, unallocated
from tests.stands.opennebula.pairs import Pairs, every, first, merged, read, without
from tests.stands.opennebula.pools import chosen
from tests.stands.opennebula.records import Lease, Network, Range, User
from tests.stands.opennebula.rendering import mac
from tests.stands.opennebula.states import NetworkState

NUMBERED = frozenset({"802.1Q", "vxlan", "ovswitch"})
"""Drivers that have a VLAN_ID; of those, each but ovswitch wants a PHYDEV."""
FIRST_VLAN = 2
OWN = ("NAME", "VN_MAD", "BRIDGE", "PHYDEV", "VLAN_ID", "AUTOMATIC_VLAN_ID", "AR")


def allocate(cloud: Cloud, user: User, template: str, cluster: int = -1) -> int:
    """A network and its ranges. It takes the right NET:CREATE, which users have only when they are given it."""
    if not user.networks:
        raise Refusal(Code.AUTHORIZATION, f"User [{user.id}] : Not authorized to perform CREATE NET.")
    wanted = read(template)
    network = _made(cloud, user, wanted, cluster)
    for number, each in enumerate(every(wanted, "AR")):
        network.ranges.append(_range(number, each))
    cloud.networks[network.id] = network
    return network.id


def info(cloud: Cloud, user: User, id: int, decrypt: bool = False) -> str:
    network = _found(cloud, user, id)
    return rendering.network(network, cloud.users[network.uid])


def delete(cloud: Cloud, user: User, id: int, force: bool = False) -> int:
    """Refused while a machine has an address of it; a reserved range goes back to where it came from."""
    network = _own(cloud, user, id)
    if any(found.leases for found in network.ranges):
        raise Refusal(Code.ACTION, "Can not remove a virtual network with leases in use")
    if any(each.parent == id for each in cloud.networks.values()):
        raise Refusal(Code.ACTION, "Can not remove a virtual network with reservations")
    _unreserve(cloud, network)
    network.state, network.changes = NetworkState.LOCK_DELETE, cloud.clock() + cloud.pace.network
    cloud.advance()
    return id


def update(cloud: Cloud, user: User, id: int, template: str, append: int = 0) -> int:
    network = _own(cloud, user, id)
    network.attributes = merged(network.attributes, read(template)) if append else read(template)
    return id


def add_ar(cloud: Cloud, user: User, id: int, template: str) -> int:
    network = _own(cloud, user, id)
    for each in every(read(template), "AR"):
        network.ranges.append(_range(1 + max((found.id for found in network.ranges), default=-1), each))
    return id


def rm_ar(cloud: Cloud, user: User, id: int, which: int, force: bool = False) -> int:
    network = _own(cloud, user, id)
    gone = next((found for found in network.ranges if found.id == which), None)
    if gone is None or gone.leases:
        raise Refusal(Code.ACTION, f"Address range {which} does not exist, or has leases in use")
    network.ranges.remove(gone)
    return id


def reserve(cloud: Cloud, user: User, id: int, template: str) -> int:
    """SIZE addresses of this network (from IP, of AR_ID) as a network of their own, named NAME; it has none of the
    parent's attributes but the way its packets go. Tags come by one.vn.update, after."""
    parent, wanted = _found(cloud, user, id), read(template)
    network = _made(cloud, user, [("NAME", first(wanted, "NAME")), *_wire(parent)], -1)
    size, start = int(first(wanted, "SIZE", "1")), first(wanted, "IP")
    for found in parent.ranges:
        block = _block(found, size, start)
        if block:
            found.leases.update({ip: Lease(ip, mac(ip)) for ip in block})
            network.ranges, network.parent = [Range(0, block[0], size, parent=found.id)], id
            network.attributes = [("SECURITY_GROUPS", first(parent.attributes, "SECURITY_GROUPS", "0"))]
            cloud.networks[network.id] = network
            return network.id
    raise Refusal(Code.ACTION, "Not enough free addresses in an address range")


def pool(cloud: Cloud, user: User, who: int, start: int, end: int) -> str:
    listed = chosen(cloud.networks, user, (who, start, end))
    shown = [rendering.network(each, cloud.users[each.uid], leases=False) for each in listed]
    return rendering.pool("VNET_POOL", shown)


def _made(cloud: Cloud, user: User, wanted: Pairs, cluster: int) -> Network:
    name = first(wanted, "NAME")
    if not name or not first(wanted, "VN_MAD"):
        raise unallocated("virtual network", f"No {'VN_MAD' if name else 'NAME'} in template for Virtual Network.")
    for other in cloud.networks.values():
        if other.name == name and other.uid == user.id:
            raise taken("virtual network", "NET", other.id)
    network = Network(cloud.next_id("network"), user.id, name, without(wanted, *OWN))
    if not first(network.attributes, "SECURITY_GROUPS"):
        network.attributes.append(("SECURITY_GROUPS", "0"))
    network.state, network.changes = NetworkState.LOCK_CREATE, cloud.clock() + cloud.pace.network
    network.clusters = [max(cluster, 0)]
    network.vn_mad, network.phydev = first(wanted, "VN_MAD"), first(wanted, "PHYDEV")
    network.bridge = first(wanted, "BRIDGE") or f"onebr{network.id}"
    _number(cloud, network, wanted)
    return network


def _number(cloud: Cloud, network: Network, wanted: Pairs) -> None:
    """VLAN_ID, given or automatic."""
    if network.vn_mad not in NUMBERED:
        return
    if not network.phydev and network.vn_mad != "ovswitch":
        raise unallocated("virtual network", "PHYDEV is mandatory for driver " + network.vn_mad)
    network.vlan = first(wanted, "VLAN_ID")
    network.vlan_automatic = not network.vlan and first(wanted, "AUTOMATIC_VLAN_ID").upper() == "YES"
    if network.vlan_automatic:
        used = {each.vlan for each in cloud.networks.values()}
        network.vlan = next(str(number) for number in range(FIRST_VLAN, 4095) if str(number) not in used)
    if not network.vlan:
        raise unallocated("virtual network", "VLAN_ID or AUTOMATIC_VLAN_ID is mandatory for driver " + network.vn_mad)


def _range(number: int, wanted: Pairs) -> Range:
    size = first(wanted, "SIZE", "0")
    if first(wanted, "TYPE") != "IP4" or not size.isdigit() or not int(size):
        raise Refusal(Code.INTERNAL, "Wrong SIZE or TYPE for address range")
    return Range(number, IPv4Address(first(wanted, "IP")), int(size))


def _wire(parent: Network) -> Pairs:
    return [
        ("VN_MAD", parent.vn_mad),
        ("BRIDGE", parent.bridge),
        ("PHYDEV", parent.phydev),
        ("VLAN_ID", parent.vlan),
    ]


def _block(found: Range, size: int, start: str) -> list[IPv4Address]:
    """That many free addresses in a row; empty when the range has them not."""
    firsts = [IPv4Address(start)] if start else [found.start + step for step in range(found.size)]
    for each in firsts:
        block = [each + step for step in range(size)]
        if all(found.holds(ip) and ip not in found.leases for ip in block):
            return block
    return []


def _unreserve(cloud: Cloud, network: Network) -> None:
    parent = cloud.networks.get(-1 if network.parent is None else network.parent)
    for own in network.ranges if parent else []:
        for found in parent.ranges if parent else []:
            for step in range(own.size):
                found.leases.pop(own.start + step, None)


def _found(cloud: Cloud, user: User, id: int) -> Network:
    network = cloud.networks.get(id)
    mine(network, user, "virtual network", id)
    assert network is not None
    return network


def _own(cloud: Cloud, user: User, id: int) -> Network:
    network = _found(cloud, user, id)
    if network.uid != user.id and not user.admin:
        raise Refusal(Code.AUTHORIZATION, f"User [{user.id}] : Not authorized to perform MANAGE NET [{id}].")
    return network
