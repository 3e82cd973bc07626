"""What is said when a service runs: its outputs, each a property of a node, an input, or something that is outside.

Checked when a document is read; in a plan an output is the Ref of the step that will know it, or the text itself.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from manifests.actions.language import PROPERTIES
from manifests.actions.paths import INPUT, lead, simple
from manifests.findings import Findings, nearest
from manifests.model import Manifest, Node, Output
from manifests.plan import Value
from manifests.planning.sources import Sources
from manifests.reading import outside

SECRETS = frozenset({"password"})
"""Properties of nodes that an output never says."""


def settled(document: Manifest, findings: Findings) -> Manifest:
    """The document with the outputs that are known before anything is made as literals, after checking them all."""
    if not document.outputs:
        return document
    seen: dict[str, Output] = {}
    for output in document.outputs:
        first = seen.setdefault(output.name, output)
        if first is not output:
            summary = f"{document.name} has a second output called {output.name}; the first is in line {first.at.line}"
            findings.add("duplicate", output.at, summary, "give it a name of its own")
    return replace(document, outputs=tuple(_settled(document, each, findings) for each in document.outputs))


def planned(manifest: Manifest, sources: Sources) -> dict[str, Value]:
    """Output -> its text, or the result that will hold it."""
    found: dict[str, Value] = {}
    for each in manifest.outputs:
        known = each.value.literal
        found[each.name] = known or sources.ref(each.value.node or each.value.path, each.value.name)
    return found


def _settled(document: Manifest, output: Output, findings: Findings) -> Output:
    if output.value is None:  # it waits for an input
        return output
    if output.value.path == INPUT:
        return _of_input(document, output, findings)
    found = lead(document, output.value.path)
    if found.node is None:
        summary = f"the output {output.name} is of the node {found.wrong!r}, which {found.place} has not"
        findings.add("output-property", output.at, summary, nearest(found.wrong, found.known))
        return output
    return _of_node(output, found.node, findings) if found.sure else output


def _of_input(document: Manifest, output: Output, findings: Findings) -> Output:
    inputs = {one.name: one for one in document.inputs}
    one = inputs.get(output.value.name)
    if one is None:
        summary = f"the output {output.name} is of an input {output.value.name!r} that there is not"
        findings.add("input-unknown", output.at, summary, nearest(output.value.name, inputs))
        return output
    if one.secret:
        _secret(output, findings)
    return replace(output, value=replace(output.value, literal=one.value))


def _of_node(output: Output, node: Node, findings: Findings) -> Output:
    name = output.value.name
    chain = simple(node)
    if not chain:
        summary = f"the output {output.name} is of {output.value.path}, which has several nodes: none of them is meant"
        findings.add("output-property", output.at, summary, "name the node inside it, too")
        return output
    if outside.is_outside(chain[-1]):
        known = outside.properties(chain[-1])
        _check_known(output, known, findings)
        return replace(output, value=replace(output.value, literal=known.get(name)))
    if name in SECRETS:
        _secret(output, findings)
        return output
    _check_known(output, PROPERTIES.keys() - SECRETS, findings)
    return output


def _check_known(output: Output, known: Collection[str], findings: Findings) -> None:
    if output.value.name not in known:
        summary = f"the output {output.name}: {output.value.path} has no property {output.value.name!r} to say"
        findings.add("output-property", output.at, summary, nearest(output.value.name, known))


def _secret(output: Output, findings: Findings) -> None:
    summary = f"the output {output.name} would print {output.value}, which is secret"
    findings.add("output-secret", output.at, summary, "take it out: secrets reach nodes, and nobody else")
