"""Whether the statements of a manifest's phases mean something: the nodes and properties they name are there, somebody
has the method, its arguments are of its kind. One diagnostic for each thing that is wrong, with the nearest right name.

Nodes of other manifests are followed as deep as those are known; what is inside an unknown one is let pass: the reader
has warned that it is unknown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from manifests.actions.language import CONSUMERS, METHODS, OCCI_CALLS, PROPERTIES, Method
from manifests.actions.methods import methods
from manifests.actions.paths import INPUT, OUTSIDE, Lead, is_complex, lead, simple
from manifests.findings import Findings, nearest
from manifests.model import Manifest, Node, Position, Property, Statement

OF_OUTSIDE_NODES = ("address", "hostname", "aetitle", "port", "certificate")
"""What a node that nobody here makes can be asked for."""

_SYMBOL = re.compile(r"[A-Za-z0-9_:-]{1,63}")
_PLACE = re.compile(r"[!-~]{1,255}")
_LONGEST_SHOWN = 70


class Metric(Protocol):
    """What a statement has to know of a metric: what its `location` means, empty where it needs none, and whether it is
    measured `inside` the node."""

    @property
    def location(self) -> str: ...
    @property
    def inside(self) -> bool: ...


Metrics = Mapping[str, Metric]
"""What somebody measures, by name."""


@dataclass(frozen=True, slots=True)
class _OfASite:
    location: str = ""
    inside: bool = True


OF_A_SITE: Metric = _OfASite()
"""A metric of the site's own: an expression that the node's shell runs."""


def check(manifest: Manifest, findings: Findings, metrics: Metrics | None = None, *, complete: bool = True) -> None:
    """Every statement of configuration, release and interface. `metrics` are what somebody measures; None: they are not
    checked. Unless they are `complete`, a server may know of more."""
    checker = _Checker(manifest, findings, metrics, complete)
    for word, phase in (
        ("configuration", manifest.configuration),
        ("release", manifest.release),
        ("interface", manifest.interface),
    ):
        for action in phase.actions if phase else ():
            for statement in action.statements:
                checker.statement(statement, word)


def place(statement: Statement) -> str:
    """Where a monitor statement wants something measured. A second argument was the address of who judges it; what is
    no address is the place."""
    rest = statement.arguments[1:]
    return next((each for each in rest if isinstance(each, str) and "://" not in each), "")


def watched(manifest: Manifest) -> Iterator[str]:
    """The metrics that its configuration has measured."""
    for action in manifest.configuration.actions if manifest.configuration else ():
        for statement in action.statements:
            if statement.method in METHODS and METHODS[statement.method].takes == "metric":
                yield from (named.name for named in statement.arguments if isinstance(named, Property))


@dataclass(frozen=True, slots=True)
class _Checker:
    manifest: Manifest
    findings: Findings
    metrics: Metrics | None
    complete: bool

    def statement(self, statement: Statement, phase: str) -> None:
        found = lead(self.manifest, statement.target)
        if found.node is None:
            self._nowhere(statement.at, found)
            return
        own = self._own_methods(found)
        method = METHODS.get(statement.method)
        if method is not None and phase in method.phases:
            self._built_in(statement, method, found)
        elif own is None:
            return  # a method of a manifest that is not known
        elif statement.method in own:
            self._interface(statement)
        elif statement.method in OCCI_CALLS:
            self._historic_call(statement)
        else:
            self._no_method(statement, phase, own)

    def property(self, named: Property) -> None:
        """A property that is passed: of a node, or one of the manifest's inputs."""
        if named.path == INPUT:
            self._input(named)
            return
        found = lead(self.manifest, named.path)
        if found.node is None:
            self._nowhere(named.at, found)
        elif found.sure:
            self._of_node(named, found.node)

    def _input(self, named: Property) -> None:
        known = [each.name for each in self.manifest.inputs]
        if named.name not in known:
            summary = f"there is no input {named.name[:_LONGEST_SHOWN]!r}"
            self.findings.add("input-unknown", named.at, summary, self._hint(named.name, known))

    def _own_methods(self, found: Lead) -> Collection[str] | None:
        """Those of the manifest that a complex node is; None when it is not known."""
        if not found.sure or found.node is None:
            return None
        if not is_complex(found.node):
            return ()
        return methods(found.node.nested) if found.node.nested else None

    def _built_in(self, statement: Statement, method: Method, found: Lead) -> None:
        if method.modern:
            summary = f"{statement.method} is the historic word for {method.modern}"
            hint = f"write {statement.target}.{method.modern}(...);"
            self.findings.add("historic-method", statement.at, summary, hint)
        if found.sure and found.node is not None:
            self._one(found.node, statement.at, statement.target)
        wrong = _TAKES[method.takes](statement)
        if wrong:
            self._arguments(statement, wrong)
        if method.takes == "metric":
            self._metric(statement, found.node)
            return
        for named in statement.arguments:
            if isinstance(named, Property):
                self.property(named)

    def _metric(self, statement: Statement, node: Node | None) -> None:
        named = next((each for each in statement.arguments if isinstance(each, Property)), None)
        if named is None:
            return
        if named.path not in CONSUMERS:
            summary = f"nobody who takes measurements is called {named.path[:_LONGEST_SHOWN]!r}"
            self.findings.add("action-consumer", named.at, summary, nearest(named.path, CONSUMERS))
        if self.metrics is None:
            return
        if named.name not in self.metrics:
            self._nobody_measures(named, self._hint(named.name, self.metrics))
            return
        self._measurable(statement, named, self.metrics[named.name], node)

    def _nobody_measures(self, named: Property, hint: str) -> None:
        name = repr(named.name[:_LONGEST_SHOWN])
        if self.complete:
            self.findings.add("action-metric", named.at, f"nobody measures {name}", hint)
        else:
            summary = f"nobody here measures {name}; an import that the server has may define it"
            self.findings.add("metric-unread", named.at, summary, hint)

    def _measurable(self, statement: Statement, named: Property, metric: Metric, node: Node | None) -> None:
        target = statement.target
        if metric.location and not place(statement):
            summary = f"{named.name} of {target} is measured at a place, which is not said"
            hint = f"write {target}.monitor({named.path}.{named.name}, '...'); with the {metric.location}"
            self.findings.add("metric-location", named.at, summary, hint)
        if metric.inside and node is not None and node.provider == OUTSIDE:
            summary = f"{target} is outside, and {named.name} is measured inside a node"
            hint = "choose a metric that is measured from outside, such as tcp:connect or dicom:echo"
            self.findings.add("metric-outside", named.at, summary, hint)

    def _interface(self, statement: Statement) -> None:
        if any(isinstance(each, Property) for each in statement.arguments):
            self._arguments(statement, "texts in quotes: its scripts have them as $1, $2")

    def _of_node(self, named: Property, node: Node) -> None:
        if is_complex(node) and node.nested is None:
            return
        chain = self._one(node, named.at, named.path)
        if chain:
            known = OF_OUTSIDE_NODES if chain[-1].provider == OUTSIDE else tuple(PROPERTIES)
            self._known(named, known, f"{named.path} has no property")

    def _one(self, node: Node, at: Position, path: str) -> tuple[Node, ...]:
        """The simple node that is meant by a path; a diagnostic when a complex one has several."""
        if is_complex(node) and node.nested is None:
            return ()
        chain = simple(node)
        if not chain:
            inside = [f"{path}.{each.name}" for each in node.nested.nodes] if node.nested else []
            hint = f"name one of them: {', '.join(inside[:5])}" if inside else "name a node that has nodes"
            summary = f"{path} is the manifest {node.type}, which has {len(inside)} nodes: none of them is meant"
            self.findings.add("action-several", at, summary, hint)
        return chain

    def _known(self, named: Property, known: Collection[str], what: str) -> None:
        if named.name not in known:
            summary = f"{what} {named.name[:_LONGEST_SHOWN]!r}"
            self.findings.add("action-property", named.at, summary, self._hint(named.name, known))

    def _nowhere(self, at: Position, found: Lead) -> None:
        where = "" if found.place == self.manifest.name else f" in {found.place}"
        summary = f"there is no node {found.wrong[:_LONGEST_SHOWN]!r}{where}"
        self.findings.add("action-path", at, summary, self._hint(found.wrong, found.known))

    def _no_method(self, statement: Statement, phase: str, own: Collection[str]) -> None:
        known = [name for name, other in METHODS.items() if phase in other.phases and not other.modern]
        summary = f"there is no method {statement.method[:_LONGEST_SHOWN]!r} in a {phase}"
        self.findings.add("action-method", statement.at, summary, self._hint(statement.method, [*known, *own]))

    def _historic_call(self, statement: Statement) -> None:
        summary = f"{statement.target}.{statement.method}() is a call of the original's servers: it is not acted on"
        self.findings.add("historic-cordscript", statement.at, summary, "leave it out")

    def _arguments(self, statement: Statement, takes: str) -> None:
        summary = f"{statement.method} on {statement.target} takes {takes}"
        self.findings.add("action-arguments", statement.at, summary, f"{statement.target}.{statement.method}(...);")

    def _hint(self, word: str, known: Collection[str]) -> str:
        return "" if self.findings.full else nearest(word, known)


