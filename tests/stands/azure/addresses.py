"""Public addresses. Only the Standard SKU with a static address is left: Basic ones can no longer be made."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from ipaddress import IPv4Address

from tests.stands.azure.errors import refused
from tests.stands.azure.kinds import Kind
from tests.stands.azure.quotas import room
from tests.stands.azure.wire import Body
from tests.stands.azure.world import Record, World

ADDRESS = "Microsoft.Network/publicIPAddresses"
FIRST = IPv4Address("203.0.113.1")  # RFC 5737: an address of nobody


def _fill(world: World, record: Record, before: Body | None) -> None:
    body = record.properties
    if record.body.get("sku", {}).get("name", "Basic") == "Basic":
        raise refused("IPv4BasicSkuPublicIpCountLimitReached", limit=world.catalog.limits["IPv4BasicSkuPublicIpCount"])
    if before is None:
        room(world, "StandardSkuPublicIpAddresses", record.location)
    record.body["sku"].setdefault("tier", "Regional")
    body["resourceGuid"] = before["properties"]["resourceGuid"] if before else str(uuid.uuid4())
    body["ipAddress"] = before["properties"]["ipAddress"] if before else _free(world)
    body.setdefault("publicIPAllocationMethod", "Static")
    body.setdefault("publicIPAddressVersion", "IPv4")
    body.setdefault("idleTimeoutInMinutes", 4)
    body.setdefault("ipTags", [])


def _free(world: World) -> str:
    taken = {each.properties["ipAddress"] for each in world.of(ADDRESS)}
    return next(text for text in (str(FIRST + place) for place in range(2**16)) if text not in taken)


def _user(world: World, record: Record) -> str:
    """The id of the configuration that has it."""
    for user in world.users(record.id):
        for each in user.properties.get("ipConfigurations", ()):
            if each["properties"].get("publicIPAddress", {}).get("id", "").lower() == record.id.lower():
                return str(each["id"])
    return ""


def _show(world: World, record: Record, query: Mapping[str, str]) -> Body:
    user = _user(world, record)
    properties = {**record.properties, **({"ipConfiguration": {"id": user}} if user else {})}
    return {**record.body, "etag": record.etag, "properties": properties}


def _release(world: World, record: Record) -> None:
    user = _user(world, record)
    if user:
        raise refused("PublicIPAddressCannotBeDeleted", id=record.id, by=user)


KINDS = (Kind(ADDRESS, _fill, show=_show, release=_release, states=("Updating", "Updating")),)
