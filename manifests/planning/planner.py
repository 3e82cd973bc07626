"""A manifest and its placements -> the plan that deploys it. Pure: the same values give the same plan, to the byte.

Ids and shapes are what `broker.verbs` and the journal rely on. Nodes start side by side; a configure step waits until
the node it takes a property from is ready.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from manifests.diagnostics import Diagnostic
from manifests.findings import Findings
from manifests.model import Manifest, Node
from manifests.offers import Placement
from manifests.plan import Plan, Step, Value, refs
from manifests.planning import instructions, keys, shares, wiring
from manifests.planning.expand import expand, is_abstract
from manifests.planning.keys import Keys
from manifests.planning.making import NodeSteps, hostname
from manifests.planning.networks import Lan, fixed, lans, network_name
from manifests.planning.sources import APPLICATION, PASSWORD, Sources
from manifests.planning.steps import base, ordered
from manifests.planning.wiring import Told
from manifests.reading import check, outputs, outside, parameters


@dataclass(frozen=True, slots=True)
class Planned:
    """`plan` is None exactly when a diagnostic is an error."""

    plan: Plan | None
    diagnostics: tuple[Diagnostic, ...] = ()


def plan(manifest: Manifest, placements: Sequence[Placement], known: Keys = MappingProxyType({})) -> Planned:
    """The steps that make a manifest run where it was placed. Takes a manifest that `read` gave, so names are known.
    `known` are the account's SSH keys."""
    findings = Findings()
    _check_inputs(manifest, findings)
    whole = expand(manifest)
    made = _planned(whole, placements, known, findings)
    return Planned(None if findings.refused or made is None else _with(made, whole), findings.diagnostics())


def _check_inputs(manifest: Manifest, findings: Findings) -> None:
    for one in parameters.unknown(manifest):
        findings.add("input-missing", one.at, f"the input {one.name} has no value", "read the document with its inputs")


def _with(made: Plan, whole: Manifest) -> Plan:
    """What a plan has beside its nodes: what it was given, what it will say, and who is outside."""
    if not (whole.inputs or whole.outputs or any(map(outside.is_outside, whole.nodes))):
        return made
    values = {one.name: one.value for one in whole.inputs if one.value is not None}
    steps = ordered([*made.steps, *parameters.given(whole), *outside.monitored(whole)])
    said, others = outputs.planned(whole, Sources(whole, made.placements)), outside.known(whole)
    return replace(made, steps=steps, inputs=values, outputs=said, outside=others)


def _planned(
    manifest: Manifest, placements: Sequence[Placement], known: Keys, findings: Findings, *, shared: bool = False
) -> Plan | None:
    """`manifest` is an expanded one. `shared`: of a common node. Every machine of one has a password, for whoever will
    ask."""
    whole, common = shares.apart(outside.inside(manifest), findings)
    placed = {placement.node: placement for placement in placements}
    nodes = [node for node in whole.nodes if node.name not in common]
    if not _plannable(nodes, placed, findings):
        return None
    sources, configuration = Sources(whole, placements), wiring.told(whole, whole.configuration, findings)
    wiring.check_cycles(configuration, findings)
    machines = [node for node in nodes if not is_abstract(node)]
    _check_hostnames(machines, placed, findings)
    _check_addresses(machines, placed, findings)
    keys.check(machines, whole, known, findings)
    _warn_of_versions(machines, findings)
    if findings.refused:
        return None
    release = instructions.release(whole, sources, findings)
    interface = instructions.interface(whole, sources)
    asked = {node.name for node in machines} if shared else _passwords(configuration, interface)
    steps = [*_networks(machines, placed), *keys.steps(machines, whole, placed, known)]
    for node in machines:
        place, told = placed[node.name], configuration[node.name]
        access = keys.inputs(node, whole, place, known)
        steps += NodeSteps(node, place, told, sources, password=node.name in asked, access=access).all()
    steps += [_application(node, placed[node.name]) for node in nodes if is_abstract(node)]
    steps += [
        each
        for node in whole.nodes
        if node.name in common
        for each in _share(node, common, placements, known, findings)
    ]
    chosen = tuple(placed[name] for name in sorted(node.name for node in nodes))
    return Plan("deploy", manifest.name, ordered(steps), chosen, release, interface)


