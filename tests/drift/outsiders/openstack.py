"""At OpenStack: another connection of openstacksdk's, as the project's own member has one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import openstack
from openstack.exceptions import SDKException

from providers.openstack.tags import labels
from providers.protocol import Kind, Resource
from tests.drift.outsiders.waiting import until


class Member:
    def __init__(self, cloud: str) -> None:
        self.cloud = openstack.connect(cloud=cloud)

    def delete(self, thing: Resource) -> None:
        match thing.kind:
            case Kind.MACHINE:
                server: Any = self.cloud.compute.get_server(thing.id)
                self.cloud.compute.delete_server(server)
                self.cloud.compute.wait_for_delete(server, interval=1, wait=120)
            case Kind.VOLUME:
                until(lambda: self.cloud.block_storage.get_volume(thing.id).status == "available", "it is detached")
                volume: Any = self.cloud.block_storage.get_volume(thing.id)
                self.cloud.block_storage.delete_volume(volume)
                self.cloud.block_storage.wait_for_delete(volume, interval=1, wait=120)
            case Kind.FIREWALL:
                self.cloud.network.delete_security_group(thing.id)
            case Kind.ADDRESS:
                self.cloud.network.delete_ip(thing.id)
            case Kind.NETWORK:
                self._delete_network(thing.id)
            case _:
                raise NotImplementedError(thing.kind)

    def stop(self, machine: Resource) -> None:
        self.cloud.compute.stop_server(machine.id)
        self._until(machine, "SHUTOFF")

    def resize(self, machine: Resource) -> None:
        flavors = sorted(self.cloud.compute.flavors(), key=lambda each: (each.vcpus, each.ram))
        other = next(each for each in flavors if each.name != machine.facts["size"])
        self.cloud.compute.resize_server(machine.id, other.id)
        self._until(machine, "VERIFY_RESIZE")
        self.cloud.compute.confirm_server_resize(machine.id)
        self._until(machine, "ACTIVE")

    def mark(self, thing: Resource, tags: Mapping[str, str]) -> None:
        if thing.kind is Kind.MACHINE:
            server: Any = self.cloud.compute.get_server(thing.id)
            self.cloud.compute.delete_server_metadata(server, list(server.metadata))
            self.cloud.compute.remove_tags_from_server(server)
            if tags:
                self.cloud.compute.set_server_metadata(server, **tags)
        elif thing.kind is Kind.VOLUME:
            volume: Any = self.cloud.block_storage.get_volume(thing.id)
            self.cloud.block_storage.delete_volume_metadata(volume, list(volume.metadata))
            if tags:
                self.cloud.block_storage.set_volume_metadata(volume, **tags)
        else:
            self.cloud.network.set_tags(self._of_neutron(thing), labels(tags))

    def leave(self, name: str, tags: Mapping[str, str]) -> None:
        made: Any = self.cloud.block_storage.create_volume(name=name, size=1, metadata=dict(tags))
        self.cloud.block_storage.wait_for_status(made, status="available", interval=1, wait=120)

    def _of_neutron(self, thing: Resource) -> Any:
        get = {
            Kind.NETWORK: self.cloud.network.get_network,
            Kind.FIREWALL: self.cloud.network.get_security_group,
            Kind.ADDRESS: self.cloud.network.get_ip,
        }
        return get[thing.kind](thing.id)

    def _delete_network(self, id: str) -> None:
        """With its router, as the dashboard does; ports of a server that went a moment ago may still be there."""
        until(lambda: self._could_delete_network(id), "the network goes")

    def _could_delete_network(self, id: str) -> bool:
        try:
            self._try_delete_network(id)
        except SDKException:
            return False
        return True

    def _try_delete_network(self, id: str) -> None:
        network = self.cloud.network
        for port in list(network.ports(network_id=id)):
            if str(port.device_owner).startswith("network:router_interface"):
                network.remove_interface_from_router(port.device_id, port_id=port.id)
                network.delete_router(port.device_id)
        network.delete_network(id)

    def _until(self, machine: Resource, status: str) -> None:
        until(lambda: self.cloud.compute.get_server(machine.id).status == status, f"the server is {status}")
