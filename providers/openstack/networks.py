"""Networks: neutron's network, its subnets, and a router of its own that leads out and lets nobody in.

The network is the root: made first, removed last. Its subnets come in one request, all or none; so it is whole when it
has subnets and each has an interface to the router. What is less is in error, and is completed by its token. The router
is made also when its network is gone by then: it passes for a network in error then.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from ipaddress import IPv4Network, ip_network
from typing import Any

from openstack.exceptions import NotFoundException
from openstack.network.v2.network import Network
from openstack.network.v2.port import Port
from openstack.network.v2.router import Router
from openstack.network.v2.subnet import Subnet

from providers.errors import Conflict, NotFound, Quota
from providers.openstack.account import Account
from providers.openstack.errors import answered
from providers.openstack.marks import NOTHING, attributed, owned, tag, tags_of, token_of, whose
from providers.openstack.once import MADE
from providers.openstack.tags import described
from providers.protocol import Kind, NetworkSpec, Resource, State

PREFIX = 24
INTERFACES = (
    "network:router_interface",
    "network:router_interface_distributed",
    "network:ha_router_replicated_interface",
)
"""Owners of a router's ports in a network."""
SERVING = ("network:dhcp", "network:distributed", "network:metadata")
"""Owners of ports that go with the network."""
MANY = 100
"""So many ids fit into the address of a query."""


@dataclass(frozen=True, slots=True)
class Networks:
    account: Account
    kind = Kind.NETWORK

    def bearing(self, token: str, tags: Mapping[str, str]) -> Sequence[Resource]:
        return [_bare(each) for each in self._of(token, tags)]

    def begin(self, spec: NetworkSpec, token: str, tags: Mapping[str, str]) -> Resource:
        self.account.external()  # refused before anything is made, where it is not clear which one
        wire: dict[str, Any] = {}
        if spec.vlan is not None:
            wire = {"provider_network_type": "vlan", "provider_segmentation_id": spec.vlan}
            wire["provider_physical_network"] = self.account.options.physical
        made = self.account.cloud.network.create_network(name=spec.name, description=described(tags), **wire)
        return _bare(made)

    def complete(self, spec: NetworkSpec, root: Resource, tags: Mapping[str, str], *, fresh: bool) -> Resource:
        """What is missing of subnets, router and interfaces."""
        tag(self.account, Network.existing(id=root.id), root, tags)
        subnets = [] if fresh else self._subnets([root.id])
        subnets = subnets or self._make_subnets(spec, root)
        router = self._router(root, tags, fresh)
        linked = frozenset() if fresh else _linked(self._interfaces([root.id]))
        for subnet in subnets:
            if subnet.id not in linked:
                self.account.cloud.network.add_interface_to_router(router, subnet=str(subnet.id))
        return _whole(replace(root, tags=dict(tags)), subnets, {str(each.id) for each in subnets})

    def find(self, token: str) -> Sequence[Resource]:
        return self._seen(self._of(token))

    def look(self, tags: Mapping[str, str]) -> Sequence[Resource]:
        """Routers before networks: what is made meanwhile has its network then."""
        routers = self._routers()
        there = self._networks()
        known = {token_of(each) for each in there}
        mine = [each for each in there if tags.items() <= (tags_of(each) or whose(each)).items()]
        return [*self._seen(mine), *(_lone(each) for each in routers if token_of(each) not in known)]

    def observe(self, id: str) -> Resource:
        found = self._found(id)
        return _lone(found) if isinstance(found, Router) else self._seen([found])[0]

    def delete(self, id: str) -> None:
        network = self.account.cloud.network
        found = self._found(id)
        if isinstance(found, Router):
            network.delete_router(found)
            return
        root = _bare(found)
        ports = list(network.ports(network_id=id))
        users = [each for each in ports if str(each.device_owner) not in (*INTERFACES, *SERVING)]
        if users:
            raise Conflict(f"network {root.name} is used by {len(users)} ports of machines; delete those first")
        for router in self._routers(root.token):
            for port in ports:
                if port.device_id == router.id:
                    network.remove_interface_from_router(router, port=str(port.id))
            network.delete_router(router)
        network.delete_network(id)

    def _found(self, id: str) -> Network | Router:
        """The network, or the router that came when its network was gone. NotFound where it is none of ours."""
        cloud = self.account.cloud.network
        found: Network | Router | None = None
        with suppress(NotFoundException):
            found = answered(cloud.get_network(id))
        if found is None:
            found = answered(cloud.get_router(id))
        if not token_of(found) or (isinstance(found, Router) and self._of(token_of(found))):
            raise NotFound(f"network {id} is none that was made here")
        return found

    def _networks(self, tags: Mapping[str, str] = NOTHING) -> list[Network]:
        """Ours, or those that were made with these tags."""
        found = self.account.cloud.network.networks(**owned(self.account, tags))
        return [each for each in found if token_of(each)]

    def _of(self, token: str, tags: Mapping[str, str] = NOTHING) -> list[Network]:
        return [each for each in self._networks(tags) if token_of(each) == token]

    def _routers(self, token: str = "") -> list[Router]:
        """Ours, or those of one network."""
        found = self.account.cloud.network.routers(**owned(self.account))
        return [each for each in found if token_of(each) and token in ("", token_of(each))]

    def _seen(self, networks: Sequence[Network]) -> list[Resource]:
        """With what hangs on them: two requests for all."""
        if not networks:
            return []
        ids = [str(each.id) for each in networks]
        subnets, linked = self._subnets(ids), _linked(self._interfaces(ids))
        return [
            attributed(each, _whole(_bare(each), [it for it in subnets if it.network_id == each.id], linked))
            for each in networks
        ]

    def _subnets(self, networks: Sequence[str]) -> list[Subnet]:
        return list(self.account.cloud.network.subnets(**_of(networks)))

    def _interfaces(self, networks: Sequence[str]) -> list[Port]:
        return list(self.account.cloud.network.ports(device_owner=list(INTERFACES), **_of(networks)))

    def _make_subnets(self, spec: NetworkSpec, root: Resource) -> list[Subnet]:
        cidr = spec.cidr or str(free_range(self.account.options.pool, self._taken(), root.token))
        asked = [{"name": spec.name, "network_id": root.id, **_range(each)} for each in (cidr, *spec.subnets)]
        return list(Subnet.bulk_create(self.account.cloud.network, asked))

    def _taken(self) -> list[IPv4Network]:
        ranges = (ip_network(str(each.cidr)) for each in self.account.cloud.network.subnets())
        return [each for each in ranges if isinstance(each, IPv4Network)]

    def _router(self, root: Resource, tags: Mapping[str, str], fresh: bool) -> Router:
        network = self.account.cloud.network
        there = [] if fresh else self._routers(root.token)
        if there:
            return there[0]
        out = self.account.external()
        gateway = {"external_gateway_info": {"network_id": out.id}} if out else {}
        return network.create_router(name=root.name, description=described(tags), **gateway)


