"""What runs -> the plan of an operation on it: start, stop, restart, suspend, save; or of a method of its interface."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from manifests.plan import Plan, Ref, Step, Value
from manifests.planning.instructions import with_arguments
from manifests.planning.steps import base_of, in_names, needing, node_of, ordered
from manifests.planning.teardown import Made, consumers, result_id, shared

# An operation goes along the order of configuration (sources first), against it, or all at once.
_FORWARD, _BACKWARD, _AT_ONCE = "forward", "backward", "at once"
# What becomes of what is shared: a service that runs again is counted again, one that does not is not.
_SHARING = {"start": "join", "stop": "leave", "suspend": "leave"}
OPERATIONS = {"start": _FORWARD, "restart": _FORWARD, "stop": _BACKWARD, "suspend": _BACKWARD, "save": _AT_ONCE}


def act(deploy: Plan, made: Made, operation: str, nodes: Iterable[str] = (), *, label: str = "") -> Plan:
    """One step for each machine that is known of `nodes` (`web`, or with its index `web.0`; none: all); after a start
    or restart its agent is awaited where it was before. `operation` is a key of OPERATIONS, KeyError otherwise. `label`
    tells one save from another: each makes images of its own, under names of their own."""
    way = OPERATIONS[operation]
    wanted = set(nodes)
    machines = {
        step.id: step
        for step in deploy.steps
        if step.subject.startswith("machine/") and made.get(step.id) and (not wanted or _is_of(step, wanted))
    }
    awaited = {step.id for step in deploy.steps if step.verb == "await"} if way == _FORWARD else set()
    before = _before(deploy, way)
    steps: list[Step] = []
    for name, machine in machines.items():
        first = sorted(_last(other, operation, awaited) for other in before.get(name, ()) if other in machines)
        turn = Step(_prefix(name) + operation, operation, machine.subject, {}, machine.provider, tuple(first))
        if operation == "save":
            steps.append(_save(turn, machine, made, deploy.service, label))
        else:
            steps += _of_node(turn, machine, made, awaited)
    if operation in _SHARING and not wanted:
        steps = _with_shared(steps, deploy, made, operation)
    return Plan(operation, deploy.service, ordered(steps), deploy.placements)


def _is_of(step: Step, nodes: Collection[str]) -> bool:
    return node_of(step.id) in nodes or base_of(step.id) in nodes


def invoke(deploy: Plan, made: Made, method: str, arguments: Sequence[str] = ()) -> Plan:
    """What the method of the interface does, with what is known in place of each Ref; its scripts find the arguments as
    `$1`, `$2`... Instructions to nodes whose machine is not known are left out. KeyError when there is no such method.
    """
    told = [step for step in deploy.interface[method] if _there(step, made)]
    ids = {step.id for step in told}
    steps = (
        replace(
            with_arguments(step, arguments),
            inputs=_known(with_arguments(step, arguments).inputs, made),
            needs=tuple(need for need in step.needs if need in ids),
        )
        for step in told
    )
    return Plan("invoke", deploy.service, ordered(steps), deploy.placements)


def _there(step: Step, made: Made) -> bool:
    machine = step.inputs["machine"]
    return isinstance(machine, Ref) and bool(made.get(machine.step))


def _known(inputs: Mapping[str, Value], made: Made) -> Mapping[str, Value]:
    return {name: _result(value, made) if isinstance(value, Ref) else value for name, value in inputs.items()}


def _result(ref: Ref, made: Made) -> str | None:
    """What a result has, as text: what is told to a node is. A field that is not there is told as nothing."""
    found = (made.get(ref.step) or {}).get(ref.field)
    return None if found is None else str(found)


def _with_shared(steps: list[Step], deploy: Plan, made: Made, operation: str) -> list[Step]:
    """What is shared is there before those that use it, and is let go of after them."""
    users, backward = consumers(deploy), OPERATIONS[operation] == _BACKWARD
    there, added = {step.id for step in steps}, []
    waiting: dict[str, set[str]] = {}
    for share in shared(deploy, made):
        id = f"{base_of(share.id)}.{_SHARING[operation]}"
        turns = {_prefix(user) + operation for user in users.get(share.id, ())} & there
        added.append(
            Step(id, _SHARING[operation], share.subject, share.inputs, needs=needing(turns if backward else ()))
        )
        for turn in () if backward else turns:
            waiting.setdefault(turn, set()).add(id)
    return [*(replace(step, needs=needing(step.needs, *waiting.get(step.id, ()))) for step in steps), *added]


def _before(deploy: Plan, way: str) -> Mapping[str, Iterable[str]]:
    """Machine step -> those whose turn comes first."""
    users = consumers(deploy)
    if way == _BACKWARD:
        return users
    found: dict[str, list[str]] = {}
    for source, targets in users.items() if way == _FORWARD else ():
        for target in targets:
            found.setdefault(target, []).append(source)
    return found


def _prefix(machine: str) -> str:
    return machine.removesuffix("machine")


def _last(machine: str, operation: str, awaited: set[str]) -> str:
    """The step that ends a node's turn."""
    agent = _prefix(machine) + "agent"
    return agent if agent in awaited else _prefix(machine) + operation


def _save(turn: Step, machine: Step, made: Made, service: str, label: str) -> Step:
    parts = (service, in_names(str(machine.inputs["name"])), *([label] if label else []))
    inputs: dict[str, Value] = {"id": result_id(made, machine.id), "name": "-".join(parts)}
    return replace(turn, id=f"{turn.id}.{label}" if label else turn.id, inputs=inputs)


def _of_node(turn: Step, machine: Step, made: Made, awaited: set[str]) -> Iterable[Step]:
    """The operation itself, with its inputs, and the wait for the agent after it."""
    known = result_id(made, machine.id)
    yield replace(turn, inputs={"id": known})
    agent = _prefix(machine.id) + "agent"
    if agent in awaited:
        yield Step(agent, "await", f"agent/{agent.removesuffix('.agent')}", {"machine": known}, needs=(turn.id,))
