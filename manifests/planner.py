"""A manifest and its placements -> the plan that deploys it. Pure: the same values give the same plan, to the byte.

Ids and shapes are what `broker.verbs` and the journal rely on. Nodes start side by side; a configure step waits until
the node it takes a property from is ready.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from manifests import check, instructions, wiring
from manifests.diagnostics import Diagnostic
from manifests.findings import Findings
from manifests.making import NodeSteps, hostname, network_name
from manifests.model import Manifest, Placement
from manifests.plan import Plan, Step, refs
from manifests.steps import ordered
from manifests.wiring import Told


@dataclass(frozen=True, slots=True)
class Planned:
    """`plan` is None exactly when a diagnostic is an error."""

    plan: Plan | None
    diagnostics: tuple[Diagnostic, ...] = ()


def plan(manifest: Manifest, placements: Sequence[Placement]) -> Planned:
    """The steps that make a manifest run where it was placed. Takes a manifest that `read` gave, so names are known."""
    findings = Findings()
    placed = {placement.node: placement for placement in placements}
    if not _plannable(manifest, placed, findings):
        return Planned(None, findings.diagnostics())
    configuration = wiring.told(manifest, manifest.configuration, findings)
    wiring.check_cycles(configuration, findings)
    _check_hostnames(manifest, placed, findings)
    if findings.refused:
        return Planned(None, findings.diagnostics())
    _warn_of_versions(manifest, findings)
    steps = _networks(manifest, placed)
    release, interface = instructions.release(manifest, findings), instructions.interface(manifest)
    passwords = _passwords(configuration, interface)
    for node in manifest.nodes:
        steps += NodeSteps(node, placed[node.name], configuration[node.name], node.name in passwords).all()
    chosen = tuple(placed[name] for name in sorted(node.name for node in manifest.nodes))
    made = Plan("deploy", manifest.name, ordered(steps), chosen, release, interface)
    return Planned(made, findings.diagnostics())


def _plannable(manifest: Manifest, placed: Mapping[str, Placement], findings: Findings) -> bool:
    for node in manifest.nodes:
        if node.name not in placed:
            findings.add("not-placed", node.at, f"the node {node.name} has no placement", "place the manifest first")
    return not findings.refused


def _warn_of_versions(manifest: Manifest, findings: Findings) -> None:
    for node in manifest.nodes:
        for package in check.packages(node):
            if package.version and not package.installation:
                summary = f"{package.name} {package.version} of {node.name}: the distribution's version is installed"
                findings.add("package-version", package.at, summary, "write an installation to get another")


def _check_hostnames(manifest: Manifest, placed: Mapping[str, Placement], findings: Findings) -> None:
    seen: dict[tuple[str, str, str], str] = {}
    for node in manifest.nodes:
        key = (placed[node.name].provider, network_name(node), hostname(node))
        first = seen.setdefault(key, node.name)
        if first != node.name:
            summary = f"{first} and {node.name} would both be called {key[2]} on the network {key[1]}"
            findings.add("same-hostname", node.at, summary, "give one a hostname in its compute element")


def _networks(manifest: Manifest, placed: Mapping[str, Placement]) -> list[Step]:
    """One for each provider and name; nodes that name the same one share it."""
    labels: dict[tuple[str, str], set[str]] = {}
    for node in manifest.nodes:
        network = check.network(node)
        found = labels.setdefault((placed[node.name].provider, network_name(node)), set())
        found.update({network.label} if network and network.label else ())
    return [
        Step(
            f"{provider}.{name}",
            "create",
            f"network/{name}",
            {"name": name, "label": min(found, default=None)},
            provider,
        )
        for (provider, name), found in labels.items()
    ]


def _passwords(configuration: Mapping[str, Told], interface: Mapping[str, Sequence[Step]]) -> set[str]:
    """Nodes whose secret somebody is told: no other node gets one."""
    wires = (wire for node in configuration.values() for wire in node.wires.values())
    told = {wire.source for wire in wires if wire.literal is None and wire.name == "password"}
    asked = (ref for steps in interface.values() for step in steps for ref in refs(step.inputs) if ref.secret)
    return told | {ref.step.partition(".")[0] for ref in asked}
