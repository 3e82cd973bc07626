"""What the phases of a manifest tell each node, and which nodes therefore wait for which.

The order of nodes follows from who needs whose property, never from the order of the document.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from manifests.actions.language import METHODS
from manifests.actions.paths import INPUT
from manifests.actions.statements import place
from manifests.findings import Findings
from manifests.model import Manifest, Phase, Position, Property, Statement
from manifests.planning.graph import cycles

SELF = "self"
_NOT_IN_A_VARIABLE = re.compile(r"[^A-Za-z0-9_]")


@dataclass(frozen=True, slots=True)
class Wire:
    """One value that reaches a node: the property `name` of the node `source`, or `literal`, which makes nobody wait.
    `spoken` is the source as the document names it there, `self` for what has none."""

    target: str
    source: str
    name: str
    literal: str | None
    at: Position
    spoken: str

    @property
    def awaits(self) -> bool:
        """Whether it is only there when another node is ready."""
        return self.literal is None and self.source not in (self.target, INPUT)

    @property
    def symbol(self) -> str:
        """The environment variable it arrives as (cords.md 1.4)."""
        return _NOT_IN_A_VARIABLE.sub("_", f"{self.spoken}_{self.name}")


@dataclass(frozen=True, slots=True)
class Command:
    """`verb` is run, fork or kill; `text` the script, or the process to end."""

    target: str
    verb: str
    text: str


@dataclass(frozen=True, slots=True)
class Watch:
    """A metric that is measured for as long as the node runs; `location` where, for metrics that need one."""

    target: str
    metric: str
    location: str = ""

    @property
    def what(self) -> str:
        """What tells it from the node's other measurements."""
        return f"{self.metric}@{self.location}" if self.location else self.metric


@dataclass(slots=True)
class Told:
    """What one node is told, in the order of the document; each metric once."""

    wires: dict[str, Wire] = field(default_factory=dict)
    commands: list[Command] = field(default_factory=list)
    watches: dict[str, Watch] = field(default_factory=dict)


def told(manifest: Manifest, phase: Phase | None, findings: Findings) -> Mapping[str, Told]:
    """Every node of the manifest, with what the phase tells it."""
    found = {node.name: Told() for node in manifest.nodes}
    for action in phase.actions if phase else ():
        for statement in action.statements:
            for one in said(statement):
                node = found[one.target]
                match one:
                    case Wire():
                        _keep(one, node, findings)
                    case Command():
                        node.commands.append(one)
                    case Watch():
                        node.watches.setdefault(one.what, one)
    return found


def said(statement: Statement) -> Iterator[Wire | Command | Watch]:
    """What one statement tells its target: nothing, when it is a historic call that is not acted on."""
    method = METHODS.get(statement.method)
    if method is None:
        return
    target, verb = statement.target, method.verb
    if statement.method == "set":
        name, value = map(str, statement.arguments)
        yield Wire(target, SELF, name, value, statement.at, SELF)
    elif verb == "monitor":
        yield _watch(statement)
    elif verb != "configure":
        yield Command(target, verb, str(statement.arguments[0]))
    for named in statement.arguments:
        if verb == "configure" and isinstance(named, Property):
            source = named.node or named.path
            yield Wire(target, source, named.name, named.literal, statement.at, named.path)


def _watch(statement: Statement) -> Watch:
    """`monitor(slam.cpu)`: the path is the historic word for who asked (cords.md 1.4)."""
    named = statement.arguments[0]
    metric = named.name if isinstance(named, Property) else named
    return Watch(statement.target, metric, place(statement))


def needs(found: Mapping[str, Told]) -> dict[str, set[str]]:
    """The nodes each node waits for; a node's own properties and inputs make it wait for nobody."""
    return {name: {wire.source for wire in node.wires.values() if wire.awaits} for name, node in found.items()}


def check_cycles(found: Mapping[str, Told], findings: Findings) -> None:
    """A diagnostic for each ring of nodes that wait for one another, with its path."""
    for path in cycles(needs(found)):
        wire = next(wire for wire in found[path[0]].wires.values() if wire.source == path[1])
        summary = f"nodes wait for each other: {' -> '.join(path)}"
        findings.add("cycle", wire.at, summary, "take one of these configure statements out")


def _keep(wire: Wire, node: Told, findings: Findings) -> None:
    """The same statement twice is one; two values under one variable are a mistake."""
    first = node.wires.setdefault(wire.symbol, wire)
    if (first.source, first.name, first.literal) != (wire.source, wire.name, wire.literal):
        summary = f"${wire.symbol} of {wire.target} would be both {_spoken(first)} and {_spoken(wire)}"
        findings.add("same-symbol", wire.at, summary, "rename a node, or take one statement out")


def _spoken(wire: Wire) -> str:
    return repr(wire.literal) if wire.literal is not None else f"{wire.source}.{wire.name}"
