"""The interfaces of machines: one in each of its networks, named after it. A firewall and the group of its node are
the interface's, as is a public address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from azure.mgmt.compute.models import VirtualMachine
from azure.mgmt.network.models import NetworkInterface

from providers.azure import firewalls
from providers.azure.account import UNPOLLED, Account, found, ready
from providers.azure.members import Members
from providers.azure.names import NODE, last
from providers.azure.networks import Networks
from providers.azure.resources import ours
from providers.errors import Refused
from providers.protocol import MachineSpec

TYPE = "Microsoft.Network/networkInterfaces"


@dataclass(frozen=True, slots=True)
class Interfaces:
    account: Account
    networks: Networks
    members: Members

    def made(self, machine: str, spec: MachineSpec, tags: Mapping[str, str]) -> Sequence[NetworkInterface]:
        """Those of a machine that is not there yet, ready to be used. Asking twice is asking for the same."""
        networks = spec.networks or tuple(filter(None, [self.account.options.network]))
        if not networks:
            raise Refused(f"machine {spec.name} is in no network; name one, or set `network` in the settings")
        pairs = zip_longest(networks, spec.addresses[: len(networks)], fillvalue="")
        asked = [self._asked(network, address, spec, tags) for network, address in pairs]
        firsts = [self.put(f"{machine}-{place}", body, tags) for place, body in enumerate(asked)]
        return [self.ready(each) for each in firsts]

    def put(
        self, name: str, properties: Mapping[str, Any], tags: Mapping[str, str], etag: str = ""
    ) -> NetworkInterface:
        """As it is being made or changed. With an `etag`, only if nobody changed it since."""
        headers = {"If-Match": etag} if etag else {}
        body = NetworkInterface(self.account.body(tags, properties))
        begin = self.account.network.network_interfaces.begin_create_or_update
        return begin(self.account.group, name, body, headers=headers, **UNPOLLED).result()

    def ready(self, first: NetworkInterface) -> NetworkInterface:
        name = str(first.name)
        look = self.account.network.network_interfaces.get
        return ready(first, lambda: look(self.account.group, name), f"interface {name}")

    def get(self, name: str) -> NetworkInterface | None:
        look = self.account.network.network_interfaces.get
        return found(lambda: look(self.account.group, name))

    def first(self, machine: str) -> NetworkInterface | None:
        """A machine's main interface, if it was made here."""
        there = self.get(f"{machine}-0")
        return there if there is not None and ours(there) else None

    def of(self, machine: VirtualMachine) -> Sequence[NetworkInterface]:
        """Those of a machine that is there."""
        named = (machine.network_profile.network_interfaces if machine.network_profile else None) or ()
        return [there for each in named if (there := self.get(last(each.id))) is not None]

    def look(self) -> Sequence[NetworkInterface]:
        """All that were made here."""
        there = self.account.network.network_interfaces.list(self.account.group)
        return [each for each in there if ours(each)]

    def public(self, nics: Sequence[NetworkInterface]) -> Mapping[str, str]:
        """The public addresses of these, by their ids in lower case: one request, or one list where there are more."""
        ids = [last(each) for each in public_ids(nics)]
        addresses, group = self.account.network.public_ip_addresses, self.account.group
        if len(ids) == 1:
            there = found(lambda: addresses.get(group, ids[0]))
            every = [there] if there is not None else []
        else:
            every = list(addresses.list(group)) if ids else []
        return {str(each.id).lower(): str(each.ip_address or "") for each in every}

    def delete_of(self, machine: str) -> None:
        """What there is of interfaces of a machine that is not there. Raises where one cannot go now."""
        for each in self.look():
            if machine_of(each) == machine:
                self._remove(str(each.name))

    def _remove(self, name: str) -> None:
        remove = self.account.network.network_interfaces.begin_delete
        found(lambda: remove(self.account.group, name, **UNPOLLED))

    def _asked(self, network: str, address: str, spec: MachineSpec, tags: Mapping[str, str]) -> dict[str, Any]:
        inside: dict[str, Any] = {"subnet": {"id": self.networks.subnet(network, address)}, "primary": True}
        if address:
            inside |= {"privateIPAllocationMethod": "Static", "privateIPAddress": address}
        if tags.get(NODE):
            inside["applicationSecurityGroups"] = [{"id": self.members.group(tags, tags[NODE], network)}]
        found: dict[str, Any] = {"ipConfigurations": [{"name": "main", "properties": inside}]}
        if spec.firewall:
            found["networkSecurityGroup"] = {"id": self.account.id(firewalls.TYPE, spec.firewall)}
        return found


def public_ids(nics: Sequence[NetworkInterface]) -> Sequence[str]:
    """The ids of the public addresses of interfaces, in lower case: Azure writes an id now so, now so."""
    every = [each.public_ip_address for nic in nics for each in nic.ip_configurations or ()]
    return [str(each.id).lower() for each in every if each is not None]


def machine_of(nic: NetworkInterface) -> str:
    """The name of the machine that an interface was made for."""
    return str(nic.name).rpartition("-")[0]
