"""What the configuration and release phases tell each node, and which nodes therefore wait for which.

The order of nodes follows from who needs whose property, never from the order of the document.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from manifests.findings import Findings
from manifests.graph import cycles
from manifests.language import METHODS
from manifests.model import Manifest, Phase, Position, Property, Statement

SELF = "self"
_NOT_IN_A_VARIABLE = re.compile(r"[^A-Za-z0-9_]")


@dataclass(frozen=True, slots=True)
class Wire:
    """One value that reaches a node: the property `name` of the node `source`, or `literal` of the source `self`."""

    target: str
    source: str
    name: str
    literal: str | None
    at: Position

    @property
    def symbol(self) -> str:
        """The environment variable it arrives as (cords.md 1.4)."""
        return _NOT_IN_A_VARIABLE.sub("_", f"{self.source}_{self.name}")


@dataclass(frozen=True, slots=True)
class Command:
    """`verb` is run, fork or kill; `text` the script, or the process to end."""

    verb: str
    text: str


@dataclass(slots=True)
class Told:
    """What one node is told, in the order of the document."""

    wires: dict[tuple[str, str], Wire] = field(default_factory=dict)
    commands: list[Command] = field(default_factory=list)


def told(manifest: Manifest, phase: Phase | None, findings: Findings) -> Mapping[str, Told]:
    """Every node of the manifest, with what the phase tells it."""
    found = {node.name: Told() for node in manifest.nodes}
    for action in phase.actions if phase else ():
        for statement in action.statements:
            node = found[statement.target]
            verb = METHODS[statement.method].verb
            if verb == "configure":
                for wire in _wires(statement):
                    _keep(wire, node, findings)
            else:
                node.commands.append(Command(verb, str(statement.arguments[0])))
    return found


def needs(found: Mapping[str, Told]) -> dict[str, set[str]]:
    """The nodes each node waits for; a node's own properties make it wait for nobody."""
    return {
        name: {wire.source for wire in node.wires.values() if wire.literal is None and wire.source != name}
        for name, node in found.items()
    }


def check_cycles(found: Mapping[str, Told], findings: Findings) -> None:
    """A diagnostic for each ring of nodes that wait for one another, with its path."""
    for path in cycles(needs(found)):
        wire = next(wire for wire in found[path[0]].wires.values() if wire.source == path[1])
        summary = f"nodes wait for each other: {' -> '.join(path)}"
        findings.add("cycle", wire.at, summary, "take one of these configure statements out")


def _wires(statement: Statement) -> list[Wire]:
    if statement.method == "set":
        name, value = map(str, statement.arguments)
        return [Wire(statement.target, SELF, name, value, statement.at)]
    return [
        Wire(statement.target, argument.path, argument.name, None, statement.at)
        for argument in statement.arguments
        if isinstance(argument, Property)
    ]


def _keep(wire: Wire, node: Told, findings: Findings) -> None:
    """The same statement twice is one; two values under one variable are a mistake."""
    key = (wire.source, wire.name)
    first = node.wires.setdefault(key, wire)
    clash = next((w for w in node.wires.values() if w.symbol == wire.symbol), None) if first is wire else first
    if clash and (clash.source, clash.name, clash.literal) != (wire.source, wire.name, wire.literal):
        summary = f"${wire.symbol} of {wire.target} would be both {_spoken(clash)} and {_spoken(wire)}"
        findings.add("same-symbol", wire.at, summary, "rename a node, or take one statement out")


def _spoken(wire: Wire) -> str:
    return repr(wire.literal) if wire.literal is not None else f"{wire.source}.{wire.name}"
