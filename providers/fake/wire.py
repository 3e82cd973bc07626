"""The calls of a fake cloud as JSON: which there are, what each takes and answers, and how an error travels.

Server and remote driver share this one table. Types are those of the Protocol; pydantic reads and checks them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from providers.errors import ProviderError, Throttled
from providers.fake.gate import ERRORS, Held
from providers.fake.knobs import Knobs, Trouble
from providers.fake.ledger import Call, Carried
from providers.protocol import (
    Action,
    FirewallSpec,
    Instruction,
    Kind,
    MachineSpec,
    NetworkSpec,
    Offering,
    Outcome,
    Problem,
    Resource,
    SnapshotSpec,
    State,
    VolumeSpec,
)

SPECS: Mapping[Kind, type] = {
    Kind.NETWORK: NetworkSpec,
    Kind.FIREWALL: FirewallSpec,
    Kind.VOLUME: VolumeSpec,
    Kind.MACHINE: MachineSpec,
    Kind.SNAPSHOT: SnapshotSpec,
}


@dataclass(frozen=True, slots=True)
class Shape:
    """What a call takes, by name, and answers. `control`: asked by tests, without a deadline and not counted."""

    takes: Mapping[str, Any]
    answers: Any
    control: bool = False


CALLS: Mapping[str, Shape] = {
    "check": Shape({}, tuple[Problem, ...]),
    "offers": Shape({}, tuple[Offering, ...]),
    "create": Shape({"token": str, "tags": dict[str, str]}, Resource),  # and spec, whose type its kind says
    "find": Shape({"kind": Kind, "token": str}, Resource | None),
    "observe": Shape({"kind": Kind, "id": str}, Resource),
    "act": Shape({"kind": Kind, "id": str, "action": Action}, Resource),
    "delete": Shape({"kind": Kind, "id": str}, None),
    "list": Shape({"tags": dict[str, str]}, tuple[Resource, ...]),
    "console": Shape({"id": str}, str),
    "instruct": Shape({"id": str, "instruction": Instruction, "token": str}, Outcome | None),
    "turn_knobs": Shape({"knobs": Knobs}, None, control=True),
    "trouble": Shape({"trouble": Trouble}, None, control=True),
    "calm": Shape({}, None, control=True),
    "held": Shape({"count": int, "wait": float}, tuple[Held, ...], control=True),
    "let_go": Shape({}, None, control=True),
    "lose": Shape({"kind": Kind, "id": str}, None, control=True),
    "turn": Shape({"id": str, "state": State}, None, control=True),
    "resources": Shape({}, tuple[Resource, ...], control=True),
    "calls": Shape({}, tuple[Call, ...], control=True),
    "made": Shape({}, tuple[Resource, ...], control=True),
    "carried": Shape({}, tuple[Carried, ...], control=True),
}


@cache
def adapter(shape: Any) -> TypeAdapter[Any]:
    """pydantic's reader and writer of one type."""
    return TypeAdapter(shape)


def error_to_json(error: ProviderError) -> dict[str, object]:
    """code, message, thing, and a throttled one's delay."""
    found: dict[str, object] = {"code": error.code, "message": error.message, "thing": error.thing}
    return {**found, "delay": error.delay} if isinstance(error, Throttled) else found


def error_from_json(found: Mapping[str, Any], provider: str) -> ProviderError:
    """The same error here."""
    kind = ERRORS[found["code"].removeprefix("provider.")]
    error = kind(found["message"], provider=provider, thing=found["thing"])
    if isinstance(error, Throttled):
        error.delay = found["delay"]
    return error
