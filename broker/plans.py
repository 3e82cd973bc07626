"""A plan as the text that is stored and sent: steps and placements as JSON, both ways; and the ids of what a document
is made of. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

import orjson

from broker.offers import placement_from_json, placement_json
from manifests import Plan, step_from_json, step_to_json, value_from_json, value_to_json


def element_id(document: str, path: str) -> str:
    """The id of an element's OCCI entity: `document` is the id of its document, `path` the element's in it
    (`manifests.Item`). Everybody who knows the two can name it."""
    return str(uuid.uuid5(uuid.UUID(document), path))


PARTS = ("steps", "placements", "release", "interface", "inputs", "outputs", "outside")
"""What a plan holds, beside what it is for: also the attributes of a plan's entity, after `org.accords.`."""


def plan_to_json(plan: Plan) -> str:
    """`plan_from_json` gives an equal plan, with the same hash."""
    return orjson.dumps({"operation": plan.operation, "service": plan.service, **parts_to_json(plan)}).decode()


def plan_from_json(text: str) -> Plan:
    """The plan that `plan_to_json` was given."""
    found: dict[str, Any] = orjson.loads(text)
    return Plan(operation=found["operation"], service=found["service"], **parts_from_json(found))


def parts_to_json(plan: Plan) -> dict[str, Any]:
    """What a plan holds, part by part, as JSON values."""
    return {
        "steps": list(map(step_to_json, plan.steps)),
        "placements": list(map(placement_json, plan.placements)),
        "release": list(map(step_to_json, plan.release)),
        "interface": {name: list(map(step_to_json, steps)) for name, steps in plan.interface.items()},
        "inputs": dict(plan.inputs),
        "outputs": {name: value_to_json(value) for name, value in plan.outputs.items()},
        "outside": {name: dict(said) for name, said in plan.outside.items()},
    }


def parts_from_json(found: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of Plan; a part that a plan of an earlier version does not have is empty."""
    return {
        "steps": tuple(map(step_from_json, found["steps"])),
        "placements": tuple(map(placement_from_json, found["placements"])),
        "release": tuple(map(step_from_json, found["release"])),
        "interface": {name: tuple(map(step_from_json, each)) for name, each in (found.get("interface") or {}).items()},
        "inputs": found.get("inputs") or {},
        "outputs": {name: value_from_json(value) for name, value in (found.get("outputs") or {}).items()},
        "outside": found.get("outside") or {},
    }
