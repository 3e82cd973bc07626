"""Network interfaces: an address in a subnet, the groups it belongs to, the machine that has it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Network, ip_address

from tests.stands.azure.errors import refused
from tests.stands.azure.kinds import Kind
from tests.stands.azure.quotas import room
from tests.stands.azure.wire import Body
from tests.stands.azure.world import Record, World

INTERFACE = "Microsoft.Network/networkInterfaces"
MACHINE = "Microsoft.Compute/virtualMachines"


def _fill(world: World, record: Record, before: Body | None) -> None:
    body = record.properties
    configurations = body.get("ipConfigurations")
    if not configurations:
        raise refused("IpConfigurationMissing", id=record.id)
    old = {each["name"]: each for each in (before or {"properties": {}})["properties"].get("ipConfigurations", ())}
    for place, each in enumerate(configurations):
        _configuration(world, record, each, old.get(each["name"]), primary=place == 0)
    group = (body.get("networkSecurityGroup") or {}).get("id")
    if group:
        world.referenced(group, record.id)
    kept = before["properties"] if before else {"resourceGuid": str(uuid.uuid4()), "macAddress": ""}
    body |= {"resourceGuid": kept["resourceGuid"], "macAddress": kept["macAddress"]}
    body.setdefault("dnsSettings", {"dnsServers": [], "appliedDnsServers": []})
    body.setdefault("enableAcceleratedNetworking", False)
    body.setdefault("enableIPForwarding", False)
    if before is None:
        room(world, "NetworkInterfaces", record.location)


def _configuration(world: World, record: Record, each: Body, old: Body | None, *, primary: bool) -> None:
    each |= {
        "id": f"{record.id}/ipConfigurations/{each['name']}",
        "type": f"{INTERFACE}/ipConfigurations",
        "etag": f'W/"{uuid.uuid4()}"',
    }
    body = each.setdefault("properties", {})
    subnet = world.referenced((body.get("subnet") or {}).get("id", ""), record.id)
    if body.get("publicIPAddress"):
        _alone(world, record, world.referenced(body["publicIPAddress"]["id"], each["id"]), each["id"])
    for group in body.get("applicationSecurityGroups") or ():
        world.referenced(group["id"], each["id"])
    body.setdefault("privateIPAllocationMethod", "Dynamic")
    body.setdefault("privateIPAddressVersion", "IPv4")
    body.setdefault("primary", primary)
    body["provisioningState"] = "Succeeded"
    body["privateIPAddress"] = _address(world, record, subnet, body, old)


def _alone(world: World, record: Record, public: Record, configuration: str) -> None:
    others = [each for each in world.users(public.id) if each.id.lower() != record.id.lower()]
    if others:
        raise refused("PublicIPAddressInUse", id=configuration, public=public.id, by=others[0].id)


def _address(world: World, record: Record, subnet: Record, body: Body, old: Body | None) -> str:
    prefix = IPv4Network(subnet.properties["addressPrefix"])
    taken = {
        address: owner for owner, address in _taken(world, subnet) if not owner.startswith(record.id.lower() + "/")
    }
    if body["privateIPAllocationMethod"] == "Static":
        return _static(record, body.get("privateIPAddress", ""), prefix, taken)
    if old and ip_address(old["properties"]["privateIPAddress"]) in prefix:
        return str(old["properties"]["privateIPAddress"])
    free = (str(each) for each in list(prefix)[4:-1] if str(each) not in taken)
    found = next(free, None)
    if found is None:
        raise refused("SubnetIsFull", name=subnet.name, prefix=prefix)
    return found


def _static(record: Record, text: str, prefix: IPv4Network, taken: Mapping[str, str]) -> str:
    try:
        found = IPv4Address(text)
    except ValueError:
        raise refused("InvalidIPAddressFormat", text=text) from None
    if found not in prefix:
        raise refused("PrivateIPAddressNotInSubnet", text=text, prefix=prefix)
    if found in {*list(prefix)[:4], prefix.broadcast_address}:
        raise refused("PrivateIPAddressInReservedRange", text=text, prefix=prefix)
    if text in taken:
        raise refused("PrivateIPAddressInUse", id=record.id, text=text, by=taken[text])
    return text


def _taken(world: World, subnet: Record) -> list[tuple[str, str]]:
    """(configuration, address) of everybody in a subnet."""
    return [
        (each["id"].lower(), each["properties"]["privateIPAddress"])
        for user in world.users(subnet.id)
        for each in user.properties.get("ipConfigurations", ())
        if each["properties"]["subnet"]["id"].lower() == subnet.id.lower()
    ]


def machine_of(world: World, record: Record) -> Record | None:
    """The machine that has this interface."""
    return next((each for each in world.users(record.id) if each.type == MACHINE), None)


def _show(world: World, record: Record, query: Mapping[str, str]) -> Body:
    machine = machine_of(world, record)
    properties = {**record.properties, "nicType": "Standard"}
    if machine:
        properties |= {"virtualMachine": {"id": machine.id}, "primary": True}
    return {**record.body, "etag": record.etag, "properties": properties}


def _release(world: World, record: Record) -> None:
    machine = machine_of(world, record)
    if machine:
        raise refused("NicInUse", id=record.id, by=machine.id)


KINDS = (Kind(INTERFACE, _fill, show=_show, release=_release, states=("Updating", "Updating")),)