def free_range(pool: IPv4Network, taken: Iterable[IPv4Network], token: str) -> IPv4Network:
    """A range of the pool that overlaps none that is taken. Begins to look at a place that follows from the token, so
    that two who choose at the same time seldom choose the same."""
    used = list(taken)
    count = 2 ** (PREFIX - pool.prefixlen)
    start = int.from_bytes(hashlib.sha256(token.encode()).digest()[:4], "big")
    for number in range(count):
        address = int(pool.network_address) + ((start + number) % count) * 2 ** (32 - PREFIX)
        found = IPv4Network((address, PREFIX))
        if not any(found.overlaps(each) for each in used):
            return found
    raise Quota(f"all {count} ranges of the pool {pool} are taken; set a larger `pool`, or name a range")


def _of(networks: Sequence[str]) -> dict[str, Any]:
    return {"network_id": list(networks)} if len(networks) <= MANY else {}


def _range(cidr: str) -> dict[str, str | int]:
    return {"cidr": cidr, "ip_version": ip_network(cidr, strict=False).version}


def _linked(interfaces: Iterable[Port]) -> frozenset[str]:
    """The subnets that these ports lead out of."""
    return frozenset(str(fixed["subnet_id"]) for each in interfaces for fixed in each.fixed_ips or ())


def _bare(found: Network) -> Resource:
    """The root alone; an error until what hangs on it is known."""
    facts: dict[str, str | int] = {MADE: str(found.created_at)}
    if found.provider_network_type == "vlan" and found.provider_segmentation_id:
        facts["vlan"] = int(found.provider_segmentation_id)
    return Resource(
        Kind.NETWORK, str(found.id), str(found.name), State.ERROR, token_of(found), tags_of(found), (), facts
    )


def _lone(router: Router) -> Resource:
    facts = {MADE: str(router.created_at), "error": "a router whose network is gone"}
    return Resource(
        Kind.NETWORK, str(router.id), str(router.name), State.ERROR, token_of(router), whose(router), (), facts
    )


def _whole(root: Resource, subnets: Sequence[Subnet], linked: Collection[str]) -> Resource:
    """The network as it is. The first subnet is the one that was made first; those of one request are as old, and then
    their order is that of their ranges."""
    ordered = sorted(subnets, key=lambda each: (str(each.created_at), ip_network(str(each.cidr))))
    if not ordered or not all(str(each.id) in linked for each in ordered):
        return replace(root, facts={**root.facts, "error": "half made: subnets or their way out are missing"})
    facts = {"cidr": str(ordered[0].cidr), "gateway": str(ordered[0].gateway_ip or "")}
    further = {"subnets": ",".join(str(each.cidr) for each in ordered[1:])} if ordered[1:] else {}
    return replace(root, state=State.ACTIVE, facts={**root.facts, **facts, **further})
