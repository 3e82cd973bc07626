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
from providers.ec2.looking import Seen, bearing, look
from providers.ec2.networks import LIVING
from providers.ec2.wire import Call, filters
from providers.errors import Conflict, Refused
from providers.groups import scope
from providers.protocol import FirewallSpec, Kind, Rule
from providers.rules import check

ALL = {"any": "-1", "all": "-1"}
DESCRIPTION = "made by accords"


def make(call: Call, account: Account, spec: FirewallSpec, token: str, given: Mapping[str, str]) -> None:
    """The group of this token, with its rules."""
    for rule in spec.rules:
        check(rule)
    there = bearing(call, account, Kind.FIREWALL, token)
    id = there[0].resource.id if there else _group(call, spec, token, given)
    if spec.rules and not (there and there[0].element.find("ipPermissions/item") is not None):
        sources = _sources(call, spec, given)
        call.ask("AuthorizeSecurityGroupIngress", {"GroupId": id, **permissions(spec.rules, sources)})


def remove(call: Call, account: Account, seen: Seen) -> None:
    id = seen.resource.id
    users = look(call, account, Kind.MACHINE, {"instance.group-id": id, "instance-state-name": LIVING})
    if users:
        raise Conflict(f"firewall {id} is used by {len(users)} machines; delete those first")
    call.ask("DeleteSecurityGroup", {"GroupId": id})


def members(call: Call, network: str, node: str, given: Mapping[str, str]) -> str:
    """The group of a node's machines in a network, made where it is not there."""
    name = members_name(node, given)
    asked = filters({"vpc-id": network, "group-name": name})
    there = list(call.each("DescribeSecurityGroups", "securityGroupInfo/item/groupId", asked))
    if there:
        return there[0].text or ""
    return make_members(call, network, name, node)


def make_members(call: Call, network: str, name: str, node: str) -> str:
    marked = tags.tagging("security-group", {tags.PART: network, tags.NAME: f"members of {node}"})
    asked = {"GroupName": name, "GroupDescription": DESCRIPTION, "VpcId": network, **marked}
    return call.ask("CreateSecurityGroup", asked).findtext("groupId", "")


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


def _sources(call: Call, spec: FirewallSpec, given: Mapping[str, str]) -> dict[str, str]:
    nodes = {rule.source.removeprefix("node:") for rule in spec.rules if rule.source.startswith("node:")}
    if nodes and not spec.network:
        raise Refused(f"firewall {spec.name} lets nodes in and is in no network; name one")
    return {node: members(call, spec.network or "", node, given) for node in sorted(nodes)}