def _share(
    node: Node, common: Mapping[str, Manifest], placements: Sequence[Placement], known: Keys, findings: Findings
) -> Iterator[Step]:
    own = _planned(expand(common[node.name]), shares.placements(node.name, placements), known, findings, shared=True)
    if own is not None:
        yield shares.step(node, common[node.name], own)


def _application(node: Node, placement: Placement) -> Step:
    """An abstract node, as it is handed to the provider that takes its category, with the document that it is."""
    inputs: dict[str, Value] = {
        "name": node.name,
        "category": node.category,
        "type": node.type,
        "document": node.document,
    }
    return Step(
        f"{base(node.name)}.{APPLICATION}", "create", f"application/{base(node.name)}", inputs, placement.provider
    )


def _plannable(nodes: Iterable[Node], placed: Mapping[str, Placement], findings: Findings) -> bool:
    for node in nodes:
        if node.name not in placed:
            findings.add("not-placed", node.at, f"the node {node.name} has no placement", "place the manifest first")
    return not findings.refused


def _warn_of_versions(nodes: Iterable[Node], findings: Findings) -> None:
    for node in nodes:
        for package in check.packages(node):
            if package.version and not package.installation:
                summary = f"{package.name} {package.version} of {node.name}: the distribution's version is installed"
                findings.add("package-version", package.at, summary, "write an installation to get another")


def _check_hostnames(nodes: Iterable[Node], placed: Mapping[str, Placement], findings: Findings) -> None:
    seen: dict[tuple[str, str, str], str] = {}
    for node in nodes:
        key = (placed[node.name].provider, network_name(node), hostname(node))
        first = seen.setdefault(key, node.name)
        if first != node.name:
            summary = f"{first} and {node.name} would both be called {key[2]} on the network {key[1]}"
            findings.add("same-hostname", node.at, summary, "give one a hostname in its compute element")


def _check_addresses(nodes: Iterable[Node], placed: Mapping[str, Placement], findings: Findings) -> None:
    """A node that only names another's network has its endpoints, too, and with them its chosen address."""
    seen: dict[tuple[str, str, str], str] = {}
    for node in nodes:
        if own := fixed(node):
            key = (placed[node.name].provider, network_name(node), own)
            first = seen.setdefault(key, node.name)
            if first != node.name:
                summary = f"{first} and {node.name} would both have the address {own} in the network {key[1]}"
                findings.add("same-address", node.at, summary, "write its network out, with an endpoint of its own")


def _networks(nodes: Iterable[Node], placed: Mapping[str, Placement]) -> list[Step]:
    """One for each provider and name; nodes that name the same one share it."""
    there: dict[str, list[Node]] = {}
    for node in nodes:
        there.setdefault(placed[node.name].provider, []).append(node)
    return [
        Step(f"{provider}.{name}", "create", f"network/{name}", _network(lan), provider)
        for provider, those in there.items()
        for name, lan in lans(those).items()
    ]


def _network(lan: Lan) -> Mapping[str, Value]:
    """The first subnet is the network's own range, the others are beside it."""
    found: dict[str, Value] = {"name": lan.name, "label": lan.label}
    if lan.subnets:
        found |= {"cidr": lan.subnets[0], "subnets": lan.subnets[1:]}
    return found if lan.vlan is None else {**found, "vlan": lan.vlan}


def _passwords(configuration: Mapping[str, Told], interface: Mapping[str, Sequence[Step]]) -> set[str]:
    """Nodes whose secret somebody is told: no other node gets one."""
    wires = (wire for node in configuration.values() for wire in node.wires.values())
    told = {wire.source for wire in wires if wire.literal is None and wire.name == PASSWORD}
    asked = (ref for steps in interface.values() for step in steps for ref in refs(step.inputs) if ref.secret)
    return told | {ref.step.partition(".")[0] for ref in asked}
