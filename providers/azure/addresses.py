"""Addresses: public ones, standard and static, joined to the main interface of a machine. One that is joined to none is
in error: to be given back, or joined by its token."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from azure.mgmt.network.models import NetworkInterface, PublicIPAddress

from providers.azure.account import UNPOLLED, Account, found, ready
from providers.azure.interfaces import Interfaces, machine_of
from providers.azure.names import named, tagged
from providers.azure.resources import MACHINE, ours, resource
from providers.azure.states import settled
from providers.errors import Conflict, NotFound
from providers.protocol import AddressSpec, Kind, Resource, State

TYPE = "Microsoft.Network/publicIPAddresses"


@dataclass(frozen=True, slots=True)
class Addresses:
    account: Account
    interfaces: Interfaces
    kind = Kind.ADDRESS

    def create(self, spec: AddressSpec, token: str, tags: Mapping[str, str]) -> Resource:
        nic = self.interfaces.first(spec.machine)
        if nic is None:
            raise NotFound(f"machine {spec.machine} is not there")
        return self._joined(self._public(spec, token, tags), nic)

    def get(self, id: str) -> Resource | None:
        there = self._there(id)
        return seen(there) if there is not None and ours(there) else None

    def look(self) -> Sequence[Resource]:
        addresses = self.account.network.public_ip_addresses.list(self.account.group)
        return [seen(each) for each in addresses if ours(each)]

    def delete(self, id: str) -> None:
        there = self._there(id)
        if there is None or not ours(there):
            return
        if there.ip_configuration is not None:
            nic = self.interfaces.get(str(there.ip_configuration.id).rsplit("/", 3)[-3])
            if nic is not None:
                self._change(nic, None)
        self.account.network.public_ip_addresses.begin_delete(self.account.group, id, **UNPOLLED)

    def _there(self, id: str) -> PublicIPAddress | None:
        return found(lambda: self.account.network.public_ip_addresses.get(self.account.group, id))

    def _public(self, spec: AddressSpec, token: str, tags: Mapping[str, str]) -> PublicIPAddress:
        own = tagged(spec.name, token, {**tags, MACHINE: spec.machine})
        properties = {"publicIPAllocationMethod": "Static", "publicIPAddressVersion": "IPv4"}
        asked = self.account.body(own, properties, sku={"name": "Standard"}, **self.account.zones())
        addresses, name = self.account.network.public_ip_addresses, named(token)
        made = addresses.begin_create_or_update(self.account.group, name, PublicIPAddress(asked), **UNPOLLED).result()
        return ready(made, lambda: addresses.get(self.account.group, name), f"address {spec.name}")

    def _joined(self, public: PublicIPAddress, nic: NetworkInterface) -> Resource:
        """The address, its machine's interface told of it."""
        other = (nic.ip_configurations or [])[0].public_ip_address
        if other is not None and str(other.id).lower() != str(public.id).lower():
            raise Conflict(f"machine {machine_of(nic)} has another public address")
        if other is None:
            self._change(nic, str(public.id))
        return seen(self.account.network.public_ip_addresses.get(self.account.group, str(public.name)))

    def _change(self, nic: NetworkInterface, public: str | None) -> None:
        """The interface with that public address or with none, and otherwise as it was."""
        body: dict[str, Any] = nic.as_dict()
        first = body["properties"]["ipConfigurations"][0]["properties"]
        first.pop("publicIPAddress", None)
        if public:
            first["publicIPAddress"] = {"id": public}
        changed = self.interfaces.put(str(nic.name), body["properties"], dict(nic.tags or {}), str(nic.etag or ""))
        self.interfaces.ready(changed)


def seen(there: PublicIPAddress) -> Resource:
    """A public address as a resource. Pure."""
    facts: dict[str, str | int] = {"machine": (there.tags or {}).get(MACHINE, "")}
    state = settled(there.provisioning_state)
    if state is State.ACTIVE and there.ip_configuration is None:
        state = State.ERROR
        facts["error"] = "it is joined to no machine"
    own = (str(there.ip_address),) if there.ip_address else ()
    return resource(Kind.ADDRESS, there, there.provisioning_state, facts, addresses=own, state=state)
