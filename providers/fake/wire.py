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
    AddressSpec,
    ApplicationSpec,
    FirewallSpec,
    Instruction,
    KeySpec,
    Kind,
    MachineSpec,
    NetworkSpec,
    OfferedSize,
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
    Kind.KEY: KeySpec,
    Kind.MACHINE: MachineSpec,
    Kind.ADDRESS: AddressSpec,
    Kind.SNAPSHOT: SnapshotSpec,
    Kind.APPLICATION: ApplicationSpec,
}


NOTHING: TypeAdapter[None] = TypeAdapter(None)
TEXT: TypeAdapter[str] = TypeAdapter(str)
THING: TypeAdapter[Resource] = TypeAdapter(Resource)
MAYBE: TypeAdapter[Resource | None] = TypeAdapter(Resource | None)
THINGS: TypeAdapter[tuple[Resource, ...]] = TypeAdapter(tuple[Resource, ...])
PROBLEMS: TypeAdapter[tuple[Problem, ...]] = TypeAdapter(tuple[Problem, ...])
OFFERINGS: TypeAdapter[tuple[Offering, ...]] = TypeAdapter(tuple[Offering, ...])
OUTCOME: TypeAdapter[Outcome | None] = TypeAdapter(Outcome | None)
HELD: TypeAdapter[tuple[Held, ...]] = TypeAdapter(tuple[Held, ...])
MADE_CALLS: TypeAdapter[tuple[Call, ...]] = TypeAdapter(tuple[Call, ...])
CARRIED: TypeAdapter[tuple[Carried, ...]] = TypeAdapter(tuple[Carried, ...])


@dataclass(frozen=True, slots=True)
class Shape:
    """What a call takes, by name, and answers. `control`: asked by tests, without a deadline and not counted."""

    takes: Mapping[str, Any]
    answers: TypeAdapter[Any]
    control: bool = False


CALLS: Mapping[str, Shape] = {
    "check": Shape({}, PROBLEMS),
    "offers": Shape({}, OFFERINGS),
    "create": Shape({"token": str, "tags": dict[str, str]}, THING),  # and spec, whose type its kind says
    "find": Shape({"kind": Kind, "token": str}, MAYBE),
    "observe": Shape({"kind": Kind, "id": str}, THING),
    "act": Shape({"kind": Kind, "id": str, "action": Action}, THING),
    "resize": Shape({"id": str, "size": OfferedSize}, THING),
    "retag": Shape({"kind": Kind, "id": str, "tags": dict[str, str]}, THING),
    "delete": Shape({"kind": Kind, "id": str}, NOTHING),
    "list": Shape({"tags": dict[str, str], "kinds": list[Kind]}, THINGS),
    "console": Shape({"id": str}, TEXT),
    "instruct": Shape({"id": str, "instruction": Instruction, "token": str}, OUTCOME),
    "turn_knobs": Shape({"knobs": Knobs}, NOTHING, control=True),
    "trouble": Shape({"trouble": Trouble}, NOTHING, control=True),
    "calm": Shape({}, NOTHING, control=True),
    "held": Shape({"count": int, "wait": float}, HELD, control=True),
    "let_go": Shape({}, NOTHING, control=True),
    "lose": Shape({"kind": Kind, "id": str}, NOTHING, control=True),
    "turn": Shape({"id": str, "state": State}, NOTHING, control=True),
    "mark": Shape({"kind": Kind, "id": str, "tags": dict[str, str]}, NOTHING, control=True),
    "reshape": Shape({"id": str, "size": OfferedSize}, NOTHING, control=True),
    "resources": Shape({}, THINGS, control=True),
    "calls": Shape({}, MADE_CALLS, control=True),
    "made": Shape({}, THINGS, control=True),
    "carried": Shape({}, CARRIED, control=True),
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
