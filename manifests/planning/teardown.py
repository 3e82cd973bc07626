"""What was made -> the plan that gives it back. Used for the normal end, for rollback and for cancel: it works from the
journal's intents, whatever the deploy walk had reached.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from manifests.plan import Plan, Step, Value
from manifests.planning.sources import APPLICATION, SHARE
from manifests.planning.steps import base_of, is_secret_step, ordered

Made = Mapping[str, Mapping[str, object] | None]


def release(deploy: Plan, made: Made, volumes: bool = False) -> Plan:
    """`made`: step id -> its result, None for an intent without one (the thing may be there: look for its token).

    A node's release instructions come first, then its public address, then machines, those that use a property of
    others before these; then firewalls, volumes, networks, keys and secrets. Volumes that are retained and saved images
    stay, unless `volumes`; a volume of which only the intent is known was never in a machine, and holds nothing to
    retain.
    """
    users = consumers(deploy)
    steps = list(_instructions(deploy, made))
    last = _last_instruction(steps)
    for step in deploy.steps:
        if step.id not in made or (step.verb, step.subject.split("/")[0]) not in _GIVEN_BACK:
            continue
        if step.verb == SHARE:
            steps.append(_unshare(step, users))
            continue
        if step.verb == _ADOPT:
            steps.append(_handed_back(step))
            continue
        if step.inputs.get("retain") and made[step.id] is not None and not volumes:
            continue
        deletion = _deletion(step, made, deploy, users, last)
        steps += _vacated(step, deletion) if step.inputs.get("key") else [deletion]
    if volumes:
        steps += _images(deploy, made)
    return Plan("release", deploy.service, ordered(_without_absent(steps)), deploy.placements)


def saves(deploy: Plan, made: Made) -> Iterable[tuple[str, Step]]:
    """The steps that saved a machine's disk, or began to, each with the machine's step."""
    for machine in deploy.steps:
        prefix = machine.id.removesuffix("machine") + "save"
        if machine.subject.startswith("machine/"):
            yield from ((step, machine) for step in made if step == prefix or step.startswith(f"{prefix}."))


def _images(deploy: Plan, made: Made) -> Iterable[Step]:
    """What gives back the images, after the machines: an image may be held by the machine it was taken of."""
    for step, machine in saves(deploy, made):
        inputs: dict[str, Value] = {"kind": "snapshot", "id": result_id(made, step), "token_step": step, "retain": True}
        subject = machine.subject.replace("machine/", "snapshot/", 1)
        yield Step(f"{step}.delete", "delete", subject, inputs, machine.provider, (f"{machine.id}.delete",))


def consumers(deploy: Plan) -> Mapping[str, frozenset[str]]:
    """The step that made a node (its machine, what is shared, an application) -> the machine steps of the nodes that
    wait for it; the same for a secret input, as if it had a machine."""
    found: dict[str, set[str]] = {}
    for step in deploy.steps:
        if step.verb != "configure":
            continue
        target = _machine_of(step.id)
        for need in step.needs:
            if need.endswith(".ready") or is_secret_step(need):
                found.setdefault(_machine_of(need), set()).add(target)
            elif need.endswith(_WHOLE):
                found.setdefault(need, set()).add(target)
    return {name: frozenset(users) for name, users in found.items()}


def shared(deploy: Plan, made: Made) -> Iterable[Step]:
    """The steps by which a service has what others use too, as far as they were begun."""
    return (step for step in deploy.steps if step.verb == SHARE and step.id in made)


_ADOPT = "adopt"
_MADE = ("network", "key", "firewall", "volume", "machine", "address", "snapshot", "application")
_GIVEN_BACK = {("create", kind) for kind in _MADE} | {
    ("generate", "secret"),
    ("given", "secret"),
    (SHARE, "instance"),
    (_ADOPT, "volume"),
}
_WHOLE = (f".{SHARE}", f".{APPLICATION}")


def _machine_of(step_id: str) -> str:
    return f"{base_of(step_id)}.machine"


def _prefix(step_id: str) -> str:
    return f"{base_of(step_id)}."


def _instructions(deploy: Plan, made: Made) -> Iterable[Step]:
    """Those of nodes whose machine is known and, where one was awaited, whose agent has called."""
    awaited = {step.id for step in deploy.steps if step.verb == "await"}
    for step in deploy.release:
        machine = _machine_of(step.id)
        agent = machine.removesuffix("machine") + "agent"
        if made.get(machine) and (agent not in awaited or made.get(agent) is not None):
            inputs = {**step.inputs, "machine": result_id(made, machine)}
            needs = tuple(need for need in step.needs if need != machine)
            yield Step(step.id, step.verb, step.subject, inputs, step.provider, needs, step.optional)


def _last_instruction(steps: Iterable[Step]) -> Mapping[str, str]:
    return {_machine_of(step.id): step.id for step in steps}


def result_id(made: Made, step: str) -> str | None:
    """The provider's id of what a step made, if it is known."""
    found = (made.get(step) or {}).get("id")
    return None if found is None else str(found)


