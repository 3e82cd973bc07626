"""What a document's parts say about each other: names that must be there, and names that must be there once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from ipaddress import ip_network
from typing import Any

from manifests.actions import statements
from manifests.actions.language import METHODS
from manifests.actions.statements import Metrics
from manifests.findings import Findings, nearest
from manifests.model import Action, Manifest, Network, Node, Package, Port, Position, Record, Volume
from manifests.reading.instances import term_of
from manifests.reading.parameters import is_open

# What the type of a node says when it is no manifest (cords.md 1.1).
_RESERVED = "simple"
# The records of an import that something is done with; all that is a typed value is referred to by name.
_ACTED_ON = frozenset({"account", "user"})


def manifest(document: Manifest, findings: Findings, metrics: Metrics | None = None, *, complete: bool = True) -> None:
    """Nodes, volumes and packages have names of their own; ports and statements name what there is. `metrics`:
    what somebody measures, None when that is not known here; unless `complete`, there may be more."""
    if document.name == _RESERVED:
        hint = "give it another name"
        findings.add("reserved-name", document.at, f"no manifest is called {_RESERVED}: every node would be one", hint)
    nodes = {node.name: node for node in document.nodes}
    _once("node", document.nodes, document.name, findings)
    for node in document.nodes:
        _once("volume", volumes(node), node.name, findings)
        _once("package", packages(node), node.name, findings)
        for port in ports(node):
            _source(port, nodes, findings)
    for action in document.interface.actions if document.interface else ():
        _method(action, findings)
    statements.check(document, findings, metrics, complete=complete)


def record(document: Record, findings: Findings) -> None:
    """One warning that names what is only kept; an error for each name that an import gives to two."""
    if document.term == "import":
        _defined_once(document, findings)
    idle = sorted(_idle(document))
    if idle:
        summary = f"nothing acts on {', '.join(f'<{term}>' for term in idle)} yet: checked and stored as written"
        findings.add("not-acted-on", document.at, summary, "nothing to mend: it is there when something does")


def _defined_once(document: Record, findings: Findings) -> None:
    """What an import holds is referred to by name: the last must not win silently."""
    seen: dict[tuple[str, str], Any] = {}
    children: Iterable[Any] = document.children
    for child in children:
        key = (term_of(child), child.name)
        first = seen.setdefault(key, child)
        if key[1] and first != child:
            summary = f"a second <{key[0]} name={key[1]!r}> differs from the first, in line {first.at.line}"
            findings.add("two-definitions", child.at, summary, "give it a name of its own, or keep one")


def _idle(document: Record) -> set[str]:
    if document.term != "import":
        return {document.term}
    return {child.term for child in document.children if isinstance(child, Record)} - _ACTED_ON


def volumes(node: Node) -> tuple[Volume, ...]:
    """The volumes of a node, those of its storage."""
    storage = node.infrastructure.storage if node.infrastructure else None
    return storage.volumes if storage else ()


def packages(node: Node) -> tuple[Package, ...]:
    """The packages of a node's image."""
    return node.image.packages if node.image else ()


def network(node: Node) -> Network | None:
    """The network of a node, None when it names none."""
    return node.infrastructure.network if node.infrastructure else None


def ports(node: Node) -> Iterator[Port]:
    """Those of its network, the network's endpoints and its packages (cords.md 3.9)."""
    net = network(node)
    if net:
        yield from net.ports
        for endpoint in net.endpoints:
            yield from endpoint.ports
    for package in packages(node):
        yield from package.ports


@lru_cache(maxsize=1024)
def is_cidr(text: str) -> bool:
    """Whether a text is an IP network."""
    try:
        ip_network(text)
    except ValueError:
        return False
    return True


def _once(what: str, things: Iterable[Node | Volume | Package], where: str, findings: Findings) -> None:
    seen: dict[str, Position] = {}
    for thing in things:
        if thing.name in seen:
            summary = f"{where} has a second {what} called {thing.name}; the first is in line {seen[thing.name].line}"
            findings.add("duplicate", thing.at, summary, "give it a name of its own")
        seen.setdefault(thing.name, thing.at)


def _method(action: Action, findings: Findings) -> None:
    if action.name.lower() in METHODS:
        summary = (
            f"the interface has a method {action.name}, which every node has already: a statement means the node's"
        )
        findings.add("method-name", action.at, summary, "give it a name of its own")


def _source(port: Port, nodes: dict[str, Node], findings: Findings) -> None:
    if port.source not in nodes and not is_cidr(port.source) and not is_open(port.source):
        hint = nearest(port.source, nodes) or "write a CIDR such as 0.0.0.0/0, or a node's name"
        summary = f"range {port.source!r} of the port {port.name} is neither a CIDR nor a node"
        findings.add("port-source", port.at, summary, hint)
