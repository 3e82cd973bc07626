"""Metrics by their names: the built-in ones, and those that documents define (the `metric` of an import). Pure.

A site's own metric is a shell expression that the agent runs in the node. A definition of a built-in name is passed by:
the original's own list defines all of them, for other systems than ours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import orjson

from broker.errors import Invalid
from broker.plans import plan_from_json, plan_to_json
from manifests import Library, Plan, Step, Value, quantity
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


def settled(plan: Plan, look: Look) -> Plan:
    """The plan with all that is needed to measure what its configuration monitors. Invalid for a metric that nobody
    measures, that needs a place, or that a node which is outside would have to measure itself."""
    return replace(plan, steps=tuple(_settled(each, look) for each in plan.steps))


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


def _settled(step: Step, look: Look) -> Step:
    match step.verb:
        case "monitor":
            return _measured(step, look)
        case "share":  # a common node has a plan of its own, as a text
            inner = plan_from_json(str(step.inputs["plan"]))
            found = settled(inner, look)
            return step if found == inner else replace(step, inputs={**step.inputs, "plan": plan_to_json(found)})
        case _:
            return step


def _measured(step: Step, look: Look) -> Step:
    watch = watch_of(step.subject, {name: step.inputs.get(name) for name in ("metric", "location", "address")})
    found = look(watch.metric)
    if found is None:
        raise Invalid(f"{step.subject}: nobody measures {watch.metric!r}", hint="import a metric of that name first")
    if found.location and not watch.location:
        hint = f"write {step.subject}.monitor(slam.{watch.metric}, '...'); with the {found.location}"
        raise Invalid(f"{watch.metric} of {step.subject} is measured at a place, which is not said", hint=hint)
    if watch.address and found.origin is Origin.NODE:
        hint = "choose a metric that is measured from outside, such as tcp:connect or dicom:echo"
        raise Invalid(f"{step.subject} is outside, and {watch.metric} is measured inside a node", hint=hint)
    more: dict[str, Value] = {"period": found.period}
    if found.expression:
        more |= {"samples": found.samples, "expression": found.expression}
    return replace(step, inputs={**step.inputs, **more})
