"""A plan is data: steps that name each other's results before they exist. It prints, is hashed, stored, compared.

This module is the value. Making plans is `manifests.planning.planner`; walking one is `broker.execute`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from manifests.offers import Placement


@dataclass(frozen=True, slots=True)
class Ref:
    """The field `field` of the result of step `step`. `secret`: the value is an id (`secret:<id>`), not the secret."""

    step: str
    field: str
    secret: bool = False

    def __str__(self) -> str:
        return f"{self.step}.{self.field}" + (" (secret)" if self.secret else "")


Value: TypeAlias = "bool | int | float | str | Ref | tuple[Value, ...] | Mapping[str, Value] | None"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do. `id` is unique in the plan and the same in every plan of the same service for the same thing:
    `<node>.<index>.<what>` (`pacs-db.0.machine`), or `<what>` alone for what belongs to no node (`lan`).

    `verb` is a key of `broker.verbs.VERBS`; `subject` is `kind/name`; `provider` the provider instance, None for
    what happens at the broker or in the node; `needs` the ids that must be done before, sorted, and always a
    superset of the steps `inputs` refer to. An `optional` step that fails is recorded and holds nobody up (the
    instructions of a release phase).
    """

    id: str
    verb: str
    subject: str
    inputs: Mapping[str, Value]
    provider: str | None = None
    needs: tuple[str, ...] = ()
    optional: bool = False


def refs(value: Value) -> Iterator[Ref]:
    """Every Ref inside a value, in order."""
    if isinstance(value, Ref):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from refs(item)
    elif isinstance(value, tuple):
        for item in value:
            yield from refs(item)


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps in the order of the listing: topological, ties by id. `operation` is what the plan is for (deploy,
    release, start, stop, restart, suspend, save, invoke). `release` are the instructions of a deploy plan's release
    phase: `manifests.release` puts them before the deletions. `interface` are those of each method that it can be asked
    for: `manifests.invoke` makes a plan of one. `service` is the manifest's name. `inputs` are the values of its plain
    inputs, `outputs` what is said when it runs (a text, or the Ref that will be one), `outside` the properties of nodes
    that nobody here makes: all by name."""

    operation: str
    service: str
    steps: tuple[Step, ...]
    placements: tuple[Placement, ...] = ()
    release: tuple[Step, ...] = ()
    interface: Mapping[str, tuple[Step, ...]] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, Value] = field(default_factory=dict)
    outside: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    _index: dict[str, Step] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._index.update((step.id, step) for step in self.steps)

    @property
    def hash(self) -> str:
        """sha256 of the canonical JSON of the operation, all steps, each node's chosen provider, size and image, and
        what it was made with."""
        import hashlib  # these two take longer to load than a small document to read: who only reads needs neither

        import orjson

        return hashlib.sha256(orjson.dumps(_canonical(self), option=orjson.OPT_SORT_KEYS)).hexdigest()

    def listing(self) -> str:
        """The text a plan prints as; golden files and previews are this. One line a step, newline at the end."""
        return "".join(line + "\n" for line in map(_line, self.steps))

    def step(self, step_id: str) -> Step:
        """The step of that id; KeyError if there is none."""
        return self._index[step_id]


def _line(step: Step) -> str:
    parts = [f"{step.id} = {step.verb} {step.subject}"]
    if step.provider:
        parts.append(f"on {step.provider}")
    sources = sorted({str(ref) for ref in refs(step.inputs)})
    if sources:
        parts.append("from " + ", ".join(sources))
    if step.needs:
        parts.append("after " + ", ".join(step.needs))
    if step.optional:
        parts.append("or go on")
    return " ".join(parts)


def _canonical(plan: Plan) -> object:
    placements = [[p.node, p.provider, p.zone, p.size.name, p.image.id] for p in plan.placements]
    interface = {name: list(map(_facts, steps)) for name, steps in plan.interface.items()}
    steps, release = list(map(_facts, plan.steps)), list(map(_facts, plan.release))
    around = [plan.inputs, plan.outputs, plan.outside]
    return [plan.operation, steps, release, interface, placements, around]


def _facts(step: Step) -> list[object]:
    """What orjson writes by itself: a Ref is a dataclass. Several times cheaper than `to_json` of 10,000 nodes."""
    return [step.id, step.verb, step.subject, step.inputs, step.provider, step.needs, step.optional]


def to_json(step: Step) -> dict[str, object]:
    """A step as JSON values; a Ref is `{"$ref": "step", "field": "name", "secret": bool}`."""
    return {
        "id": step.id,
        "verb": step.verb,
        "subject": step.subject,
        "inputs": value_to_json(step.inputs),
        "provider": step.provider,
        "needs": list(step.needs),
        "optional": step.optional,
    }


def value_to_json(value: Value) -> object:
    """An input of a step as JSON: a Ref becomes an object, everything else itself."""
    if isinstance(value, Ref):
        return {"$ref": value.step, "field": value.field, "secret": value.secret}
    if isinstance(value, Mapping):
        return {key: value_to_json(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [value_to_json(item) for item in value]
    return value


def value_from_json(value: object) -> Value:
    """The input that `value_to_json` was given."""
    if isinstance(value, dict):
        if "$ref" in value:
            return Ref(str(value["$ref"]), str(value["field"]), bool(value.get("secret")))
        return {str(key): value_from_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return tuple(value_from_json(item) for item in value)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"not a plan value: {type(value).__name__}")


def from_json(item: Mapping[str, object]) -> Step:
    """The inverse of `to_json`."""
    inputs = value_from_json(item["inputs"])
    needs = item.get("needs") or []
    if not isinstance(inputs, Mapping) or not isinstance(needs, list):
        raise TypeError("a step's inputs are an object and its needs a list")
    provider = item.get("provider")
    return Step(
        id=str(item["id"]),
        verb=str(item["verb"]),
        subject=str(item["subject"]),
        inputs=inputs,
        provider=None if provider is None else str(provider),
        needs=tuple(map(str, needs)),
        optional=bool(item.get("optional", False)),
    )
