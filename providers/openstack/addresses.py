"""Addresses: floating ones of neutron's, at the first port of a machine. They have no names: a tag holds it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from openstack.network.v2.floating_ip import FloatingIP
from openstack.network.v2.port import Port

from providers.errors import Conflict, NotFound, Refused
from providers.openstack.account import Account
from providers.openstack.errors import answered
from providers.openstack.marks import NAME, NOTHING, narrowed, owned, tag, tags_of, token_of
from providers.openstack.once import MADE
from providers.openstack.tags import described, told
from providers.protocol import AddressSpec, Kind, Resource, State


@dataclass(frozen=True, slots=True)
class Addresses:
    account: Account
    kind = Kind.ADDRESS

    def bearing(self, token: str, tags: Mapping[str, str] = NOTHING) -> Sequence[Resource]:
        return [
            _seen(each)
            for each in self.account.cloud.network.ips(**owned(self.account, tags))
            if token_of(each) == token
        ]

    find = bearing

    def begin(self, spec: AddressSpec, token: str, tags: Mapping[str, str]) -> Resource:
        out = self.account.external()
        if out is None:
            raise Refused("there is no network that leads out: ask for one, or choose another provider")
        port = self._port(spec.machine)
        made = self.account.cloud.network.create_ip(
            floating_network_id=out.id, port_id=port.id, description=described(tags)
        )
        return _seen(made)

    def complete(self, spec: AddressSpec, root: Resource, tags: Mapping[str, str], *, fresh: bool) -> Resource:
        """Its tags, and its name, which is one."""
        tag(self.account, FloatingIP.existing(id=root.id), root, tags, {NAME: spec.name})
        return replace(root, name=spec.name, tags=dict(tags))

    def look(self, tags: Mapping[str, str]) -> Sequence[Resource]:
        return [_seen(each) for each in self.account.cloud.network.ips(**narrowed(tags)) if token_of(each)]

    def observe(self, id: str) -> Resource:
        found = answered(self.account.cloud.network.get_ip(id))
        if not token_of(found):
            raise NotFound(f"address {id} is none that was made here")
        return _seen(found)

    def delete(self, id: str) -> None:
        self.account.cloud.network.delete_ip(id)

    def _port(self, machine: str) -> Port:
        """The first with an address. Conflict while nova has not made it, NotFound where there is no such machine."""
        for port in self.account.cloud.network.ports(device_id=machine):
            if any("." in str(fixed["ip_address"]) for fixed in port.fixed_ips or ()):
                return port
        self.account.cloud.compute.get_server(machine)
        raise Conflict(f"machine {machine} has no port yet; come again")


def _seen(found: FloatingIP) -> Resource:
    """Active with a machine: whether the cloud's router has it already is not told by every neutron."""
    facts: dict[str, str | int] = {MADE: str(found.created_at), "address": str(found.floating_ip_address)}
    state = State.ACTIVE if found.port_id else State.STOPPED
    name = told(found.tags or ()).get(NAME, "")
    addresses = (str(found.floating_ip_address),)
    return Resource(Kind.ADDRESS, str(found.id), name, state, token_of(found), tags_of(found), addresses, facts)
