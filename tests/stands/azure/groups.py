"""Security groups and their rules, application security groups (names for sets of interfaces), public addresses."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from ipaddress import ip_network

from tests.stands.azure.errors import refused
from tests.stands.azure.kinds import Kind
from tests.stands.azure.quotas import room
from tests.stands.azure.wire import Body
from tests.stands.azure.world import Record, World

GROUP = "Microsoft.Network/networkSecurityGroups"
RULE = "Microsoft.Network/networkSecurityGroups/securityRules"
APPLICATION = "Microsoft.Network/applicationSecurityGroups"
PROTOCOLS = frozenset({"tcp", "udp", "icmp", "esp", "ah", "*"})
TAGS = frozenset({"*", "virtualnetwork", "internet", "azureloadbalancer"})
"""What an address prefix may be instead of a range (service tags, of which Azure has many more)."""

# Name, priority, direction, access, from, to: Azure adds these to every group, and nobody can take them away.
DEFAULTS = (
    ("AllowVnetInBound", 65000, "Inbound", "Allow", "VirtualNetwork", "VirtualNetwork"),
    ("AllowAzureLoadBalancerInBound", 65001, "Inbound", "Allow", "AzureLoadBalancer", "*"),
    ("DenyAllInBound", 65500, "Inbound", "Deny", "*", "*"),
    ("AllowVnetOutBound", 65000, "Outbound", "Allow", "VirtualNetwork", "VirtualNetwork"),
    ("AllowInternetOutBound", 65001, "Outbound", "Allow", "*", "Internet"),
    ("DenyAllOutBound", 65500, "Outbound", "Deny", "*", "*"),
)


def _fill_group(world: World, record: Record, before: Body | None) -> None:
    asked = record.properties.pop("securityRules", None)
    record.properties["resourceGuid"] = before["properties"]["resourceGuid"] if before else str(uuid.uuid4())
    if before is None:
        room(world, "NetworkSecurityGroups", record.location)
    if asked is None:
        return
    rules = [_rule(record, each) for each in asked]
    for place, each in enumerate(rules):
        check_rule(world, each, rules[:place])
    for old in rules_of(world, record.id):
        world.remove(old)
    for each in rules:
        each.properties["provisioningState"] = "Succeeded"
        world.write(each)


def _rule(group: Record, asked: Body) -> Record:
    body = {"id": f"{group.id}/securityRules/{asked['name']}", "name": asked["name"], "type": RULE}
    body["properties"] = dict(asked["properties"])
    return Record(body["id"], RULE, asked["name"], group.group, body, asked)


def _fill_rule(world: World, record: Record, before: Body | None) -> None:
    check_rule(world, record, rules_of(world, record.id.rsplit("/", 2)[0]))
    record.body["type"] = RULE


def check_rule(world: World, rule: Record, others: Iterable[Record]) -> None:
    """Refused for what Azure does not take; its lists are completed, as they are shown."""
    body = rule.properties
    if not 100 <= body.get("priority", 0) <= 4096:
        raise refused("SecurityRuleInvalidPriority", found=body.get("priority"))
    if str(body.get("protocol", "")).lower() not in PROTOCOLS:
        raise refused("SecurityRuleInvalidProtocol", found=body.get("protocol"))
    place = (body["priority"], body["direction"])
    for other in others:
        if (
            other.id.lower() != rule.id.lower()
            and (other.properties["priority"], other.properties["direction"]) == place
        ):
            raise refused("SecurityRuleConflict", name=rule.name, other=other.name)
    for side in ("source", "destination"):
        _side(world, rule, body, side)


def _side(world: World, rule: Record, body: Body, side: str) -> None:
    for text in filter(None, (body.get(f"{side}PortRange"), *body.get(f"{side}PortRanges", ()))):
        if not _is_ports(text):
            raise refused("SecurityRuleInvalidPortRange", found=text)
    for text in filter(None, (body.get(f"{side}AddressPrefix"), *body.get(f"{side}AddressPrefixes", ()))):
        if not _is_prefix(text):
            raise refused("SecurityRuleInvalidAddressPrefix", found=text)
    for group in body.get(f"{side}ApplicationSecurityGroups") or ():
        world.referenced(group["id"], rule.id)
    for name in (f"{side}PortRanges", f"{side}AddressPrefixes"):
        body.setdefault(name, [])


def _is_ports(text: str) -> bool:
    low, _, high = text.partition("-")
    if text == "*":
        return True
    return low.isdigit() and (not high or high.isdigit()) and 0 <= int(low) <= int(high or low) <= 65535


def _is_prefix(text: str) -> bool:
    if text.lower() in TAGS:
        return True
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def rules_of(world: World, group: str) -> list[Record]:
    start = f"{group.lower()}/securityrules/"
    return [each for each in world.of(RULE) if each.id.lower().startswith(start)]


def _show_rule(world: World, record: Record, query: Mapping[str, str]) -> Body:
    return {**record.body, "etag": record.etag}


def _show_group(world: World, record: Record, query: Mapping[str, str]) -> Body:
    users = [(each.type.rsplit("/", 1)[1], {"id": each.id}) for each in world.users(record.id)]
    properties = {
        **record.properties,
        "securityRules": [_show_rule(world, each, query) for each in rules_of(world, record.id)],
        "defaultSecurityRules": [_default(record, each) for each in DEFAULTS],
    }
    for name in ("networkInterfaces", "subnets"):
        found = [each for kind, each in users if kind == name]
        properties |= {name: found} if found else {}
    return {**record.body, "etag": record.etag, "properties": properties}


def _default(group: Record, rule: tuple[str, int, str, str, str, str]) -> Body:
    name, priority, direction, access, source, target = rule
    properties = {
        "provisioningState": "Succeeded",
        "protocol": "*",
        "priority": priority,
        "direction": direction,
        "access": access,
        "sourcePortRange": "*",
        "destinationPortRange": "*",
        "sourceAddressPrefix": source,
        "destinationAddressPrefix": target,
        "sourcePortRanges": [],
        "destinationPortRanges": [],
        "sourceAddressPrefixes": [],
        "destinationAddressPrefixes": [],
    }
    id = f"{group.id}/defaultSecurityRules/{name}"
    return {
        "id": id,
        "name": name,
        "type": f"{GROUP}/defaultSecurityRules",
        "etag": group.etag,
        "properties": properties,
    }


def _release_group(world: World, record: Record) -> None:
    users = world.users(record.id)
    if users:
        raise refused("InUseNetworkSecurityGroupCannotBeDeleted", id=record.id, by=", ".join(each.id for each in users))


def _fill_application(world: World, record: Record, before: Body | None) -> None:
    record.properties["resourceGuid"] = before["properties"]["resourceGuid"] if before else str(uuid.uuid4())


def _show_application(world: World, record: Record, query: Mapping[str, str]) -> Body:
    return {**record.body, "etag": record.etag}


def _release_application(world: World, record: Record) -> None:
    users = world.users(record.id)
    if users:
        raise refused("ApplicationSecurityGroupInUse", name=record.name, by=", ".join(each.name for each in users))


BOTH = ("Updating", "Updating")
KINDS = (
    Kind(GROUP, _fill_group, show=_show_group, release=_release_group, states=BOTH),
    Kind(RULE, _fill_rule, show=_show_rule, located=False, states=BOTH),
    Kind(APPLICATION, _fill_application, show=_show_application, release=_release_application, states=BOTH),
)
