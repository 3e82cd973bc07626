"""Machines: nova's servers. Metadata are the tags; nova makes the ports, and removes them with the server, so that a
machine is one thing that is there or not.

A size that was asked for is confirmed by the look that finds it: nova holds the old one until it is told.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from openstack.compute.v2.server import Server
from openstack.exceptions import BadRequestException, ConflictException

from providers import devices
from providers.errors import Conflict, NotFound, Unavailable
from providers.openstack.account import Account
from providers.openstack.errors import answered
from providers.openstack.images import image_id
from providers.openstack.members import Members
from providers.openstack.once import MADE
from providers.openstack.tags import TOKEN, server_tags
from providers.protocol import Action, Kind, MachineSpec, OfferedSize, Resource, State

MIB, GIB = 1024**2, 1024**3
RESIZE = "accords-resize"
"""Metadata: the size that we asked for, and whose coming we confirm."""
LINES = 1000
"""So much of a console is asked for."""
STATES: Mapping[str, State] = {
    "ACTIVE": State.ACTIVE,
    "SHUTOFF": State.STOPPED,
    "SHELVED": State.STOPPED,
    "SHELVED_OFFLOADED": State.STOPPED,
    "SUSPENDED": State.SUSPENDED,
    "PAUSED": State.SUSPENDED,
    "ERROR": State.ERROR,
    "RESCUE": State.ERROR,
}
"""What is not here is on its way: BUILD, REBOOT, RESIZE, VERIFY_RESIZE, MIGRATING, ..."""
GONE = frozenset({"DELETED", "SOFT_DELETED"})
UNKNOWN = "UNKNOWN"
"""The status of a server whose cell does not answer: nothing else is known of it then."""

# what is asked for -> status -> what nova is told; None where it is so already. What is not here is a Conflict.
ACTIONS: Mapping[Action, Mapping[str, tuple[str, Mapping[str, str]] | None]] = {
    Action.START: {
        "SHUTOFF": ("start_server", {}),
        "SUSPENDED": ("resume_server", {}),
        "PAUSED": ("unpause_server", {}),
        "ACTIVE": None,
    },
    Action.STOP: {"ACTIVE": ("stop_server", {}), "SHUTOFF": None},
    Action.RESTART: {"ACTIVE": ("reboot_server", {"reboot_type": "SOFT"})},
    Action.SUSPEND: {"ACTIVE": ("suspend_server", {}), "SUSPENDED": None, "PAUSED": None},
    Action.RESUME: {"SUSPENDED": ("resume_server", {}), "PAUSED": ("unpause_server", {}), "ACTIVE": None},
}


@dataclass(frozen=True, slots=True)
class Machines:
    account: Account
    members: Members
    kind = Kind.MACHINE

    def bearing(self, token: str, tags: Mapping[str, str]) -> Sequence[Resource]:
        return [each for each in self.look({TOKEN: token}) if each.token == token]

    def begin(self, spec: MachineSpec, token: str, tags: Mapping[str, str]) -> Resource:
        asked = self._asked(spec, tags)
        with self.members.joined(tags) as groups:
            firewall = (spec.firewall,) if spec.firewall else ()
            joins = {"security_groups": [{"name": each} for each in (*firewall, *groups)]} if firewall or groups else {}
            made = self.account.cloud.compute.create_server(**asked, **joins)
        return Resource(Kind.MACHINE, str(made.id), spec.name, State.PENDING, token, dict(tags))

    def look(self, tags: Mapping[str, str]) -> Sequence[Resource]:
        narrow = server_tags(tags)
        query: dict[str, Any] = {"tags": ",".join(narrow)} if narrow else {}
        servers = list(self.account.cloud.compute.servers(details=True, **query))
        if any(each.status == UNKNOWN for each in servers):
            raise Unavailable("a cell of nova does not answer: nobody knows which machines are in it")
        return [self._seen(each) for each in servers if _is_ours(each)]

    def observe(self, id: str) -> Resource:
        return self._seen(self._server(id))

    def delete(self, id: str) -> None:
        self.account.cloud.compute.delete_server(id)

    def act(self, id: str, action: Action) -> Resource:
        server = self._idle(id, str(action))
        if server.status not in ACTIONS[action]:
            raise Conflict(f"machine {id} is {server.status}: it cannot {action} now")
        told = ACTIONS[action][server.status]
        if told is None:
            return self._seen(server)
        name, arguments = told
        getattr(self.account.cloud.compute, name)(id, **arguments)
        return replace(self._seen(server), state=State.PENDING)

    def resize(self, id: str, size: OfferedSize) -> Resource:
        server, flavor = self._idle(id, "be resized"), self.account.flavor_id(size.name)
        if _size(server) == size.name:
            return self._seen(server)
        if server.status not in {"ACTIVE", "SHUTOFF"}:
            raise Conflict(f"machine {id} is {server.status}: it cannot be resized now")
        compute = self.account.cloud.compute
        compute.set_server_metadata(id, **{RESIZE: str(size.name)})
        compute.resize_server(id, flavor)
        return replace(self._seen(server), state=State.PENDING)

    def console(self, id: str) -> str:
        self._server(id)
        found = self.account.cloud.compute.get_server_console_output(id, length=LINES)
        return str(found.get("output") or "")

    def _asked(self, spec: MachineSpec, tags: Mapping[str, str]) -> dict[str, Any]:
        """What nova is asked for, but the groups."""
        image = image_id(self.account, spec.image)
        found: dict[str, Any] = {
            "name": spec.name,
            "hostname": spec.hostname,
            "image_id": image,
            "flavor_id": self.account.flavor_id(spec.size),
            "networks": self._networks(spec),
            "metadata": dict(tags),
            "tags": server_tags(tags),
            "block_device_mapping": _disks(spec, image),
            "user_data": base64.b64encode(spec.user_data.encode()).decode() if spec.user_data else None,
            "config_drive": self.account.options.config_drive or None,
            "availability_zone": spec.zone,
            "key_name": spec.key,
        }
        return {key: value for key, value in found.items() if value is not None}

    def _networks(self, spec: MachineSpec) -> object:
        """In the order of the specification; nova chooses the only one where nobody names any."""
        networks = spec.networks or tuple(filter(None, [self.account.options.network]))
        if not networks:
            return "auto"
        fixed = dict(zip(networks, spec.addresses, strict=False))
        return [{"uuid": id, **({"fixed_ip": fixed[id]} if fixed.get(id) else {})} for id in networks]

    def _server(self, id: str) -> Server:
        """By its id, which whoever asks has got from here: its metadata may have been taken by somebody."""
        found = answered(self.account.cloud.compute.get_server(id))
        if found.status in GONE:
            raise NotFound(f"machine {id} is gone")
        return found

    def _idle(self, id: str, what: str) -> Server:
        """The server, when nothing else is being done with it."""
        server = self._server(id)
        if server.task_state or server.status not in STATES:
            raise Conflict(f"machine {id} is {server.status} ({server.task_state}): it cannot {what} now")
        return server

    def _seen(self, server: Server) -> Resource:
        """As it is now; a size that we asked for and that has come is confirmed."""
        wanted = (server.metadata or {}).get(RESIZE)
        if server.status == "VERIFY_RESIZE" and not server.task_state and _size(server) == wanted:
            with suppress(ConflictException, BadRequestException):  # another look was quicker: it is being confirmed
                self.account.cloud.compute.confirm_server_resize(str(server.id))
        return seen(server)


def seen(server: Server) -> Resource:
    """A server as a resource. Pure."""
    metadata = {str(key): str(value) for key, value in (server.metadata or {}).items() if key != RESIZE}
    return Resource(
        Kind.MACHINE,
        str(server.id),
        str(server.name),
        _state(server),
        metadata.get(TOKEN, ""),
        metadata,
        tuple(str(each["addr"]) for each in _addresses(server)),
        _facts(server),
    )


def _state(server: Server) -> State:
    """nova says ACTIVE before a reboot is over: what is being done counts for more."""
    state = STATES.get(str(server.status), State.PENDING)
    return State.PENDING if server.task_state and state is not State.ERROR else state


def _facts(server: Server) -> dict[str, str | int]:
    flavor, image = server.flavor, server.image
    found: dict[str, str | int] = {MADE: str(server.created_at), "zone": str(server.availability_zone or "")}
    found |= {"hostname": str(server.hostname or server.name), "size": _size(server)}
    if flavor is not None and flavor.vcpus is not None:
        found |= {"cores": int(flavor.vcpus), "memory": int(flavor.ram) * MIB, "disk": int(flavor.disk) * GIB}
    if image is not None and image.id:
        found["image"] = str(image.id)
    found |= devices.told({id: _device(id) for id in _volumes(server)})
    macs = [str(each.get("OS-EXT-IPS-MAC:mac_addr", "")) for each in _addresses(server)]
    if macs:
        found["mac"] = macs[0]
    if server.status == "ERROR":
        found["error"] = str((server.fault or {}).get("message", "nova gives no reason"))
    return found


def _volumes(server: Server) -> list[str]:
    return [str(each["id"]) for each in server.attached_volumes or ()]


def _device(volume: str) -> tuple[str, ...]:
    """cinder's volumes have their id as serial number; under ESXi as a world wide name."""
    return (*devices.by_serial(volume), f"disk/by-id/wwn-0x{volume.replace('-', '')}")


def _size(server: Server) -> str:
    flavor = server.flavor
    return str(flavor.original_name or flavor.name or "") if flavor is not None else ""


def _addresses(server: Server) -> list[Mapping[str, Any]]:
    """First those in its networks, in their order, then those outside."""
    every = [each for network in (server.addresses or {}).values() for each in network]
    return sorted(every, key=lambda each: (each.get("OS-EXT-IPS:type") == "floating", each.get("version") != 4))


def _is_ours(server: Server) -> bool:
    return server.status not in GONE and TOKEN in (server.metadata or {})


def _disks(spec: MachineSpec, image: str) -> list[dict[str, Any]] | None:
    """The image first, then the volumes in their order; nova's own choice where there are none."""
    if not spec.volumes:
        return None
    boot = {"boot_index": 0, "uuid": image, "source_type": "image", "destination_type": "local"}
    return [{**boot, "delete_on_termination": True}, *_attached(each.volume for each in spec.volumes)]


def _attached(volumes: Iterable[str]) -> list[dict[str, Any]]:
    kept = {"boot_index": -1, "source_type": "volume", "destination_type": "volume", "delete_on_termination": False}
    return [{**kept, "uuid": each} for each in volumes]
