"""A network is a bridge with the first address of a /24, and nodes on ports that cannot hear each other.

Nodes see an ordinary /24. Their ports are isolated and the bridge answers for every neighbour (RFC 3069, proxy ARP), so
all traffic between them is routed by this machine, past the firewall.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

from providers.errors import Quota, Refused
from providers.local import names
from providers.local.programs import Deadline, run
from providers.local.site import Site
from providers.local.things import Machine, Network

FIRST_NODE = 10  # addresses below are the bridge's and room for what a network may need later
PREFIX_LENGTH = 24
SYSTEM = Path("/proc/sys/net")


def choose(pool: IPv4Network, taken: Iterable[IPv4Network]) -> IPv4Network:
    """The first /24 of the pool that overlaps nothing taken. Quota when there is none."""
    used = tuple(taken)
    for candidate in pool.subnets(new_prefix=max(PREFIX_LENGTH, pool.prefixlen)):
        if not any(candidate.overlaps(other) for other in used):
            return candidate
    raise Quota(f"all networks of {pool} are in use on this machine; release some or widen the provider's pool")


def accept(wanted: str, taken: Iterable[IPv4Network]) -> IPv4Network:
    """The network that was asked for. Refused when it is none, too small, or in use here."""
    try:
        network = IPv4Network(wanted, strict=False)
    except ValueError as error:
        raise Refused(f"{wanted!r} is not an IPv4 network such as 10.1.2.0/24") from error
    if not 8 <= network.prefixlen <= 28:
        raise Refused(f"network {network} must have a prefix length from 8 to 28")
    for other in taken:
        if network.overlaps(other):
            raise Refused(f"network {network} overlaps {other}, which is in use on this machine; choose another")
    return network


def choose_address(network: Network, machines: Iterable[Machine]) -> IPv4Address:
    """The first free address of a node. Quota when all are taken."""
    cidr = IPv4Network(network.cidr)
    used = {port.address for machine in machines for port in machine.ports if port.network == network.id}
    for number in range(min(FIRST_NODE, cidr.num_addresses - 3), cidr.num_addresses - 1):
        if str(cidr[number]) not in used:
            return cidr[number]
    raise Quota(f"network {network.spec.name} ({cidr}) has no free address", thing=f"network/{network.id}")


def gateway(network: Network) -> IPv4Address:
    return IPv4Network(network.cidr)[1]


def on_this_machine(deadline: Deadline) -> list[IPv4Network]:
    """Every IPv4 network that this machine already has a route to, the default route apart."""
    routes = json.loads(run(["ip", "-j", "-4", "route", "show", "table", "all"], deadline) or "[]")
    found = (route.get("dst", "default") for route in routes)
    return [IPv4Network(to, strict=False) for to in found if to not in {"default", "0.0.0.0/0"}]


def is_up(network: Network) -> bool:
    return Path("/sys/class/net", network.id, "bridge").is_dir()


def up(site: Site, network: Network, deadline: Deadline) -> None:
    """The bridge is there and up. Doing it again changes nothing."""
    name, cidr = network.id, IPv4Network(network.cidr)
    if not is_up(network):
        mac = names.hardware_address(name, 0)  # else it would change with each port that comes or goes
        run(["ip", "link", "add", name, "address", mac, "type", "bridge", "forward_delay", "0"], deadline)
    _set(name, "ipv6", "disable_ipv6", "1")
    _set(name, "ipv4", "proxy_arp_pvlan", "1")
    run(["ip", "address", "replace", f"{cidr[1]}/{cidr.prefixlen}", "dev", name], deadline)
    run(["ip", "link", "set", name, "up"], deadline)


def down(network: Network, deadline: Deadline) -> None:
    if is_up(network):
        run(["ip", "link", "del", network.id], deadline)


def _set(device: str, family: str, setting: str, value: str) -> None:
    path = SYSTEM / family / "conf" / device / setting
    if path.exists():  # a kernel without IPv6 has none to disable
        path.write_text(value, encoding="ascii")
