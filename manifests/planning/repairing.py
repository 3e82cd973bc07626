"""What differs at the providers -> the plan that puts it right, or that takes it as it is. Pure.

What is gone is made anew by the steps that made it, under their own ids: the plan's generation is another, and so are
their tokens. What it was is given up before (`discard`: at the provider, if it is there after all); what names it is
made anew too, as no provider changes the network or the volumes of a machine. A node that is made anew is told
everything again, and those that use a property of it what follows from that; a node that shall rest is woken for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from manifests.plan import Plan, Ref, Step, Value, refs
from manifests.planning.operating import act
from manifests.planning.resizing import sizes_of, turn
from manifests.planning.steps import base_of, needing, node_of, ordered
from manifests.planning.teardown import Made, result_id


@dataclass(frozen=True, slots=True)
class Wrong:
    """What differs, by the ids of the steps that made it. `gone` is not there, or broken. `turn`: machine -> the
    operation that brings it where it shall be. `resized`: machines of another size than theirs. `resting`: machines
    that shall not run -> the operation that lets them rest. `retagged`: what does not carry the tags it was made
    with."""

    gone: frozenset[str] = frozenset()
    turn: Mapping[str, str] = field(default_factory=dict)
    resized: frozenset[str] = frozenset()
    resting: Mapping[str, str] = field(default_factory=dict)
    retagged: frozenset[str] = frozenset()


def repair(deploy: Plan, made: Made, wrong: Wrong) -> Plan:
    """The plan that brings back what was made. Steps of it that nothing was made by are left alone."""
    again = made_anew(deploy, made, wrong.gone)
    told = _told(deploy, made, again)
    kept = [step for step in deploy.steps if step.id in again or step.id in told]
    discards = [_discard(deploy, made, step, again) for step in kept if _is_discarded(step, again)]
    marks = [_marked(deploy, made, id) for id in sorted(wrong.retagged - again)]
    steps = [*kept, *discards, *_turned(deploy, made, wrong, again, told), *marks]
    whole = {step.id: step for step in steps}
    joined = (_joined(_awake(step, whole) if step.id in told else step, whole, made) for step in whole.values())
    return Plan("repair", deploy.service, ordered(joined))


def losses(deploy: Plan, made: Made, wrong: Wrong) -> tuple[str, ...]:
    """What a repair takes that is still there, and what it cannot bring back: nobody does that without being asked."""
    again = made_anew(deploy, made, wrong.gone)
    found = []
    for step in deploy.steps:
        if step.id in again and step.id not in wrong.gone and _kind(step) in ("machine", "application"):
            found.append(f"{step.subject} is there, and is made anew: what it needs is gone")
        elif step.id in again and _kind(step) == "volume":
            found.append(f"{step.subject} is made anew, empty: what was on it is lost")
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Taken:
    """Things as they are, by the ids of the steps that made them. `seen`: machine -> what was seen of it (`state`,
    sizes); `tags` those that a thing carries now; both are wanted from now on. `given_up` is gone, and nothing wants it
    any more."""

    seen: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)
    tags: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)
    given_up: tuple[str, ...] = ()


def accept(deploy: Plan, made: Made, taken: Taken) -> Plan:
    """The plan that takes things as they are."""
    facts: dict[str, tuple[str, Mapping[str, Value]]] = {base_of(id): (id, known) for id, known in taken.seen.items()}
    facts |= {id: (id, {"tags": tags}) for id, tags in taken.tags.items()}
    steps = [
        Step(f"{of}.accept", "accept", deploy.step(id).subject, {"id": result_id(made, id), **known})
        for of, (id, known) in facts.items()
    ]
    lost = [deploy.step(id) for id in taken.given_up]
    return Plan("repair", deploy.service, ordered([*steps, *map(_given_up, lost)]))


def _given_up(step: Step) -> Step:
    """Under the id of a deletion: the journal knows by that what is no longer there."""
    inputs: dict[str, Value] = {"kind": _kind(step), "token_step": step.id}
    return Step(f"{step.id}.delete", "give-up", step.subject, inputs)


def made_anew(deploy: Plan, made: Made, gone: Iterable[str]) -> frozenset[str]:
    """What is gone, and whatever was made with it in hand; but a machine needs its key only to be made."""
    again = {id for id in gone if id in made}
    keys = {id for id in again if _kind(deploy.step(id)) == "key"}
    for step in deploy.steps:  # in the order of needs: one pass sees all
        if step.verb == "create" and step.id in made and _names(step, again - keys):
            again.add(step.id)
    return frozenset(again)


def _names(step: Step, others: Iterable[str]) -> bool:
    return not {ref.step for ref in refs(step.inputs)}.isdisjoint(others)


def _told(deploy: Plan, made: Made, again: frozenset[str]) -> frozenset[str]:
    """The instructions that follow: all of a node that is made anew, of others those that were told a property of it
    and those that come after in the same node."""
    found: set[str] = set()
    for step in deploy.steps:
        if step.verb in _MAKES or not node_of(step.id) or not made.get(_machine(step.id)):
            continue
        base = base_of(step.id)
        before = {need for need in step.needs if need in found and base_of(need) == base}
        if _machine(step.id) in again or before or _names(step, again):
            found.add(step.id)
    return frozenset(found)


_MAKES = frozenset({"create", "adopt", "generate", "given", "share", "use"})
"""Verbs whose results outlive a machine."""


def _is_discarded(step: Step, again: frozenset[str]) -> bool:
    """A volume never is: if it is there after all, so is what it holds."""
    return step.id in again and _kind(step) != "volume"


def _discard(deploy: Plan, made: Made, step: Step, again: frozenset[str]) -> Step:
    """Users go before what they use."""
    users = [f"{other.id}.discard" for other in deploy.steps if other.id in again and _names(other, [step.id])]
    inputs: dict[str, Value] = {"kind": _kind(step), "id": result_id(made, step.id)}
    return Step(f"{step.id}.discard", "discard", step.subject, inputs, step.provider, needing(users))


def _marked(deploy: Plan, made: Made, id: str) -> Step:
    """It gets the tags of the step that made it."""
    step = deploy.step(id)
    inputs: dict[str, Value] = {"kind": _kind(step), "id": result_id(made, id), "token_step": id}
    return Step(f"{id}.retag", "retag", step.subject, inputs, step.provider)


def _turned(deploy: Plan, made: Made, wrong: Wrong, again: frozenset[str], told: frozenset[str]) -> Iterator[Step]:
    """What brings machines that are there to their state and size; and to rest again those that were woken."""
    woken = {_machine(id) for id in told} & wrong.resting.keys()
    turns = {machine: verb for machine, verb in wrong.turn.items() if machine not in again | wrong.resized}
    turns |= dict.fromkeys(woken - again, "start")
    for verb in sorted(set(turns.values())):
        nodes = [node_of(machine) for machine, each in turns.items() if each == verb]
        yield from act(deploy, made, verb, nodes).steps
    for machine in sorted(wrong.resized - again):
        size = sizes_of(deploy.step(machine))
        yield from turn(deploy, made, machine, size, rests=machine in wrong.resting and machine not in woken)
    for machine in sorted(woken):
        rest = wrong.resting[machine]
        after = (f"{base_of(machine)}.ready",)
        step = deploy.step(machine)
        yield Step(_beside(machine, rest), rest, step.subject, {"id": Ref(machine, "id")}, step.provider, after)


def _awake(step: Step, whole: Mapping[str, Step]) -> Step:
    """Nobody is told anything before it runs."""
    start = _beside(_machine(step.id), "start")
    return replace(step, needs=needing(step.needs, *([start] if start in whole else [])))


def _joined(step: Step, whole: Mapping[str, Step], made: Made) -> Step:
    """A step among those of this plan: needs what is in it, and knows what was made before. What is made anew waits
    until what it was is given up."""
    own = [f"{step.id}.discard"] if f"{step.id}.discard" in whole else []
    inputs = {name: _known(value, whole, made) for name, value in step.inputs.items()}
    direct = [ref.step for ref in refs(inputs)]
    return replace(step, inputs=inputs, needs=needing((n for n in step.needs if n in whole), *own, *direct))


def _known(value: Value, whole: Mapping[str, Step], made: Made) -> Value:
    if isinstance(value, Ref):
        return value if value.step in whole else _result(made.get(value.step) or {}, value.field)
    if isinstance(value, Mapping):
        return {name: _known(item, whole, made) for name, item in value.items()}
    return tuple(_known(item, whole, made) for item in value) if isinstance(value, tuple) else value


def _result(result: Mapping[str, object], name: str) -> Value:
    found = result.get(name)
    return found if found is None or isinstance(found, bool | int | float | str) else str(found)


def _kind(step: Step) -> str:
    return step.subject.partition("/")[0]


def _machine(id: str) -> str:
    return f"{base_of(id)}.machine"


def _beside(machine: str, what: str) -> str:
    return f"{base_of(machine)}.{what}"
