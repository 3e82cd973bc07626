"""A firewall is a security group: default deny inwards is what a new group does.

`node:<name>` is a group by itself, with no rules: the members of that node in that network. Its name follows from the
service and the node, and names are unique in a VPC, so whoever needs it first makes it: the firewall that lets the node
in, or the node's machine, which is made in it. So a rule holds for machines before and after it. The groups go with the
network.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from lxml import etree

from providers.ec2 import tags
from providers.ec2.account import Account
from providers.ec2.looking import bearing, look, one
from providers.ec2.networks import LIVING
from providers.ec2.wire import Call, filters
from providers.errors import Conflict, Refused
from providers.groups import scope
from providers.protocol import FirewallSpec, Kind, Resource, Rule, State
from providers.rules import check

ALL = {"any": "-1", "all": "-1"}
DESCRIPTION = "made by accords"


def make(call: Call, account: Account, spec: FirewallSpec, token: str, given: Mapping[str, str]) -> Resource:
    """The group of this token, with its rules. EC2 lets its name be there once: only who is told that it is there looks
    for it."""
    for rule in spec.rules:
        check(rule)
    try:
        id, lacks = _group(call, spec, token, given), True
    except Conflict:
        there = bearing(call, account, Kind.FIREWALL, token)
        if not there:
            raise
        id, lacks = there[0].resource.id, there[0].element.find("ipPermissions/item") is None
    if spec.rules and lacks:
        sources = _sources(call, account, spec, given)
        call.ask("AuthorizeSecurityGroupIngress", {"GroupId": id, **permissions(spec.rules, sources)})
    account.new(id)
    if spec.network is None:
        return one(call, account, Kind.FIREWALL, id).resource
    marks, facts = tags.all_of(spec.name, token, given), {"network": spec.network}
    return Resource(Kind.FIREWALL, id, spec.name, State.ACTIVE, token, tags.told(marks), facts=facts)


def remove(call: Call, account: Account, id: str) -> None:
    """EC2 itself keeps a group that a machine is in; not all that speak its language do, nor know this filter."""
    there = look(call, account, Kind.MACHINE, {"instance.group-id": id, "instance-state-name": LIVING})
    users = [each for each in there if id in (group.text for group in each.element.iterfind("groupSet/item/groupId"))]
    if users:
        raise Conflict(f"firewall {id} is used by {len(users)} machines; delete those first")
    call.ask("DeleteSecurityGroup", {"GroupId": id})


def members(call: Call, account: Account, network: str, node: str, given: Mapping[str, str]) -> str:
    """The group of a node's machines in a network, made where it is not there."""
    key = network, members_name(node, given)
    if key not in account.groups:
        account.groups[key] = _members(call, *key, node)
    return account.groups[key]


def _members(call: Call, network: str, name: str, node: str) -> str:
    marked = tags.tagging("security-group", {tags.PART: network, tags.NAME: f"members of {node}"})
    asked = {"GroupName": name, "GroupDescription": DESCRIPTION, "VpcId": network, **marked}
    try:
        return call.ask("CreateSecurityGroup", asked).findtext("groupId", "")
    except Conflict:  # another came first
        where = filters({"vpc-id": network, "group-name": name})
        there = list(call.each("DescribeSecurityGroups", "securityGroupInfo/item/groupId", where))
        if not there:
            raise
        return there[0].text or ""


def members_name(node: str, given: Mapping[str, str]) -> str:
    """Of a node in a service of an installation. Pure."""
    own = "\0".join((*scope(given).values(), node))
    return f"accords-members-{hashlib.sha256(own.encode()).hexdigest()[:32]}"


def permissions(rules: tuple[Rule, ...], sources: Mapping[str, str]) -> dict[str, str]:
    """IpPermissions; `sources`: node -> its group. The same rule twice is a mistake to EC2. Pure."""
    found: dict[str, str] = {}
    for number, rule in enumerate(dict.fromkeys(rules), 1):
        prefix = f"IpPermissions.{number}"
        found |= {f"{prefix}.{word}": value for word, value in _traffic(rule).items()}
        kind, _, node = rule.source.partition("node:")
        group = "" if kind else sources[node]
        found |= {f"{prefix}.Groups.1.GroupId": group} if group else _range(prefix, rule.source)
    return found


def _range(prefix: str, source: str) -> dict[str, str]:
    if ":" in source:
        return {f"{prefix}.Ipv6Ranges.1.CidrIpv6": source}
    return {f"{prefix}.IpRanges.1.CidrIp": source}


def _traffic(rule: Rule) -> dict[str, str]:
    protocol = ALL.get(rule.protocol.lower(), rule.protocol.lower())
    if protocol == "-1":
        return {"IpProtocol": protocol}
    whole = (rule.from_port, rule.to_port) == (0, 0)
    first, last = ("-1", "-1") if protocol == "icmp" else (str(rule.from_port), str(rule.to_port))
    return {"IpProtocol": protocol, "FromPort": first, "ToPort": "65535" if whole and protocol != "icmp" else last}


def _group(call: Call, spec: FirewallSpec, token: str, given: Mapping[str, str]) -> str:
    """A group's name is the token's: the cloud lets it be there once in a network."""
    marks = {**tags.all_of(spec.name, token, given), tags.RULES: str(len(spec.rules))}
    network = {"VpcId": spec.network} if spec.network else {}
    asked = {"GroupName": f"accords-{token}", "GroupDescription": DESCRIPTION, **network}
    made: etree._Element = call.ask("CreateSecurityGroup", {**asked, **tags.tagging("security-group", marks)})
    return made.findtext("groupId", "")


def _sources(call: Call, account: Account, spec: FirewallSpec, given: Mapping[str, str]) -> dict[str, str]:
    nodes = {rule.source.removeprefix("node:") for rule in spec.rules if rule.source.startswith("node:")}
    if nodes and not spec.network:
        raise Refused(f"firewall {spec.name} lets nodes in and is in no network; name one")
    return {node: members(call, account, spec.network or "", node, given) for node in sorted(nodes)}
