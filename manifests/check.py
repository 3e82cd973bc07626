"""What a document's parts say about each other: names that must be there, and names that must be there once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from ipaddress import ip_network

from manifests.findings import Findings, nearest
from manifests.language import METHODS, PROPERTIES, Method
from manifests.model import Agreement, Manifest, Network, Node, Package, Port, Position, Property, Statement, Volume


def manifest(document: Manifest, findings: Findings) -> None:
    """Nodes, volumes and packages have names of their own; ports and statements name what there is."""
    nodes = {node.name: node for node in document.nodes}
    _once("node", document.nodes, document.name, findings)
    for node in document.nodes:
        _once("volume", volumes(node), node.name, findings)
        _once("package", packages(node), node.name, findings)
        for port in ports(node):
            _source(port, nodes, findings)
    for word, phase in (
        ("configuration", document.configuration),
        ("release", document.release),
        ("interface", document.interface),
    ):
        for action in phase.actions if phase else ():
            for statement in action.statements:
                _statement(statement, word, nodes, findings)


def agreement(document: Agreement, findings: Findings) -> None:
    """A diagnostic when the agreement is about no manifest."""
    if not any(term.manifest for terms in document.terms for term in terms.terms):
        hint = 'write <terms type="services"><term><manifest name="..."/></term></terms>'
        findings.add("no-manifest", document.at, f"the agreement {document.name} names no manifest", hint)


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
        first = seen.setdefault(thing.name, thing.at)
        if first is not thing.at:
            summary = f"{where} has a second {what} called {thing.name}; the first is in line {first.line}"
            findings.add("duplicate", thing.at, summary, "give it a name of its own")


def _source(port: Port, nodes: dict[str, Node], findings: Findings) -> None:
    if port.source not in nodes and not is_cidr(port.source):
        hint = nearest(port.source, nodes) or "write a CIDR such as 0.0.0.0/0, or a node's name"
        summary = f"range {port.source!r} of the port {port.name} is neither a CIDR nor a node"
        findings.add("port-source", port.at, summary, hint)


def _statement(statement: Statement, phase: str, nodes: dict[str, Node], findings: Findings) -> None:
    _path(statement.target, statement.at, nodes, findings)
    if _nested(statement.target, nodes):
        return  # its methods are the interface of another manifest
    method = METHODS.get(statement.method)
    if method is None or phase not in method.phases:
        known = [name for name, other in METHODS.items() if phase in other.phases]
        summary = f"there is no method {statement.method!r} in a {phase}"
        findings.add("action-method", statement.at, summary, nearest(statement.method, known))
        return
    _arguments(statement, method, nodes, findings)


def _arguments(statement: Statement, method: Method, nodes: dict[str, Node], findings: Findings) -> None:
    properties = [a for a in statement.arguments if isinstance(a, Property)]
    texts = [a for a in statement.arguments if isinstance(a, str) and a]
    right = {
        "properties": bool(properties) and not texts,
        "name and text": len(texts) == len(statement.arguments) == 2 and bool(_SYMBOL.fullmatch(texts[0])),
        "text": len(texts) == len(statement.arguments) == 1,
    }[method.takes]
    if not right:
        summary = f"{statement.method} on {statement.target} takes {_TAKES[method.takes]}"
        findings.add("action-arguments", statement.at, summary, f"{statement.target}.{statement.method}(...);")
    for named in properties:
        _path(named.path, statement.at, nodes, findings)
        if named.name not in PROPERTIES and not _nested(named.path, nodes):
            summary = f"{named.path} has no property {named.name!r}"
            findings.add("action-property", statement.at, summary, nearest(named.name, PROPERTIES))


_SYMBOL = re.compile(r"[A-Za-z0-9_:-]{1,63}")
_TAKES = {
    "properties": "one or more properties of nodes, such as db.hostname",
    "name and text": "a name and a text in quotes",
    "text": "one text in quotes",
}


def _path(path: str, at: Position, nodes: dict[str, Node], findings: Findings) -> None:
    if path not in nodes and not _nested(path, nodes):
        hint = "" if findings.full else nearest(path, nodes)
        findings.add("action-path", at, f"there is no node {path[:70]!r}", hint)


def _nested(path: str, nodes: dict[str, Node]) -> bool:
    """Inside a node that is a manifest of its own (cords.md 1.4): checked when that manifest is read too."""
    outer = nodes.get(path.split(".", 1)[0])
    return outer is not None and outer.type != "simple"
