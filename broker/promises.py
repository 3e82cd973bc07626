"""An agreement's document and a service's nodes -> the guarantees that are judged. Pure.

`scope` of a guarantee is `any`, `all`, `default`, a node's name, or a list of names parted by `,` `;` or blanks, each
with an optional `=` before it, or `!` for all but that one (CORDS reference, 4.1; the original never matched a list of
negations alone). A node inside a complex one is named as the action language names it, `outer.inner`; a complex
node's own name means all nodes in it.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from broker.errors import InvalidDocument
from broker.metrics import Look
from manifests import Agreement, Diagnostic, Severity, Variable, quantity
from manifests import Guarantee as Written
from sla import METRICS, Business, Comparison, Guarantee, Metric, Objective, Origin, metric

# The historic words for each comparison (cords.md 4.3).
_COMPARISONS: Mapping[str, Comparison] = {
    word: comparison
    for comparison, words in (
        (Comparison.EQ, "eq equal"),
        (Comparison.NE, "ne notequal"),
        (Comparison.GR, "gr greater"),
        (Comparison.LS, "ls less"),
        (Comparison.LE, "le notgreater"),
        (Comparison.GE, "ge notless"),
    )
    for word in words.split()
}
_EVERYWHERE = frozenset({"", "any", "all", "default"})
_MISSED = 2
"""Periods without a sample after which a verdict is unknown."""


Outside = Mapping[str, str]
"""Nodes that nobody here made -> their addresses."""


def promised(
    agreement: Agreement, nodes: Sequence[str], *, look: Look = metric, outside: Outside = MappingProxyType({})
) -> tuple[Guarantee, ...]:
    """What the agreement promises of these nodes and those that are outside, one guarantee a node in scope. `look`
    finds a metric by its name. InvalidDocument with every reason why one of them could not be judged: a metric nobody
    measures, a value that is no number, no such node, one that is outside and would have to measure itself. (The reader
    has seen to the conditions.)"""
    found: list[Guarantee] = []
    wrong: list[Diagnostic] = []
    for written in _written(agreement):
        measured = _measured(written.variable, look)
        problems = list(_problems(written, measured, nodes, outside))
        wrong += problems
        if measured is not None and not problems:
            meant = _scope(written.scope, nodes, outside)
            found += [_guarantee(written, measured, node, outside.get(node)) for node in meant]
    if wrong:
        raise InvalidDocument(
            f"the agreement {agreement.name} promises what cannot be judged",
            diagnostics=[_json(one) for one in wrong],
        )
    return tuple(found)


def _written(agreement: Agreement) -> Iterable[Written]:
    return (one for terms in agreement.terms for term in terms.terms for one in term.guarantees)


def _guarantee(written: Written, measured: Metric, node: str, address: str | None) -> Guarantee:
    """The document's own period counts, else the metric's."""
    variable = written.variable
    period = variable.metric.period if variable.metric else measured.period
    return Guarantee(
        name=written.name,
        metric=variable.property,
        objective=Objective(_COMPARISONS[variable.condition.lower()], float(quantity(variable.value))),
        target=node,
        period=period,
        window=_MISSED * period * measured.samples,
        samples=measured.samples,
        location=variable.location,
        address=address,
        expression=measured.expression,
        obligated=written.obligated,
        importance=written.importance,
        business=tuple(Business(one.name, one.nature, one.expression) for one in written.business),
    )


def _scope(scope: str, nodes: Sequence[str], outside: Outside) -> list[str]:
    """Nodes of others are meant where they are named: what is promised of all nodes is promised of a service's own."""
    words = [word.replace(".", "/") for word in re.split(r"[,;\s]+", scope.strip())]
    chosen = {word.removeprefix("=") for word in words if not word.startswith("!")}
    without = {word[1:] for word in words if word.startswith("!")}
    everywhere = not chosen or bool(chosen & _EVERYWHERE)
    own = [node for node in nodes if (everywhere or chosen & _names(node)) and not without & _names(node)]
    return [*own, *(node for node in outside if node in chosen)]


def _names(node: str) -> set[str]:
    """What a node is meant by: its name, and those of the complex nodes that it is in."""
    parts = node.split("/")
    return {"/".join(parts[:count]) for count in range(1, len(parts) + 1)}


def _measured(variable: Variable, look: Look) -> Metric | None:
    """The metric of its name, or the one that is written out in it."""
    own = variable.metric
    if own is None or not own.expression:
        return look(variable.property)
    written = Metric(variable.property, own.units or "", Origin.NODE, own.name, "", own.period, own.samples)
    return look(variable.property) or replace(written, expression=own.expression)


def _problems(
    written: Written, measured: Metric | None, nodes: Sequence[str], outside: Outside
) -> Iterable[Diagnostic]:
    variable = written.variable
    if measured is None:
        yield _problem(
            written, "agreement-metric", f"nobody measures {variable.property!r}", _near(variable.property, METRICS)
        )
    try:
        quantity(variable.value)
    except ValueError as unreadable:
        yield _problem(written, "agreement-value", str(unreadable), "write a number, with a unit if it has one")
    meant = _scope(written.scope, nodes, outside)
    if not meant:
        known = ", ".join(node.replace("/", ".") for node in (*nodes, *outside))
        yield _problem(written, "agreement-scope", f"no node of the service is {written.scope!r}", f"nodes: {known}")
    away = [node for node in meant if node in outside]
    if away and measured is not None and measured.origin is Origin.NODE:
        summary = f"{away[0]} is outside, and {measured.name} is measured inside a node"
        yield _problem(written, "agreement-scope", summary, "promise what is measured from outside: tcp:connect, ...")


def _problem(written: Written, code: str, summary: str, hint: str) -> Diagnostic:
    at = written.variable.at
    return Diagnostic(Severity.ERROR, code, at.line, at.column, f"guarantee {written.name}: {summary}", hint)


def _near(word: str, known: Iterable[str]) -> str:
    words = sorted(known)
    near = difflib.get_close_matches(word, words, 1)
    return f"did you mean {near[0]}?" if near else "one of " + ", ".join(words)


def _json(one: Diagnostic) -> dict[str, object]:
    return {
        "severity": one.severity.value,
        "code": one.code,
        "line": one.line,
        "column": one.column,
        "summary": one.summary,
        "hint": one.hint,
    }
