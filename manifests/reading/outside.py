"""Nodes that are outside (`provider="external"`): somebody else's machines, such as a hospital's archive.

They are never placed, made, told anything or given back. What a document says of them is all that is known: their
properties are literals in a `configure`, their addresses what probes ask and firewalls let in.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from ipaddress import ip_address

from manifests.actions.paths import OUTSIDE, lead
from manifests.findings import Findings
from manifests.model import Infrastructure, Manifest, Node, Phase, Property, Statement
from manifests.plan import Step, Value
from manifests.planning.ports import letting_in
from manifests.planning.steps import base
from manifests.planning.wiring import Watch, said
from manifests.reading import check
from manifests.reading.parameters import stated

_MEASURED = "monitor"
"""The one method, and verb, that an outside node can be the target of: it is asked from here, as its clients ask it."""


def is_outside(node: Node) -> bool:
    return node.provider == OUTSIDE


def properties(node: Node) -> dict[str, str]:
    """What is known of an outside node. `address` is an IP address or a host name, `hostname` the name its compute
    says, or the address again; `port` the first port of its network, as a number."""
    compute = node.infrastructure.compute if node.infrastructure else None
    first = next((port.from_port or port.to_port for port in check.ports(node)), 0)
    found = {
        "address": node.address,
        "hostname": (compute.hostname if compute else None) or node.address,
        "port": str(first) if first else None,
        "aetitle": node.aetitle,
        "certificate": node.certificate,
    }
    return {name: text for name, text in found.items() if text}


def settled(document: Manifest, findings: Findings) -> Manifest:
    """The document with the properties of its outside nodes as literals, after checking what is said of and to them."""
    for node in document.nodes:
        _check_node(node, findings)
    for statement in _statements(document):
        _check_statement(document, statement, findings)
    _check_sources(document, findings)
    return stated(document, dict(_literals(document)))


def inside(manifest: Manifest) -> Manifest:
    """What is made here: without the outside nodes, their names in the ranges of ports become their addresses."""
    others = {node.name: node.address or "" for node in manifest.nodes if is_outside(node)}
    if not others:
        return manifest

    def source(name: str) -> str:
        return _network(others[name]) if name in others else name

    nodes = tuple(letting_in(node, source) for node in manifest.nodes if not is_outside(node))
    return replace(manifest, nodes=nodes, configuration=_without(manifest.configuration, others))


def monitored(manifest: Manifest) -> list[Step]:
    """A step for each measurement of an outside node: it needs nothing but the address, which is known."""
    others = {node.name: node.address or "" for node in manifest.nodes if is_outside(node)}
    actions = manifest.configuration.actions if others and manifest.configuration else ()
    told = [one for action in actions for statement in action.statements for one in said(statement)]
    watches = {(one.target, one.what): one for one in told if isinstance(one, Watch) and one.target in others}
    return [
        Step(f"{base(target)}.monitor.{what}", _MEASURED, target, _asked(one, others[target]))
        for (target, what), one in watches.items()
    ]


def _asked(watch: Watch, address: str) -> dict[str, Value]:
    return {"metric": watch.metric, "location": watch.location, "address": address}


def known(manifest: Manifest) -> dict[str, Mapping[str, str]]:
    """Node -> its properties, for a plan. Without the certificate: who needs it is told it."""
    found = {node.name: properties(node) for node in manifest.nodes if is_outside(node)}
    return {name: {key: text for key, text in said.items() if key != "certificate"} for name, said in found.items()}


def _check_node(node: Node, findings: Findings) -> None:
    if not is_outside(node):
        for name in ("address", "aetitle", "certificate"):
            if getattr(node, name):
                summary = f"{name} of the node {node.name} is for a node that is outside, and this one is made here"
                findings.add("outside-part", node.at, summary, f'write provider="{OUTSIDE}", or take {name} out')
        return
    if not node.address:
        summary = f"the node {node.name} is outside, and its address is not said"
        findings.add("outside-address", node.at, summary, 'give it an address="10.1.2.3", or a host name')
    for part in _made_here(node):
        summary = f"the node {node.name} is outside: nobody here makes its {part}"
        hint = f'take {part} out, or provider="{OUTSIDE}"'
        findings.add("outside-part", node.at, summary, hint)


def _made_here(node: Node) -> Iterator[str]:
    """What an outside node has that only a provider could give."""
    below = node.infrastructure or Infrastructure("")
    if node.image is not None:
        yield "image"
    if below.storage is not None:
        yield "storage"
    if below.compute is not None and any((below.compute.cores, below.compute.memory, below.compute.speed)):
        yield "compute"
    if node.type != "simple":
        yield "type"
    if node.scope != "normal":
        yield "scope"


def _check_statement(document: Manifest, statement: Statement, findings: Findings) -> None:
    target = lead(document, statement.target).node
    if target is not None and is_outside(target) and statement.method != _MEASURED:
        summary = f"{statement.target} is outside: {statement.method} would tell it something, and nobody here may"
        hint = f"tell your own nodes about it: node.configure({statement.target}.address);"
        findings.add("outside-target", statement.at, summary, hint)
    for named in statement.arguments:
        if isinstance(named, Property):
            _check_property(document, statement, named, findings)


def _check_property(document: Manifest, statement: Statement, named: Property, findings: Findings) -> None:
    """That it is one that outside nodes may have, `statements` has checked; here, that this one has it."""
    node = lead(document, named.path).node
    if node is None or not is_outside(node) or named.name not in _HINTS or named.name in properties(node):
        return
    if named.name != "address":  # without an address it was said before
        summary = f"{named.path} is outside and says no {named.name}"
        findings.add("action-property", statement.at, summary, _HINTS[named.name])


_HINTS = {
    "address": "",
    "port": "write <infrastructure><network><port from=... to=.../></network></infrastructure> in it",
    "aetitle": 'give it the attribute aetitle="..."',
    "certificate": "give it the element <certificate> with the PEM in it",
}


def _check_sources(document: Manifest, findings: Findings) -> None:
    names = {node.name for node in document.nodes if is_outside(node) and node.address and not _is_ip(node.address)}
    for node in document.nodes if names else ():
        for port in check.ports(node):
            if port.source in names:
                summary = f"range of the port {port.name}: {port.source} is outside, and its address is a host name"
                findings.add("port-source", port.at, summary, "firewalls take IP addresses: write one as its address")


def _is_ip(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _statements(document: Manifest) -> Iterator[Statement]:
    for phase in (document.configuration, document.release, document.interface):
        for action in phase.actions if phase else ():
            yield from action.statements


def _literals(manifest: Manifest, within: str = "") -> Iterator[tuple[tuple[str, str], str]]:
    """(path, property) -> text, of the outside nodes of this manifest and of those inside it."""
    for node in manifest.nodes:
        if is_outside(node):
            yield from (((within + node.name, name), text) for name, text in properties(node).items())
        elif node.nested is not None:
            yield from _literals(node.nested, f"{within}{node.name}.")


def _without(phase: Phase | None, others: Collection[str]) -> Phase | None:
    """The phase without what is said of outside nodes."""
    if phase is None:
        return None
    actions = tuple(
        replace(action, statements=tuple(each for each in action.statements if each.target not in others))
        for action in phase.actions
    )
    return replace(phase, actions=actions)


def _network(address: str) -> str:
    """The one address as a CIDR."""
    return f"{address}/{ip_address(address).max_prefixlen}"
