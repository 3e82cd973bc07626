"""Virtual networks and their subnets. A subnet can be made with its network or by itself; it is one record either way.

Azure keeps five addresses of each subnet: the first four and the last.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from ipaddress import IPv4Network, ip_network

from tests.stands.azure.errors import refused
from tests.stands.azure.kinds import Kind
from tests.stands.azure.quotas import room
from tests.stands.azure.wire import Body
from tests.stands.azure.world import Record, World

NETWORK = "Microsoft.Network/virtualNetworks"
SUBNET = "Microsoft.Network/virtualNetworks/subnets"


def cidr(text: str, of: str) -> IPv4Network:
    """Refused when it is no range, or has bits set beyond its prefix."""
    try:
        found = ip_network(text, strict=False)
    except ValueError:
        found = None
    if not isinstance(found, IPv4Network):
        raise refused("InvalidAddressPrefixFormat", text=text, of=of)
    if str(found) != text:
        raise refused("InvalidCIDRNotation", text=text, of=of, found=found)
    return found


def _fill_network(world: World, record: Record, before: Body | None) -> None:
    body = record.properties
    ranges = (body.get("addressSpace") or {}).get("addressPrefixes") or []
    if not ranges:
        raise refused("MissingAddressSpace", name=record.id)
    for each in ranges:
        cidr(each, record.id)
    asked = body.pop("subnets", None)
    body["resourceGuid"] = before["properties"]["resourceGuid"] if before else str(uuid.uuid4())
    body.setdefault("enableDdosProtection", False)
    body.setdefault("virtualNetworkPeerings", [])
    if before is None:
        room(world, "VirtualNetworks", record.location)
    _subnets(world, record, asked)


def _subnets(world: World, network: Record, asked: list[Body] | None) -> None:
    """The list is the whole of them; without one they stay as they are."""
    if asked is None:
        return
    kept = {str(each["name"]).lower() for each in asked}
    for each in children(world, network.id):
        if each.name.lower() not in kept:
            _release_subnet(world, each)
            world.remove(each)
    for each in asked:
        body = {
            "id": f"{network.id}/subnets/{each['name']}",
            "name": each["name"],
            "properties": dict(each["properties"]),
        }
        subnet = Record(body["id"], SUBNET, each["name"], network.group, body, each)
        _fill_subnet(world, subnet, None, space=network.properties)
        body["properties"]["provisioningState"] = "Succeeded"
        world.write(subnet)


def _fill_subnet(world: World, record: Record, before: Body | None, space: Body | None = None) -> None:
    body = record.properties
    text = body.get("addressPrefix") or (body.get("addressPrefixes") or [""])[0]
    found, network = cidr(text, record.id), record.id.split("/")[-3]
    around = space or _network_of(world, record).properties
    if not any(found.subnet_of(ip_network(each)) for each in around["addressSpace"]["addressPrefixes"]):
        raise refused("NetcfgInvalidSubnet", name=record.name, network=network)
    for other in children(world, record.id.rsplit("/", 2)[0]):
        if other.id.lower() != record.id.lower() and found.overlaps(ip_network(other.properties["addressPrefix"])):
            raise refused("NetcfgSubnetRangesOverlap", name=record.name, network=network)
    if found.prefixlen > 29:
        raise refused("NetcfgInvalidSubnet", name=record.name, network=network)
    group = (body.get("networkSecurityGroup") or {}).get("id")
    if group:
        world.referenced(group, record.id)
    body["addressPrefix"] = text
    body.setdefault("delegations", [])
    body.setdefault("privateEndpointNetworkPolicies", "Disabled")
    body.setdefault("privateLinkServiceNetworkPolicies", "Enabled")


def _network_of(world: World, subnet: Record) -> Record:
    found = world.get(subnet.id.rsplit("/", 2)[0])
    assert found is not None
    return found


def children(world: World, network: str) -> list[Record]:
    start = f"{network.lower()}/subnets/"
    return [each for each in world.of(SUBNET) if each.id.lower().startswith(start)]


def _configurations(world: World, subnet: Record) -> list[Body]:
    """Who has an address in it."""
    return [
        {"id": each["id"]}
        for user in world.users(subnet.id)
        for each in user.properties.get("ipConfigurations", ())
        if each["properties"].get("subnet", {}).get("id", "").lower() == subnet.id.lower()
    ]


def _show_subnet(world: World, record: Record, query: Mapping[str, str]) -> Body:
    used = _configurations(world, record)
    properties = {**record.properties, **({"ipConfigurations": used} if used else {})}
    return {**record.body, "etag": record.etag, "type": SUBNET, "properties": properties}


def _show_network(world: World, record: Record, query: Mapping[str, str]) -> Body:
    subnets = [_show_subnet(world, each, query) for each in children(world, record.id)]
    return {**record.body, "etag": record.etag, "properties": {**record.properties, "subnets": subnets}}


def _release_subnet(world: World, record: Record) -> None:
    used = _configurations(world, record)
    if used:
        names = ", ".join(each["id"] for each in used)
        raise refused("InUseSubnetCannotBeDeleted", name=record.name, by=names)


def _release_network(world: World, record: Record) -> None:
    for each in children(world, record.id):
        _release_subnet(world, each)


KINDS = (
    Kind(NETWORK, _fill_network, show=_show_network, release=_release_network, states=("Updating", "Updating")),
    Kind(
        SUBNET, _fill_subnet, show=_show_subnet, release=_release_subnet, located=False, states=("Updating", "Updating")
    ),
)
