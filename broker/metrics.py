"""Metrics by their names: the built-in ones, and those that documents define (the `metric` of an import). Pure.

A site's own metric is a shell expression that the agent runs in the node. A definition of a built-in name is passed by:
the original's own list defines all of them, for other systems than ours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from manifests import Library, quantity
from sla import Metric, Origin, Watch, metric

Look = Callable[[str], Metric | None]
"""The metric of a name, None when nobody measures it."""


def looking(library: Library) -> Look:
    """The built-in metrics, then the library's."""

    def look(name: str) -> Metric | None:
        return metric(name) or next(filter(None, (defined(each.text) for each in library("metric", name))), None)

    return look


def defined(text: str) -> Metric | None:
    """A metric from its definition's JSON twin; None for one without an expression, which nobody could measure."""
    said: Mapping[str, Any] = orjson.loads(text)["metric"]
    expression = str(said.get("expression") or "")
    if not expression.strip():
        return None
    period, samples = (
        int(quantity(str(said.get(name) or default))) for name, default in (("period", 60), ("samples", 1))
    )
    name, units = str(said["name"]), str(said.get("units") or "")
    return Metric(name, units, Origin.NODE, "defined by a document", "", period, samples, expression)


def watch_of(node: str, inputs: Mapping[str, Any]) -> Watch:
    """What the inputs of a monitor step ask to be measured."""
    return Watch(
        metric=str(inputs["metric"]),
        target=node,
        period=int(inputs.get("period") or 60),
        samples=int(inputs.get("samples") or 1),
        location=str(inputs.get("location") or "") or None,
        address=str(inputs.get("address") or "") or None,
        expression=str(inputs.get("expression") or ""),
    )
