"""An agreement's document and a service's nodes -> the guarantees that are judged. Pure.

`scope` of a guarantee is `any`, `all`, `default`, a node's name, or a list of names parted by `,` `;` or blanks, each
with an optional `=` before it, or `!` for all but that one (CORDS reference, 4.1; the original never matched a list of
negations alone).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence

from broker.errors import InvalidDocument
from manifests import Agreement, Diagnostic, Severity, quantity
from manifests import Guarantee as Written
from sla import METRICS, Business, Comparison, Guarantee, Objective

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


def promised(agreement: Agreement, nodes: Sequence[str]) -> tuple[Guarantee, ...]:
    """What the agreement promises of these nodes, one guarantee a node in scope. InvalidDocument with every reason why
    one of them could not be judged: a metric nobody measures, a value that is no number, no such node. (The reader has
    seen to the conditions.)"""
    found: list[Guarantee] = []
    wrong: list[Diagnostic] = []
    for written in _written(agreement):
        problems = list(_problems(written, nodes))
        wrong += problems
        if not problems:
            found += [_guarantee(written, node) for node in _scope(written.scope, nodes)]
    if wrong:
        raise InvalidDocument(
            f"the agreement {agreement.name} promises what cannot be judged",
            diagnostics=[_json(one) for one in wrong],
        )
    return tuple(found)


def _written(agreement: Agreement) -> Iterable[Written]:
    return (one for terms in agreement.terms for term in terms.terms for one in term.guarantees)


def _guarantee(written: Written, node: str) -> Guarantee:
    variable = written.variable
    period = variable.metric.period if variable.metric else 60
    return Guarantee(
        name=written.name,
        metric=variable.property,
        objective=Objective(_COMPARISONS[variable.condition.lower()], float(quantity(variable.value))),
        target=node,
        period=period,
        window=_MISSED * period,
        location=variable.location,
        obligated=written.obligated,
        importance=written.importance,
        business=tuple(Business(one.name, one.nature, one.expression) for one in written.business),
    )


def _scope(scope: str, nodes: Sequence[str]) -> list[str]:
    words = re.split(r"[,;\s]+", scope.strip())
    chosen = {word.removeprefix("=") for word in words if not word.startswith("!")}
    without = {word[1:] for word in words if word.startswith("!")}
    everywhere = not chosen or bool(chosen & _EVERYWHERE)
    return [node for node in nodes if (everywhere or node in chosen) and node not in without]


def _problems(written: Written, nodes: Sequence[str]) -> Iterable[Diagnostic]:
    variable = written.variable
    if variable.property not in METRICS:
        yield _problem(
            written, "agreement-metric", f"nobody measures {variable.property!r}", _near(variable.property, METRICS)
        )
    try:
        quantity(variable.value)
    except ValueError as unreadable:
        yield _problem(written, "agreement-value", str(unreadable), "write a number, with a unit if it has one")
    if not _scope(written.scope, nodes):
        known = ", ".join(nodes)
        yield _problem(written, "agreement-scope", f"no node of the service is {written.scope!r}", f"nodes: {known}")


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
