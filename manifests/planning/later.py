"""What a node will not have where it is placed, and what cannot be done with it later: told at planning. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from manifests.findings import Findings
from manifests.model import Manifest
from manifests.offers import Offer, Placement
from manifests.planning.expand import is_abstract

OPERATIONS: Mapping[str, str] = {"suspend": "suspended", "snapshots": "saved as images"}
"""An ability, and what cannot be done with a service's machines without it."""

_MOST_NAMED = 3


def warn(manifest: Manifest, placed: Sequence[Placement], chosen: Mapping[str, Offer], findings: Findings) -> None:
    """`chosen` are the offers by node."""
    whole = {node.name for node in manifest.nodes if is_abstract(node)}
    machines = [each for each in placed if each.node not in whole]
    _unreachable(manifest, machines, findings)
    _open(manifest, machines, findings)
    _unable(manifest, machines, chosen, findings)


def _unreachable(manifest: Manifest, machines: Sequence[Placement], findings: Findings) -> None:
    """A provider that has no addresses of their own gives a machine what it gives every one."""
    found: dict[str, list[str]] = {}
    for each in machines:
        node = manifest.node(each.node)
        if node.access == "public" and not each.address:
            found.setdefault(each.provider, []).append(each.node)
    for provider, nodes in sorted(found.items()):
        summary = f"{_names(nodes)} would be public, and {provider} gives no public addresses"
        hint = f"they are reached where {provider} puts them; name another provider for one of their own"
        findings.add("no-public-address", manifest.node(nodes[0]).at, summary, hint)


def _open(manifest: Manifest, machines: Sequence[Placement], findings: Findings) -> None:
    """The settings of the provider say that it may be so; the document's author is told."""
    found: dict[str, list[str]] = {}
    for each in machines:
        if each.open:
            found.setdefault(each.provider, []).append(each.node)
    for provider, nodes in sorted(found.items()):
        summary = f"nothing closes {_names(nodes)}: {provider} has no firewalls, and its settings say `open`"
        hint = "whoever reaches them reaches all that listens on them; name another provider to have ports kept"
        findings.add("open-node", manifest.node(nodes[0]).at, summary, hint)


def _unable(manifest: Manifest, machines: Sequence[Placement], chosen: Mapping[str, Offer], findings: Findings) -> None:
    for ability, word in OPERATIONS.items():
        found: dict[str, list[str]] = {}
        for each in machines:
            if ability not in chosen[each.node].abilities:
                found.setdefault(each.provider, []).append(each.node)
        for provider, nodes in sorted(found.items()):
            summary = f"{_names(nodes)} cannot be {word} later: {provider} cannot do that"
            hint = "choose another provider if it shall be done"
            findings.add("not-later", manifest.node(nodes[0]).at, summary, hint)


def _names(nodes: Sequence[str]) -> str:
    more = f" and {len(nodes) - _MOST_NAMED} more" if len(nodes) > _MOST_NAMED else ""
    return ", ".join(nodes[:_MOST_NAMED]) + more
