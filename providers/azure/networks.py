"""Networks: virtual networks with their subnets, made in one request. The way out is Azure's default one, and nobody
comes in.

The application security groups of the nodes in a network go with it: they are the last to be let go of.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, ip_network
from typing import Any

from azure.mgmt.network.models import VirtualNetwork

from providers.azure.account import UNPOLLED, Account, found
from providers.azure.members import Members
from providers.azure.names import digest, named, tagged
from providers.azure.resources import ours, resource
from providers.errors import NotFound, Refused
from providers.protocol import Kind, NetworkSpec, Resource

TYPE = "Microsoft.Network/virtualNetworks"
SUBNET = "default"
"""Name of the first subnet: the one that the portal gives, so that networks made there can be named, too."""
PREFIX = 24


@dataclass(frozen=True, slots=True)
class Networks:
    account: Account
    members: Members
    kind = Kind.NETWORK

    def create(self, spec: NetworkSpec, token: str, tags: Mapping[str, str]) -> Resource:
        asked = self.account.body(tagged(spec.name, token, tags), self._asked(spec, token))
        begin = self.account.network.virtual_networks.begin_create_or_update
        return seen(begin(self.account.group, named(token), VirtualNetwork(asked), **UNPOLLED).result())

    def get(self, id: str) -> Resource | None:
        there = found(lambda: self.account.network.virtual_networks.get(self.account.group, id))
        return seen(there) if there is not None and ours(there) else None

    def look(self) -> Sequence[Resource]:
        return [seen(each) for each in self.account.network.virtual_networks.list(self.account.group) if ours(each)]

    def delete(self, id: str) -> None:
        if self.get(id) is None:
            return
        self.members.forget(id)
        self.account.network.virtual_networks.begin_delete(self.account.group, id, **UNPOLLED)

    def subnet(self, network: str, address: str = "") -> str:
        """The id of the subnet that a machine is in: the first, or the one that the address is of."""
        place = SUBNET
        if address:
            there = found(lambda: self.account.network.virtual_networks.get(self.account.group, network))
            if there is None:
                raise NotFound(f"network {network} is not there")
            place = _around(there, address)
        return f"{self.account.id(TYPE, network)}/subnets/{place}"

    def _asked(self, spec: NetworkSpec, token: str) -> dict[str, Any]:
        ranges = [spec.cidr or str(own_range(self.account.options.pool, token)), *spec.subnets]
        for each in ranges:
            try:
                ip_network(each)
            except ValueError as error:
                raise Refused(f"{each!r} is no range of a network: {error}") from error
        subnets = [
            {"name": f"{SUBNET}-{place}" if place else SUBNET, "properties": _subnet(each)}
            for place, each in enumerate(ranges)
        ]
        return {"addressSpace": {"addressPrefixes": ranges}, "subnets": subnets}


def own_range(pool: IPv4Network, token: str) -> IPv4Network:
    """A range of the pool that follows from the token, so that asking twice is asking for the same. Virtual networks
    know nothing of each other: every range is free in a new one."""
    count = 2 ** max(PREFIX - pool.prefixlen, 0)
    place = int(digest("range", token), 16) % count
    return IPv4Network((int(pool.network_address) + place * 2 ** (32 - PREFIX), PREFIX))


def seen(there: VirtualNetwork) -> Resource:
    """A virtual network as a resource. Pure."""
    ranges = [str(each.address_prefix or (each.address_prefixes or [""])[0]) for each in there.subnets or ()]
    facts: dict[str, str | int] = {"cidr": ranges[0] if ranges else "", "subnets": " ".join(ranges[1:])}
    if facts["cidr"]:
        facts["gateway"] = str(ip_network(str(facts["cidr"]))[1])  # the first address of a subnet is Azure's router
    return resource(Kind.NETWORK, there, there.provisioning_state, facts)


def _subnet(range: str) -> dict[str, Any]:
    return {"addressPrefix": range, "defaultOutboundAccess": True}


def _around(there: VirtualNetwork, address: str) -> str:
    for each in there.subnets or ():
        with suppress(ValueError):
            if IPv4Address(address) in ip_network(str(each.address_prefix)):
                return str(each.name)
    raise Refused(f"{address} is in no subnet of network {there.name}")
