"""Volumes that outlived their service, in a new one: a plan that adopts them in place of making its own.

A volume that was kept stays what it is: kept under its own id until somebody removes it, whatever becomes of the
service that uses it meanwhile. So releasing that service, volumes and all, never takes it away. Pure but for `take`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from broker.errors import Clash, Invalid, Missing
from broker.store import Transaction, volumes
from manifests import Plan, Step, node_of

ADOPT = "adopt"
VOLUMES = "org.accords.volumes"
Kept = Mapping[str, Any]
"""A line of GET /volumes."""


def wanted(attributes: Mapping[str, Any]) -> dict[str, str]:
    """Volume of the manifest (`images`, or `pacs.images`) -> id of a kept one, as a plan is asked for with them."""
    found = attributes.get(VOLUMES) or {}
    if not isinstance(found, Mapping) or not all(isinstance(each, str) for each in found.values()):
        raise Invalid(f"{VOLUMES} is an object of texts", hint='write {"images": "<an id of accords volumes>"}')
    return {str(name): str(id) for name, id in found.items()}


def adopting(plan: Plan, names: Mapping[str, str], kept: Sequence[Kept]) -> Plan:
    """The plan with these kept volumes in place of new ones. Missing or Clash for what cannot be."""
    steps = {_made(plan, name).id: _kept(kept, id) for name, id in names.items()}
    return replace(
        plan, steps=tuple(_adopted(step, steps[step.id]) if step.id in steps else step for step in plan.steps)
    )


def _made(plan: Plan, name: str) -> Step:
    """The step that would make the volume of that name."""
    made = [(node_of(step.id), step) for step in plan.steps if step.subject.startswith("volume/")]
    called = [step for node, step in made if name in (own := str(step.inputs["name"]), f"{node}.{own}")]
    if len(called) != 1:
        there = ", ".join(f"{node}.{step.inputs['name']}" for node, step in made) or "none"
        why = "is no volume of the manifest" if not called else "is of several nodes"
        raise Missing(f"{name} {why}", hint=f"its volumes are: {there}")
    return called[0]


def _kept(kept: Sequence[Kept], id: str) -> Kept:
    for one in kept:
        if one["id"] == id and one["kind"] == "volume":
            return one
    raise Missing(f"no volume {id} is kept", hint="list them: accords volumes")


def _adopted(step: Step, kept: Kept) -> Step:
    if step.provider != kept["provider"]:
        raise Clash(
            f"the volume {kept['name']} is at {kept['provider']}, and {node_of(step.id)} was placed at {step.provider}",
            hint=f'write provider="{kept["provider"]}" at the node',
        )
    size = step.inputs["size"]
    if isinstance(size, int) and kept["size"] and kept["size"] < size:
        raise Clash(
            f"the volume {kept['name']} has {kept['size']} bytes, and {size} are asked for",
            hint="ask for no more than it has, or leave it out: a new one is made then",
        )
    own = {"kept": kept["id"], "id": kept["reference"], "size": kept["size"] or size, "retain": True}
    return replace(step, verb=ADOPT, inputs={**step.inputs, **own})


def take(tx: Transaction, account: str, service: str, steps: Iterable[Step]) -> None:
    """In the transaction that makes a service: what it adopts is its own as long as it lives. Clash when another has
    it."""
    for step in steps:
        if step.verb == ADOPT:
            volumes.take(tx, account, str(step.inputs["kept"]), service)
