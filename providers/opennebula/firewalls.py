"""Firewalls: a security group each, whose rules name addresses, because OpenNebula's rules cannot name a group.

What a rule's `node:<name>` means is kept in words with the group (ACCORDS_RULES). The addresses that it stands for are
written into the rules, and written anew whenever a machine of a service comes or goes (`members`): OpenNebula brings
what changed to the machines that have the group.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from ipaddress import IPv4Network, ip_network
from typing import TypeAlias

from providers.errors import NotFound, Refused
from providers.opennebula.documents import Element, Pairs, read, template, vector, vectors, word
from providers.opennebula.networks import OWN, PART
from providers.opennebula.tags import attributes, cloud_name, named, tags_of
from providers.opennebula.wire import Session
from providers.protocol import FirewallSpec, Kind, Resource, Rule, State
from providers.rules import check

RULES = "ACCORDS_RULES"
NODE = "node:"
ANY = frozenset({"any", "all"})
Members: TypeAlias = Mapping[str, Sequence[str]]
"""Node -> the addresses of its machines."""
Line: TypeAlias = tuple[tuple[str, str], ...]
"""One RULE, its attributes in order."""
OUTWARDS: Line = (("PROTOCOL", "ALL"), ("RULE_TYPE", "OUTBOUND"))


@dataclass(frozen=True, slots=True)
class Firewalls:
    kind = Kind.FIREWALL

    def find(self, session: Session, token: str) -> Resource | None:
        return next((seen(each) for each in pool(session) if named(each)[1] == token), None)

    def begin(
        self, session: Session, spec: FirewallSpec, token: str, tags: Mapping[str, str], members: Members
    ) -> Resource:
        """Made whole by one call, or refused by its NAME."""
        asked: Pairs = [
            ("NAME", cloud_name(spec.name, token)),
            (RULES, json.dumps([asdict(each) for each in spec.rules])),
            *attributes(spec.name, token, tags),
            *as_rules(lines(spec.rules, members)),
        ]
        return self.observe(session, str(session.ask("secgroup.allocate", template(asked))))

    def look(self, session: Session) -> Sequence[Resource]:
        return [seen(each) for each in pool(session)]

    def observe(self, session: Session, id: str) -> Resource:
        found = read(session.ask("secgroup.info", int(id)))
        if not _is_firewall(found):
            raise NotFound(f"firewall {id} is none that was made here")
        return seen(found)

    def delete(self, session: Session, id: str) -> None:
        """OpenNebula itself says when machines have it."""
        self.observe(session, id)
        session.ask("secgroup.delete", int(id))


def pool(session: Session) -> list[Element]:
    """The firewalls of this account."""
    return [each for each in read(session.ask("secgrouppool.info", OWN, -1, -1)) if _is_firewall(each)]


def checked(spec: FirewallSpec) -> frozenset[str]:
    """The nodes that its rules name. Refused where a rule is none, or none that OpenNebula has."""
    for rule in spec.rules:
        check(rule)
        if not rule.source.startswith(NODE) and ":" in rule.source:
            raise Refused(f"a rule for {rule.source}: OpenNebula counts addresses, and has no number for IPv6 ranges")
    return nodes(spec.rules)


def nodes(rules: Sequence[Rule]) -> frozenset[str]:
    return frozenset(each.source.removeprefix(NODE) for each in rules if each.source.startswith(NODE))


def kept(found: Element) -> list[Rule]:
    """The rules as they were asked for."""
    return [Rule(**each) for each in json.loads(word(found, f"TEMPLATE/{RULES}", "[]"))]


def lines(rules: Sequence[Rule], members: Members) -> set[Line]:
    """What the rules are with these members. Everything may go out."""
    return {OUTWARDS} | {line for rule in rules for line in _lines(rule, members)}


def _lines(rule: Rule, members: Members) -> Iterator[Line]:
    for block in _blocks(rule, members):
        for protocol in _protocols(rule):
            found = {"PROTOCOL": protocol, "RULE_TYPE": "INBOUND"}
            if protocol in {"TCP", "UDP"} and (rule.from_port, rule.to_port) != (0, 0):
                found["RANGE"] = f"{rule.from_port}:{rule.to_port}"
            if block.prefixlen:
                found |= {"IP": str(block.network_address), "SIZE": str(block.num_addresses)}
            yield tuple(sorted(found.items()))


def _blocks(rule: Rule, members: Members) -> list[IPv4Network]:
    if rule.source.startswith(NODE):
        return [IPv4Network(each) for each in members.get(rule.source.removeprefix(NODE), ())]
    found = ip_network(rule.source, strict=False)
    return [found] if isinstance(found, IPv4Network) else []


def _protocols(rule: Rule) -> tuple[str, ...]:
    """Any protocol with ports is those that have them."""
    if rule.protocol.lower() not in ANY:
        return (rule.protocol.upper(),)
    return ("ALL",) if (rule.from_port, rule.to_port) == (0, 0) else ("TCP", "UDP")


def as_rules(wanted: set[Line]) -> list[tuple[str, Pairs]]:
    return [vector("RULE", dict(each)) for each in sorted(wanted)]


def there(found: Element) -> set[Line]:
    """The rules that a group has."""
    return {
        tuple(sorted((key, value.upper()) for key, value in each.items() if value))
        for each in vectors(found, "TEMPLATE/RULE")
    }


def _is_firewall(found: Element) -> bool:
    return bool(named(found)[1]) and not word(found, f"TEMPLATE/{PART}")


def seen(found: Element) -> Resource:
    """A firewall as a resource. Pure."""
    name, token = named(found)
    facts: dict[str, str | int] = {"rules": len(there(found) - {OUTWARDS})}
    return Resource(Kind.FIREWALL, word(found, "ID"), name, State.ACTIVE, token, tags_of(found), (), facts)
