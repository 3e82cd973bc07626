"""Firewalls: a security group of neutron's, with our rules inwards and its own that let everything out.

The group is the root; it says in a tag how many rules it is to have, so that one with less is known to be half made.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_network
from typing import Any

from openstack.network.v2.security_group import SecurityGroup

from providers.errors import Conflict, NotFound
from providers.openstack.account import Account
from providers.openstack.errors import answered
from providers.openstack.marks import NOTHING, RULES, attributed, owned, tag, tags_of, token_of
from providers.openstack.members import Members
from providers.openstack.once import MADE
from providers.openstack.tags import described, told
from providers.protocol import FirewallSpec, Kind, Resource, Rule, State
from providers.rules import check

NODE = "node:"
EVERY = {"any", "all"}


@dataclass(frozen=True, slots=True)
class Line:
    """One rule as neutron keeps it. `low` and `high` None: all ports. One of `prefix` and `group`."""

    ethertype: str
    protocol: str | None
    low: int | None
    high: int | None
    prefix: str | None
    group: str | None


@dataclass(frozen=True, slots=True)
class Firewalls:
    account: Account
    members: Members
    kind = Kind.FIREWALL

    def bearing(self, token: str, tags: Mapping[str, str] = NOTHING) -> Sequence[Resource]:
        return [_seen(each) for each in self._groups(tags) if token_of(each) == token]

    find = bearing

    def begin(self, spec: FirewallSpec, token: str, tags: Mapping[str, str]) -> Resource:
        _count(spec)  # refused before anything is made
        network = self.account.cloud.network
        return _seen(network.create_security_group(name=spec.name, description=described(tags)))

    def complete(self, spec: FirewallSpec, root: Resource, tags: Mapping[str, str], *, fresh: bool) -> Resource:
        network = self.account.cloud.network
        tag(self.account, SecurityGroup.existing(id=root.id), root, tags, _count(spec))
        there = set() if fresh else set(_lines(network.get_security_group(root.id)))
        wanted = {each for rule in spec.rules for each in lines(rule, self._source(rule, tags))}
        if wanted - there:
            list(network.create_security_group_rules([_asked(root.id, each) for each in wanted - there]))
        facts = {key: value for key, value in root.facts.items() if key != "error"}
        return replace(root, state=State.ACTIVE, tags=dict(tags), facts={**facts, "rules": len(wanted)})

    def look(self, tags: Mapping[str, str]) -> Sequence[Resource]:
        return [attributed(each, _seen(each)) for each in self._groups() if token_of(each)]

    def observe(self, id: str) -> Resource:
        found = self._group(id)
        return attributed(found, _seen(found))

    def delete(self, id: str) -> None:
        """With the groups of the nodes that no other firewall names. neutron itself says when machines use it."""
        network = self.account.cloud.network
        nodes = {each.group for each in _lines(self._group(id)) if each.group}
        if nodes and list(network.ports(security_groups=[id])):
            raise Conflict(f"firewall {id} is used by machines; delete those first")
        for each in nodes:
            self.members.forget(each, id)
        network.delete_security_group(id)

    def _groups(self, tags: Mapping[str, str] = NOTHING) -> Iterable[SecurityGroup]:
        """Those that were made with these tags, or all."""
        return self.account.cloud.network.security_groups(**owned(self.account, tags))

    def _group(self, id: str) -> SecurityGroup:
        found = answered(self.account.cloud.network.get_security_group(id))
        if not token_of(found):
            raise NotFound(f"firewall {id} is none that was made here")
        return found

    def _source(self, rule: Rule, tags: Mapping[str, str]) -> str:
        """The group that the rule's node is, or its network."""
        return self.members.group(tags, rule.source.removeprefix(NODE)) if rule.source.startswith(NODE) else ""


def lines(rule: Rule, group: str = "") -> list[Line]:
    """What a rule becomes: one line, and two where any protocol is to have ports. `group`: the one its node is."""
    prefix = None if group else str(ip_network(rule.source, strict=False))
    ethertype = "IPv6" if prefix and ":" in prefix else "IPv4"
    all_ports = (rule.from_port, rule.to_port) == (0, 0)
    protocol = rule.protocol.lower()
    if protocol in EVERY:
        protocols: tuple[str | None, ...] = (None,) if all_ports else ("tcp", "udp")
    else:
        protocols = ("ipv6-icmp",) if (protocol, ethertype) == ("icmp", "IPv6") else (protocol,)
    low, high = (None, None) if all_ports or protocol == "icmp" else (rule.from_port, rule.to_port)
    return [Line(ethertype, each, low, high, prefix, group or None) for each in protocols]


def _count(spec: FirewallSpec) -> dict[str, str]:
    """How many rules it is to have, as a tag; Refused where one of them is none."""
    for rule in spec.rules:
        check(rule)
    found = {each for rule in spec.rules for each in lines(rule, rule.source if rule.source.startswith(NODE) else "")}
    return {RULES: str(len(found))}


def _asked(group: str, line: Line) -> dict[str, Any]:
    found = {
        "security_group_id": group,
        "direction": "ingress",
        "ether_type": line.ethertype,
        "protocol": line.protocol,
        "port_range_min": line.low,
        "port_range_max": line.high,
        "remote_ip_prefix": line.prefix,
        "remote_group_id": line.group,
    }
    return {key: value for key, value in found.items() if value is not None}


def _lines(group: SecurityGroup) -> Iterable[Line]:
    for each in group.security_group_rules or ():
        if each["direction"] == "ingress":
            yield Line(
                each["ethertype"],
                each["protocol"],
                each["port_range_min"],
                each["port_range_max"],
                each["remote_ip_prefix"],
                each["remote_group_id"],
            )


def _seen(found: SecurityGroup) -> Resource:
    rules, wanted = len(list(_lines(found))), told(found.tags or ()).get(RULES)
    facts: dict[str, str | int] = {MADE: str(found.created_at), "rules": rules}
    # rules come after the tags: with rules and without that tag, somebody has taken it
    whole = str(rules) == wanted or (wanted is None and rules > 0)
    if not whole:
        facts["error"] = f"half made: it has {rules} of {wanted or 'an unknown number of'} rules"
    return Resource(
        Kind.FIREWALL,
        str(found.id),
        str(found.name),
        State.ACTIVE if whole else State.ERROR,
        token_of(found),
        tags_of(found),
        (),
        facts,
    )
