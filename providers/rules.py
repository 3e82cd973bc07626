"""What a specification may say: checked in one place, because every driver promises the same."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from ipaddress import ip_network

from providers.errors import Refused
from providers.protocol import (
    Ability,
    AddressSpec,
    ApplicationSpec,
    FirewallSpec,
    KeySpec,
    MachineSpec,
    NetworkSpec,
    Rule,
    SnapshotSpec,
    Spec,
    VolumeSpec,
)

NEEDED: Mapping[type, Ability] = {
    FirewallSpec: Ability.FIREWALLS,
    VolumeSpec: Ability.VOLUMES,
    KeySpec: Ability.KEYS,
    AddressSpec: Ability.ADDRESSES,
    SnapshotSpec: Ability.SNAPSHOTS,
}
"""What making a thing of a kind needs; the other kinds every provider makes, or says itself that it does not."""

WORDS: Mapping[Ability, str] = {
    Ability.PACKAGES: "packages in its images: install them in the node",
    Ability.VOLUMES: "volumes",
    Ability.FIREWALLS: "firewalls: leave the rules out",
    Ability.SNAPSHOTS: "snapshots",
    Ability.SUSPEND: "suspending",
    Ability.RESIZE: "other sizes for machines that are there",
    Ability.CONSOLE: "console log",
    Ability.KEYS: "keys by name",
    Ability.ADDRESSES: "public addresses of their own",
    Ability.FIXED: "addresses that are chosen",
    Ability.SUBNETS: "more than one subnet in a network",
    Ability.VLAN: "networks with a VLAN number",
}
"""How a refusal names an ability."""

PROTOCOLS = frozenset({"tcp", "udp", "icmp", "any", "all"})


def needs(spec: Spec) -> frozenset[Ability]:
    """The abilities that this specification takes."""
    found = {NEEDED[type(spec)]} if type(spec) in NEEDED else set()
    if isinstance(spec, NetworkSpec):
        found |= {Ability.SUBNETS} if spec.subnets else set()
        found |= {Ability.VLAN} if spec.vlan is not None else set()
    if isinstance(spec, MachineSpec):
        found |= {Ability.PACKAGES} if spec.packages else set()
        found |= {Ability.FIXED} if any(spec.addresses) else set()
        found |= {Ability.KEYS} if spec.key else set()
    return frozenset(found)


def refuse_beyond(spec: Spec, abilities: Collection[Ability], categories: Collection[str] = ()) -> None:
    """Refused when it takes what these abilities do not have, or is a node to be taken whole of none of these
    categories."""
    if isinstance(spec, ApplicationSpec) and spec.category not in categories:
        takes = ", ".join(categories) or "none: describe its machines"
        raise Refused(f"this cloud takes no {spec.category} whole; it takes {takes}")
    for ability in sorted(needs(spec) - frozenset(abilities)):
        raise refusal(ability)


def refusal(ability: Ability) -> Refused:
    """What a provider without that ability says to whoever asks for it."""
    return Refused(f"this cloud has no {WORDS[ability]}; choose another provider")


def undelivered(delivery: str) -> Refused:
    """What a provider says that carries no instructions: its offering says so, by another word than `direct`."""
    return Refused(f"this cloud carries no instructions to machines: its delivery is {delivery}, not direct")


def check(rule: Rule) -> None:
    """Refused, with what would be right, when no firewall could keep this rule."""
    if rule.protocol.lower() not in PROTOCOLS:
        raise Refused(f"protocol {rule.protocol!r} is unknown; there are {', '.join(sorted(PROTOCOLS))}")
    if not 0 <= rule.from_port <= rule.to_port <= 65535:
        raise Refused(f"ports {rule.from_port}-{rule.to_port} are no range within 0-65535")
    if rule.source.startswith("node:"):
        return
    try:
        ip_network(rule.source, strict=False)
    except ValueError as error:
        raise Refused(f"source {rule.source!r} is neither a network nor node:<name>") from error
