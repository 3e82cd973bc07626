"""A plan as the text that is stored and sent: steps and placements as JSON, both ways; and the ids of what a document
is made of. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from broker.offers import placement_from_json, placement_json
from manifests import Plan, Step, step_from_json, step_to_json


def element_id(document: str, path: str) -> str:
    """The id of an element's OCCI entity: `document` is the id of its document, `path` the element's in it
    (`manifests.Item`). Everybody who knows the two can name it."""
    return str(uuid.uuid5(uuid.UUID(document), path))


def plan_to_json(plan: Plan) -> str:
    """`plan_from_json` gives an equal plan, with the same hash."""
    return orjson.dumps(
        {
            "operation": plan.operation,
            "service": plan.service,
            "steps": [step_to_json(step) for step in plan.steps],
            "placements": [placement_json(each) for each in plan.placements],
            "release": [step_to_json(step) for step in plan.release],
            "interface": {name: list(map(step_to_json, steps)) for name, steps in plan.interface.items()},
        }
    ).decode()


def plan_from_json(text: str) -> Plan:
    """The plan that `plan_to_json` was given."""
    found: dict[str, Any] = orjson.loads(text)
    return Plan(
        operation=found["operation"],
        service=found["service"],
        steps=tuple(map(step_from_json, found["steps"])),
        placements=tuple(map(placement_from_json, found["placements"])),
        release=tuple(map(step_from_json, found["release"])),
        interface=interface_from_json(found.get("interface") or {}),
    )


def interface_from_json(found: Mapping[str, Sequence[Mapping[str, object]]]) -> dict[str, tuple[Step, ...]]:
    """The methods of a service, of `{name: [step...]}`."""
    return {name: tuple(map(step_from_json, steps)) for name, steps in found.items()}
