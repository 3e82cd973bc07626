"""Putting right what differs at a provider, and taking it as it is.

discard   what is to be made anew: given up at its provider, if it is there after all, and what nodes' agents knew
resize    a machine to another size: asked for, or back to its own
retag     a thing gets the tags that it was made with
accept    nothing is done: the journal says how a machine is wanted from now on
give-up   nothing is done: what is gone is wanted no more
"""

from __future__ import annotations

from collections.abc import Mapping

from broker.execute.outcomes import Done, Outcome, Waiting
from broker.store import agents, instructions
from broker.verbs import projections
from broker.verbs.act import shown
from broker.verbs.job import Call
from broker.verbs.make import unfinished
from manifests import SIZES
from providers.errors import NotFound
from providers.protocol import Kind, OfferedSize, Resource, State


def discard(call: Call) -> Outcome:
    """The key of a machine's agent ends with it; what it was told to measure the next one is told."""
    kind, identifier = Kind(str(call.inputs["kind"])), str(call.inputs["id"])
    call.provider.delete(kind, identifier, deadline=call.deadline)
    if kind is Kind.MACHINE:
        with call.tools.store.write() as tx:
            agents.forget(tx, call.job.account, call.job.service, call.node)
            instructions.measure_again(tx, call.job.account, call.job.service, call.node)
    return discarded(call)


def discarded(call: Call) -> Outcome:
    """Done when its provider no longer shows it: what it held is free then."""
    kind, identifier = Kind(str(call.inputs["kind"])), str(call.inputs["id"])
    try:
        call.provider.observe(kind, identifier, deadline=call.deadline)
    except NotFound:
        return Done({})
    return Waiting({"id": identifier}, call.pause)


def resize(call: Call) -> Outcome:
    return _resized(call, call.provider.resize(str(call.inputs["id"]), _size(call), deadline=call.deadline))


def resized(call: Call) -> Outcome:
    return _resized(call, call.look(Kind.MACHINE, str(call.partial["id"])))


def _resized(call: Call, machine: Resource) -> Outcome:
    """What was asked for is its size; where the provider counts otherwise, its count."""
    asked = {name: call.inputs[name] for name in SIZES if call.inputs.get(name) not in (None, "")}
    size = asked | {name: machine.facts[name] for name in asked if name in machine.facts}
    return unfinished(call, machine) or Done({"id": machine.id, **size}, projections=shown(call, machine))


def _size(call: Call) -> OfferedSize:
    name = str(call.inputs.get("size") or "") or None
    cores, memory, disk = (_number(call.inputs, what) for what in ("cores", "memory", "disk"))
    return OfferedSize(name, cores, memory, disk)


def _number(inputs: Mapping[str, object], name: str) -> int:
    value = inputs.get(name)
    return value if isinstance(value, int) else 0


def retag(call: Call) -> Outcome:
    """The tags that its maker gave it: a repair that made it anew gave it a new token."""
    kind, identifier, maker = (str(call.inputs[name]) for name in ("kind", "id", "token_step"))
    tags = call.job.tags(maker, call.job.token_of(maker))
    return _marked(call, call.provider.retag(Kind(kind), identifier, tags, deadline=call.deadline))


def retagged(call: Call) -> Outcome:
    return _marked(call, call.look(Kind(str(call.inputs["kind"])), str(call.partial["id"])))


def _marked(call: Call, thing: Resource) -> Outcome:
    """Some clouds take a change of tags for a change of the thing, which has to end."""
    return Waiting({"id": thing.id}, call.pause) if thing.state is State.PENDING else Done({"id": thing.id})


def accept(call: Call) -> Outcome:
    return Done(dict(call.inputs))


def give_up(call: Call) -> Outcome:
    """Its entities end; so does the key of an agent in it."""
    kind = Kind(str(call.inputs["kind"]))
    if kind is Kind.MACHINE:
        with call.tools.store.write() as tx:
            agents.forget(tx, call.job.account, call.job.service, call.node)
    return Done({}, projections=projections.gone(call.job, kind, str(call.inputs["token_step"])))
