"""The network a node is on, as all nodes that name it describe it together. Pure.

CORDS' own words (cords.md 1.3): `vlan` of a network is a number on the wire where it is one from 1 to 4094; `100M` and
`true`, which real documents have there, say nothing here. `subnet` of an endpoint is a range of the network; `range` of
an endpoint, where it is one address, is the node's own in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from manifests.model import Node
from manifests.reading import check

DEFAULT_NETWORK = "lan"
_MOST_VLAN = 4094  # IEEE 802.1Q: 0 and 4095 are reserved


@dataclass(frozen=True, slots=True)
class Lan:
    """A network. `subnets` are CIDRs, sorted; none: the provider chooses. `vlan` None: any."""

    name: str
    label: str | None = None
    subnets: tuple[str, ...] = ()
    vlan: int | None = None


def network_name(node: Node) -> str:
    network = check.network(node)
    return (network.name if network else "") or DEFAULT_NETWORK


def lans(nodes: Iterable[Node]) -> Mapping[str, Lan]:
    """Network name -> what the nodes on it say of it; of several labels or numbers the least."""
    said: dict[str, list[Node]] = {}
    for node in nodes:
        said.setdefault(network_name(node), []).append(node)
    return {name: _lan(name, those) for name, those in said.items()}


def _lan(name: str, nodes: Iterable[Node]) -> Lan:
    found = {network for node in nodes if (network := check.network(node))}
    labels = (network.label for network in found if network.label)
    numbers = (number for network in found if (number := _vlan(network.vlan or "")))
    ranges = {subnet for network in found for each in network.endpoints if (subnet := _subnet(each.subnet or ""))}
    return Lan(name, min(labels, default=None), tuple(sorted(ranges)), min(numbers, default=None))


def fixed(node: Node) -> str:
    """The address that the node is to have in its network; empty for any."""
    network = check.network(node)
    own = (_address(each.range or "") for each in network.endpoints) if network else ()
    return min(filter(None, own), default="")


def _vlan(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) <= 4 and int(text) <= _MOST_VLAN else 0


def _subnet(text: str) -> str:
    try:
        return str(ip_network(text.strip(), strict=False)) if "/" in text else ""
    except ValueError:
        return ""


def _address(text: str) -> str:
    try:
        return str(ip_address(text.strip()))
    except ValueError:
        return ""
