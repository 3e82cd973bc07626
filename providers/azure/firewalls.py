"""Firewalls: network security groups. Azure lets in whatever is in the same network unless a rule says otherwise, so
the last rule of each drops everything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any

from azure.mgmt.network.models import NetworkSecurityGroup

from providers.azure.account import UNPOLLED, Account, found
from providers.azure.members import Members
from providers.azure.names import named, tagged
from providers.azure.resources import ours, resource
from providers.errors import Refused
from providers.protocol import FirewallSpec, Kind, Resource, Rule
from providers.rules import check

TYPE = "Microsoft.Network/networkSecurityGroups"
FIRST, LAST = 100, 4096
"""Priorities that rules may have; the lowest is looked at first."""
PROTOCOLS: Mapping[str, str] = {"tcp": "Tcp", "udp": "Udp", "icmp": "Icmp", "any": "*", "all": "*"}
NODE = "node:"


@dataclass(frozen=True, slots=True)
class Firewalls:
    account: Account
    members: Members
    kind = Kind.FIREWALL

    def create(self, spec: FirewallSpec, token: str, tags: Mapping[str, str]) -> Resource:
        if len(spec.rules) > LAST - FIRST:
            raise Refused(f"{len(spec.rules)} rules are more than Azure has priorities for")
        rules = [self._rule(place, each, spec, tags) for place, each in enumerate(spec.rules)]
        asked = self.account.body(tagged(spec.name, token, tags), {"securityRules": [*rules, _DENY]})
        begin = self.account.network.network_security_groups.begin_create_or_update
        return seen(begin(self.account.group, named(token), NetworkSecurityGroup(asked), **UNPOLLED).result())

    def get(self, id: str) -> Resource | None:
        there = found(lambda: self.account.network.network_security_groups.get(self.account.group, id))
        return seen(there) if there is not None and ours(there) else None

    def look(self) -> Sequence[Resource]:
        groups = self.account.network.network_security_groups.list(self.account.group)
        return [seen(each) for each in groups if ours(each)]

    def delete(self, id: str) -> None:
        if self.get(id) is not None:
            self.account.network.network_security_groups.begin_delete(self.account.group, id, **UNPOLLED)

    def _rule(self, place: int, rule: Rule, spec: FirewallSpec, tags: Mapping[str, str]) -> dict[str, Any]:
        check(rule)
        if not rule.source.startswith(NODE):
            return allowed(place, rule, {"sourceAddressPrefix": str(ip_network(rule.source, strict=False))})
        if spec.network is None:
            raise Refused(f"firewall {spec.name}: a rule for {rule.source} needs the network that its machines are in")
        group = self.members.group(tags, rule.source.removeprefix(NODE), spec.network)
        return allowed(place, rule, {"sourceApplicationSecurityGroups": [{"id": group}]})


def allowed(place: int, rule: Rule, source: Mapping[str, Any]) -> dict[str, Any]:
    """A rule as Azure keeps it. Pure."""
    low, high = rule.from_port, rule.to_port
    ports = "*" if low == high == 0 else str(low) if low == high else f"{low}-{high}"
    properties = {**_EVERYTHING, **source, "protocol": PROTOCOLS[rule.protocol.lower()], "destinationPortRange": ports}
    return {"name": f"rule-{place}", "properties": {**properties, "access": "Allow", "priority": FIRST + place}}


def seen(there: NetworkSecurityGroup) -> Resource:
    """A security group as a resource. Pure."""
    facts = {"rules": len(there.security_rules or ()) - 1}
    return resource(Kind.FIREWALL, there, there.provisioning_state, facts)


_EVERYTHING: Mapping[str, Any] = {
    "direction": "Inbound",
    "protocol": "*",
    "sourcePortRange": "*",
    "destinationPortRange": "*",
    "destinationAddressPrefix": "*",
}
_DENY: Mapping[str, Any] = {
    "name": "nothing-else",
    "properties": {**_EVERYTHING, "sourceAddressPrefix": "*", "access": "Deny", "priority": LAST},
}
