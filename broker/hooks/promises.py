"""An agreement as written -> the guarantees that are judged, one for each node that its scope names. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from broker.errors import Invalid
from manifests import Agreement, quantity
from manifests import Guarantee as Written
from sla import METRICS, Business, Comparison, Guarantee, Objective

ANY = ("any", "all", "default")
DEFAULT_PERIOD = 60
"""Seconds between two measurements where the document does not say."""
PERIODS_SEEN = 2
"""A measurement is good for so many periods; then the verdict is unknown."""


def promised(agreement: Agreement, nodes: Collection[str]) -> tuple[Guarantee, ...]:
    """Every guarantee for every node it is about. Invalid for what nobody can measure or compare."""
    written = [each for terms in agreement.terms for term in terms.terms for each in term.guarantees]
    return tuple(_guarantee(each, node) for each in written for node in targets(each.scope, nodes))


def targets(scope: str, nodes: Collection[str]) -> Iterator[str]:
    """The nodes that a scope names: all of them, or those of a list with `,` `;` or blanks between; `!name` leaves one
    out (cords.md 4.1)."""
    words = [word for word in re.split(r"[,;\s]+", scope) if word]
    without = {word[1:] for word in words if word.startswith("!")}
    named = {word.removeprefix("=") for word in words if not word.startswith("!")}
    everything = not named or bool(named & set(ANY))
    yield from (node for node in sorted(nodes) if node not in without and (everything or node in named))


def _guarantee(written: Written, node: str) -> Guarantee:
    variable = written.variable
    if variable.property not in METRICS:
        known = ", ".join(sorted(METRICS))
        raise Invalid(f"guarantee {written.name}: nothing measures {variable.property}", hint=f"there are: {known}")
    period = variable.metric.period if variable.metric else DEFAULT_PERIOD
    return Guarantee(
        name=written.name,
        metric=variable.property,
        objective=Objective(Comparison(variable.condition), _value(written)),
        target=node,
        period=period,
        window=PERIODS_SEEN * period,
        location=variable.location,
        obligated=written.obligated,
        importance=written.importance,
        business=tuple(Business(each.name, each.nature, each.expression) for each in written.business),
    )


def _value(written: Written) -> float:
    try:
        return float(quantity(written.variable.value))
    except ValueError as error:
        text = written.variable.value[:40]
        raise Invalid(f"guarantee {written.name}: {text!r} is no number", hint="write 1, 80% or 10G") from error
