"""Changes of a machine's state: start, stop, restart, suspend, resume. What a change means is in `changes.CHANGES`."""

from __future__ import annotations

from broker.execute.outcomes import Done, Failed, Outcome, Waiting
from broker.store.outbox import Projection
from broker.verbs import projections
from broker.verbs.changes import CHANGES
from broker.verbs.job import Call
from broker.verbs.make import unfinished
from broker.verbs.specs import resolved
from manifests import base_of
from providers.protocol import Kind, Resource


def act(call: Call) -> Outcome:
    """See how the machine is, and ask for what leads from there, if anything is needed. A restart that is repeated
    after a crash restarts again, which does no harm."""
    identifier = str(call.inputs["id"])
    machine = call.provider.observe(Kind.MACHINE, identifier, deadline=call.deadline)
    action = CHANGES[call.step.verb].by.get(machine.state)
    if action is not None:
        machine = call.provider.act(Kind.MACHINE, identifier, action, deadline=call.deadline)
    return _changed(call, machine)


def acted(call: Call) -> Outcome:
    return _changed(call, call.look(Kind.MACHINE, str(call.partial["id"])))


def _changed(call: Call, machine: Resource) -> Outcome:
    """What an observation means for a step that wants the machine in a state."""
    change = CHANGES[call.step.verb]
    if machine.state is change.ends:
        return Done({"id": machine.id, "state": machine.state.value}, projections=shown(call, machine))
    if machine.state in change.by:
        return Waiting({"id": machine.id}, call.pause)
    return unfinished(call, machine) or Failed(_forbidden(call, machine), retryable=False)


def shown(call: Call, machine: Resource) -> tuple[Projection, ...]:
    """The machine's entities as it is now, from the step that created it."""
    step = call.job.deploy.step(f"{base_of(call.step.id)}.machine")
    return projections.made(call.job, step, resolved(step.inputs, call.job.made), machine)


def _forbidden(call: Call, machine: Resource) -> dict[str, object]:
    return {
        "code": "step.state",
        "message": f"{call.step.subject} is {machine.state}: {call.step.verb} does not lead from there",
        "hint": "start the service first",
    }
