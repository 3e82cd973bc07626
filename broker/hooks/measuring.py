"""What a plan measures -> all that measuring it needs: each `monitor` step gets its metric's period, and how a metric
of the site's own is measured. Pure."""

from __future__ import annotations

from dataclasses import replace

from broker.errors import Invalid
from broker.metrics import Look, watch_of
from broker.plans import plan_from_json, plan_to_json
from manifests import Diagnostic, Plan, Severity, Step, Value
from sla import Origin


def settled(plan: Plan, look: Look) -> Plan:
    """The plan with all that is needed to measure what its configuration monitors. Invalid for a metric that nobody
    measures, that needs a place, or that a node which is outside would have to measure itself."""
    return replace(plan, steps=tuple(_settled(each, look) for each in plan.steps))


def unmeasured(plan: Plan, look: Look) -> tuple[Diagnostic, ...]:
    """A warning for each measurement that nobody will take: inside a node whose instructions its provider carries, for
    only an agent measures."""
    agents = {each.node for each in plan.placements if each.delivery == "home"}
    steps = (each for each in plan.steps if each.verb == "monitor" and each.subject not in agents)
    return tuple(_unmeasured(each) for each in steps if _is_inside(each, look))


def _is_inside(step: Step, look: Look) -> bool:
    found = look(str(step.inputs["metric"]))
    return found is not None and found.inside


def _unmeasured(step: Step) -> Diagnostic:
    summary = f"{step.inputs['metric']} of {step.subject} will not be measured: no agent is in that node"
    hint = "choose a provider whose nodes call home, or a metric that is measured from outside"
    return Diagnostic(Severity.WARNING, "metric-unmeasured", 0, 0, summary, hint)


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
