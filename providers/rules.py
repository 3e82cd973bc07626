"""What a firewall's rule may say: checked in one place, because every driver promises the same."""

from __future__ import annotations

from ipaddress import ip_network

from providers.errors import Refused
from providers.protocol import Rule

PROTOCOLS = frozenset({"tcp", "udp", "icmp", "any", "all"})


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
