"""Which machine has which address in a network: libvirt's DHCP host entries, which it gives no two machines of.

An entry is made before the machine is, so that its address is known and nobody else's, and stays while it is there.
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Interface

import libvirt

from providers.errors import Conflict, Quota, Refused
from providers.kvm.documents import Element, element, written
from providers.kvm.wire import Session

EVERYWHERE = libvirt.VIR_NETWORK_UPDATE_AFFECT_LIVE | libvirt.VIR_NETWORK_UPDATE_AFFECT_CONFIG


def turn(network: str) -> str:
    """What one thread at a time does with a network's document."""
    return f"network/{network}"


def held(root: Element) -> Mapping[str, str]:
    """Hardware address -> address. Pure."""
    return {str(each.get("mac")): str(each.get("ip")) for each in root.iterfind("ip/dhcp/host")}


def chosen(taken: Mapping[str, str], blocks: list[IPv4Interface], mac: str, wanted: str) -> IPv4Interface:
    """The address, with its range, that this machine has or gets: the wanted one, or the first that is free. Refused
    where the wanted one can be nobody's here, Conflict where it is another's, Quota where none is free. Pure."""
    if mac in taken:
        wanted = taken[mac]
    if wanted:
        return _wanted(taken, blocks, mac, wanted)
    used = set(taken.values())
    for block in blocks:
        for each in block.network.hosts():
            if each != block.ip and str(each) not in used:
                return IPv4Interface((each, block.network.prefixlen))
    raise Quota(f"no address is free: {len(used)} are taken")


def claim(session: Session, network: libvirt.virNetwork, root: Element, mac: str, address: IPv4Interface) -> None:
    """Conflict where another process was quicker."""
    if held(root).get(mac) != str(address.ip):
        _update(session, network, libvirt.VIR_NETWORK_UPDATE_COMMAND_ADD_LAST, mac, str(address.ip))


def release(session: Session, network: libvirt.virNetwork, root: Element, mac: str) -> None:
    if address := held(root).get(mac):
        _update(session, network, libvirt.VIR_NETWORK_UPDATE_COMMAND_DELETE, mac, address)


def _wanted(taken: Mapping[str, str], blocks: list[IPv4Interface], mac: str, wanted: str) -> IPv4Interface:
    try:
        address = IPv4Address(wanted)
    except ValueError as error:
        raise Refused(f"{wanted} is no IPv4 address") from error
    block = next((each for each in blocks if address in each.network), None)
    if block is None or address in {block.ip, block.network.network_address, block.network.broadcast_address}:
        there = ", ".join(str(each.network) for each in blocks)
        raise Refused(f"no machine can have {wanted}: the network has {there}, without their first and last addresses")
    if any(other == wanted and whose != mac for whose, other in taken.items()):
        raise Conflict(f"address {wanted} is another machine's")
    return IPv4Interface((address, block.network.prefixlen))


def _update(session: Session, network: libvirt.virNetwork, command: int, mac: str, address: str) -> None:
    entry = written(element("host", mac=mac, ip=address))
    where = EVERYWHERE if session.ask(network.isActive) else libvirt.VIR_NETWORK_UPDATE_AFFECT_CONFIG
    session.change(network.update, command, libvirt.VIR_NETWORK_SECTION_IP_DHCP_HOST, -1, entry, where)