def _deletion(
    step: Step, made: Made, deploy: Plan, users: Mapping[str, frozenset[str]], last: Mapping[str, str]
) -> Step:
    kind = step.subject.split("/")[0]
    if kind == "secret":
        secret = (made[step.id] or {}).get("value")
        inputs: dict[str, Value] = {"secret": None if secret is None else str(secret), "token_step": step.id}
        machine = _machine_of(step.id)
        needs = {f"{user}.delete" for user in (machine, *users.get(machine, ()))}
        return Step(f"{step.id}.forget", "forget", step.subject, inputs, needs=tuple(sorted(needs)))
    inputs = {
        "kind": kind,
        "id": result_id(made, step.id),
        "token_step": step.id,
        "retain": bool(step.inputs.get("retain")),
    }
    return Step(
        f"{step.id}.delete", "delete", step.subject, inputs, step.provider, _before(step, kind, deploy, users, last)
    )


def _vacated(step: Step, deletion: Step) -> Iterable[Step]:
    """What others use by a key goes when nobody does any more."""
    yield Step(f"{step.id}.vacate", "vacate", step.subject, {"key": step.inputs["key"]})
    yield replace(deletion, needs=(*deletion.needs, f"{step.id}.vacate"))


def _unshare(step: Step, users: Mapping[str, frozenset[str]]) -> Step:
    """What is shared is let go of after the nodes that use it; the last user's letting go gives it back."""
    needs = tuple(sorted(f"{user}.delete" for user in users.get(step.id, ())))
    return Step(f"{step.id}.delete", "unshare", step.subject, {"key": step.inputs["key"]}, needs=needs)


def _handed_back(step: Step) -> Step:
    """A volume that was there before is there afterwards, whatever is asked for."""
    inputs: dict[str, Value] = {"token_step": step.id}
    return Step(
        f"{step.id}.delete", "hand-back", step.subject, inputs, step.provider, (f"{_machine_of(step.id)}.delete",)
    )


def _before(
    step: Step, kind: str, deploy: Plan, users: Mapping[str, frozenset[str]], last: Mapping[str, str]
) -> tuple[str, ...]:
    """What must be gone before this can go."""
    if kind in ("machine", "application"):
        own = (last[step.id],) if step.id in last else ()
        address = f"{_prefix(step.id)}address.delete"
        return (*sorted(f"{user}.delete" for user in users.get(step.id, ())), *own, address)
    if kind == "address":
        machine = _machine_of(step.id)
        return (last[machine],) if machine in last else ()
    if kind in ("network", "key"):
        return tuple(
            sorted(f"{other.id}.delete" for other in deploy.steps if other.verb == "create" and step.id in other.needs)
        )
    return (f"{_machine_of(step.id)}.delete",)


def _without_absent(steps: list[Step]) -> list[Step]:
    """Needs are only those that this plan has: what was never made is gone already."""
    there = {step.id for step in steps}
    return [
        Step(s.id, s.verb, s.subject, s.inputs, s.provider, tuple(sorted(n for n in s.needs if n in there)), s.optional)
        for s in steps
    ]