def _properties(statement: Statement) -> str:
    right = bool(statement.arguments) and all(isinstance(each, Property) for each in statement.arguments)
    return "" if right else "one or more properties of nodes, such as db.hostname"


def _name_and_text(statement: Statement) -> str:
    texts = [each for each in statement.arguments if isinstance(each, str)]
    right = len(texts) == len(statement.arguments) == 2 and bool(_SYMBOL.fullmatch(texts[0])) and bool(texts[1])
    return "" if right else "a name and a text in quotes"


def _text(statement: Statement) -> str:
    texts = [each for each in statement.arguments if isinstance(each, str) and each]
    return "" if len(texts) == len(statement.arguments) == 1 else "one text in quotes"


def _measured(statement: Statement) -> str:
    first, *rest = statement.arguments or ("",)
    places = [each for each in rest if isinstance(each, str) and _PLACE.fullmatch(each)]
    right = isinstance(first, Property) and len(places) == len(rest) < 2
    return "" if right else "a consumer and a metric, such as slam.cpu, and in quotes where it is measured"


_TAKES: Mapping[str, Callable[[Statement], str]] = {
    "properties": _properties,
    "name and text": _name_and_text,
    "text": _text,
    "metric": _measured,
}
"""What is wrong with a statement's arguments, said as what its method takes; empty when they are right."""
