"""Nodes that are manifests of their own (cords.md 1.5): their type is looked for in the library and read, to any depth.
What an abstract node's type names is looked for as well, and not read: it is for the provider that takes the node.

What is wrong inside is said once, at the node that is that manifest; where exactly, reading the inner document says.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from manifests.actions.paths import OF_MANIFEST, SIMPLE, is_complex
from manifests.diagnostics import Diagnostic, errors
from manifests.findings import Findings
from manifests.grammar import ROOTS
from manifests.model import Manifest, Node
from manifests.reading.references import NO_LIBRARY, Defined, Library

DEEPEST = 16
"""Levels of manifests in manifests: far above any real one, far below what a stack holds."""

# What is wrong with how manifests are inside each other, and so with the outermost one too.
_OF_THE_WHOLE = frozenset({"nested-cycle", "nested-depth"})

Nested = tuple[Manifest | None, tuple[Diagnostic, ...]]


@dataclass(slots=True)
class Nest:
    """The manifests that a document stands in, itself last (`path`), and those that were read before: a manifest that
    many nodes are is read once, however deep they stand. `complete`: what the library has not is nowhere."""

    library: Library = NO_LIBRARY
    complete: bool = False
    path: tuple[str, ...] = ()
    before: dict[str, Nested] = field(default_factory=dict)

    def inside(self, name: str) -> Nest:
        return Nest(self.library, self.complete, (*self.path, name), self.before)


def nested(document: Manifest, nest: Nest, read: Callable[[Defined, Nest], Nested], findings: Findings) -> Manifest:
    """The document with the manifest of each complex node in it. `read` reads one that the library has."""
    if not any(is_complex(node) or is_application(node) for node in document.nodes):
        return document
    here = nest.inside(document.name)
    return replace(document, nodes=tuple(_node(node, here, read, findings) for node in document.nodes))


def _node(node: Node, nest: Nest, read: Callable[[Defined, Nest], Nested], findings: Findings) -> Node:
    if is_application(node):
        return replace(node, document=_document(node, nest, findings))
    if not is_complex(node):
        return node
    if node.type in nest.path:
        path = " -> ".join((*nest.path[nest.path.index(node.type) :], node.type))
        hint = "let one of them be without the other"
        findings.add("nested-cycle", node.at, f"a manifest holds itself through its nodes: {path}", hint)
        return node
    if len(nest.path) > DEEPEST:
        summary = f"the node {node.name} is a manifest {len(nest.path)} levels inside others; {DEEPEST} are read"
        findings.add("nested-depth", node.at, summary, "take a level out")
        return node
    found = _read(node, nest, read, findings)
    return replace(node, nested=found) if found else node


def _read(node: Node, nest: Nest, read: Callable[[Defined, Nest], Nested], findings: Findings) -> Manifest | None:
    """The newest manifest of that name: a bare name means the latest (architecture.md, versions)."""
    if node.type not in nest.before:
        newest = next(iter(nest.library("manifest", node.type)), None)
        if newest is None:
            _nowhere(node, nest, findings)
            return None
        nest.before[node.type] = read(newest, nest)
    manifest, diagnostics = nest.before[node.type]
    _tell(node, diagnostics, findings)
    return manifest


def is_application(node: Node) -> bool:
    """Whether a node is what a document of another platform says (its category), of the name that is its type."""
    return node.category != OF_MANIFEST and node.category in ROOTS and node.type != SIMPLE


def _document(node: Node, nest: Nest, findings: Findings) -> str | None:
    """The newest of that name. It was checked when it was sent."""
    newest = next(iter(nest.library(node.category, node.type)), None)
    if newest is None:
        _nowhere(node, nest, findings)
    return newest.text if newest else None


def _nowhere(node: Node, nest: Nest, findings: Findings) -> None:
    what = f"{node.category} {node.type}"
    if not nest.complete:
        summary = f"the node {node.name} is the {what}, which is not read here"
        findings.add("nested-unread", node.at, summary, "the server has it, and checks what is said of its nodes")
        return
    summary = f"the node {node.name} is the {what}, which nobody has sent"
    hint = f"send {node.type} first" + (", or write type='simple'" if node.category == OF_MANIFEST else "")
    findings.add("nested-nowhere", node.at, summary, hint)


def _tell(node: Node, diagnostics: tuple[Diagnostic, ...], findings: Findings) -> None:
    if not diagnostics:
        return
    wrong = errors(diagnostics)
    first = (wrong or diagnostics)[0]
    if first.code in _OF_THE_WHOLE:
        findings.add(first.code, node.at, first.summary, first.hint)
        return
    count = len(wrong or diagnostics)
    more = f", and {count - 1} more" if count > 1 else ""
    where = f"line {first.line}: " if first.line else ""
    summary = f"in the manifest {node.type}, which the node {node.name} is: {where}{first.summary}{more}"
    code = "nested-errors" if wrong else "nested-warnings"
    findings.add(code, node.at, summary, first.hint or f"mend {node.type} and send it again")
