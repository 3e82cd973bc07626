"""Making and giving back: create, save, delete, and secrets, which are at no provider.

Each is a start or a look at what was started: one or two calls with a deadline, never a loop that waits.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

from broker.agent import keys, userdata
from broker.execute.outcomes import Done, Failed, Outcome, Waiting
from broker.store import agents, instructions, secrets
from broker.store.outbox import Projection
from broker.verbs import projections
from broker.verbs.job import Call
from broker.verbs.specs import called_into, kind_of, spec_of
from providers.protocol import Kind, Resource, SnapshotSpec, Spec, State

if TYPE_CHECKING:
    from broker.settings import ProviderSettings


def create(call: Call) -> Outcome:
    """Ask for the thing, unless an earlier attempt has made it."""
    return _anew(call, _found(call, kind_of(call.step.subject)))


def created(call: Call) -> Outcome:
    kind = kind_of(call.step.subject)
    if "replaced" not in call.partial:
        return made(call, _observe(call, kind))
    if not call.gone(kind, str(call.partial["replaced"])):
        return Waiting(call.partial, call.pause)
    return _anew(call, _search(call, kind))


def _anew(call: Call, found: Resource | None) -> Outcome:
    """Go on with what an earlier attempt made. What that made broken, or half, is given back first: its token would
    find it for ever."""
    if found is not None and found.state is State.ERROR:
        return _replace(call, found)
    return made(call, found or _create(call, _spec(call)))


def _replace(call: Call, broken: Resource) -> Outcome:
    """Give it back, with the key that its agent may have, and wait until it is gone. What it was told to measure the
    next one is told."""
    call.provider.delete(broken.kind, broken.id, deadline=call.deadline)
    if broken.kind is Kind.MACHINE:
        with call.tools.store.write() as tx:
            agents.forget(tx, call.job.account, call.job.service, call.node)
            instructions.measure_again(tx, call.job.account, call.job.service, call.node)
    return Waiting({"replaced": broken.id}, call.pause)


def made(call: Call, resource: Resource) -> Outcome:
    """What an observation means for a step that wants the thing there. A step of a repair knows only what is made anew
    with it; that of the deploy plan, all that the thing is linked to."""
    unsettled = unfinished(call, resource)
    entities = projections.made(call.job, call.job.deploy.step(call.step.id), call.inputs, resource)
    if resource.kind is Kind.ADDRESS and unsettled is None:
        entities += _addressed(call, resource)
    return unsettled or Done(result_of(call, resource), projections=entities)


def _addressed(call: Call, address: Resource) -> tuple[Projection, ...]:
    """A machine of this service that has a public address now, as it shows."""
    own = f"{call.step.id.removesuffix('address')}machine"
    step = next((each for each in call.job.deploy.steps if each.id == own), None)
    if step is None:
        return ()
    machine = call.provider.observe(Kind.MACHINE, str(call.inputs["machine"]), deadline=call.deadline)
    return (projections.compute(call.job, step, step.inputs, machine, address.addresses),)


def unfinished(call: Call, resource: Resource) -> Outcome | None:
    """Waiting while it is being made, Failed when it came up broken, None when it is there."""
    if resource.state is State.PENDING:
        return Waiting({"id": resource.id}, call.pause)
    return Failed(_broken(call, resource), retryable=False) if resource.state is State.ERROR else None


def result_of(call: Call, resource: Resource) -> dict[str, object]:
    """The fields that later steps refer to."""
    found: dict[str, object] = {**resource.facts, "id": resource.id, "name": resource.name}
    if resource.kind is Kind.MACHINE:
        found["addresses"] = list(resource.addresses)
        found["address"] = resource.addresses[0] if resource.addresses else ""
        found["public"] = resource.addresses[-1] if resource.addresses and call.inputs.get("public") else ""
        found["hostname"] = call.inputs.get("hostname") or call.inputs["name"]
        found["contract"] = projections.contract_id(call.job, call.step.id)
    if resource.kind is Kind.ADDRESS:
        found["address"] = resource.addresses[0] if resource.addresses else ""
    if resource.kind is Kind.APPLICATION:
        found["address"] = found["hostname"] = resource.addresses[0] if resource.addresses else ""
        found["reference"] = resource.id
    return found


def _found(call: Call, kind: Kind) -> Resource | None:
    """What an earlier attempt made whose answer was lost; nothing is looked for at the first attempt."""
    return _search(call, kind) if call.again else None


def _search(call: Call, kind: Kind) -> Resource | None:
    return call.provider.find(kind, call.token, deadline=call.deadline)


def _create(call: Call, spec: Spec) -> Resource:
    return call.provider.create(spec, token=call.token, tags=call.tags(), deadline=call.deadline)


def _observe(call: Call, kind: Kind) -> Resource:
    return call.look(kind, str(call.partial["id"]))


def _broken(call: Call, resource: Resource) -> dict[str, object]:
    reason = resource.facts.get("error", "the provider gives no reason")
    return {
        "code": "step.broken",
        "message": f"{call.step.subject} came up broken at {call.step.provider}: {reason}",
        "hint": "look at the provider's own log, then retry, which makes it anew, or release the service",
    }


def _spec(call: Call) -> Spec:
    user_data = _user_data(call) if call.inputs.get("agent") else _given_data(call)
    spec = spec_of(call.step.subject, call.inputs, service=call.job.name, user_data=user_data)
    own = call.own
    return called_into(spec, own.ssh, call.node) if own is not None and own.reach != "home" else spec


def _given_data(call: Call) -> str:
    """That of a machine without an agent: a client's own, or the SSH keys that its provider does not know by name."""
    keys = _keys(call)
    return str(call.inputs.get("user_data") or "") or (userdata.authorizing(keys) if keys else "")


def _keys(call: Call) -> tuple[str, ...]:
    found = call.inputs.get("ssh_keys")
    return tuple(map(str, found)) if isinstance(found, tuple | list) else ()


def _user_data(call: Call) -> str:
    """Cloud-init user-data with the agent. Its one-time token follows from the step's, so that every attempt sends the
    same, and a machine whose answer was lost can still call home."""
    once = hmac.new(call.tools.key.encode(), f"agent\0{call.token}".encode(), hashlib.sha256).hexdigest()
    with call.tools.store.write() as tx:
        agents.bind(tx, call.job.account, call.job.service, call.node, once)
    known = {"account": call.job.account, "contract": projections.contract_id(call.job, call.step.id)}
    return userdata.render(
        call.tools.settings,
        node=call.node,
        token=once,
        environment=known,
        called=_called(call, call.own),
        keys=_keys(call),
    )


def _called(call: Call, own: ProviderSettings | None) -> userdata.Called | None:
    """What lets the broker into the machine, where it is the broker that dials."""
    if own is None or own.reach == "home":
        return None
    service, host = keys.of_service(call.tools.key, call.job.service), keys.of_host(call.tools.key, call.token)
    return userdata.Called(service, host, own.ssh.user, only=own.reach == "ssh")


def save(call: Call) -> Outcome:
    """A snapshot of a machine's disk."""
    spec = SnapshotSpec(name=str(call.inputs["name"]), machine=str(call.inputs["id"]))
    return _saved(call, _found(call, Kind.SNAPSHOT) or _create(call, spec))


def saved(call: Call) -> Outcome:
    return _saved(call, _observe(call, Kind.SNAPSHOT))


def _saved(call: Call, resource: Resource) -> Outcome:
    return unfinished(call, resource) or Done({**resource.facts, "id": resource.id, "name": resource.name})


def delete(call: Call) -> Outcome:
    """Give a thing back. Where only an intent is known its token tells whether anything was made."""
    kind = Kind(str(call.inputs["kind"]))
    identifier = call.inputs.get("id") or _made_by(call, kind)
    if identifier is None:
        return _given_back(call, kind)
    call.provider.delete(kind, str(identifier), deadline=call.deadline)
    if kind in call.provider.immediate:
        return _given_back(call, kind)
    if call.provider.lists:  # no list is newer than the deletion
        return Waiting({"id": str(identifier)}, call.pause)
    return _gone(call, kind, str(identifier))


def deleted(call: Call) -> Outcome:
    return _gone(call, Kind(str(call.inputs["kind"])), str(call.partial["id"]))


def _made_by(call: Call, kind: Kind) -> str | None:
    token = call.job.token_of(str(call.inputs["token_step"]))
    found = call.provider.find(kind, token, deadline=call.deadline)
    return found.id if found else None


def _gone(call: Call, kind: Kind, identifier: str) -> Outcome:
    """Gone is what the provider no longer shows: networks and volumes are held until their machine has ended."""
    return _given_back(call, kind) if call.gone(kind, identifier) else Waiting({"id": identifier}, call.pause)


def _given_back(call: Call, kind: Kind) -> Done:
    return Done({}, projections=projections.gone(call.job, kind, str(call.inputs["token_step"])))


def generate(call: Call) -> Outcome:
    """A new secret, the same at every attempt. The result names it; the value stays in its table."""
    with call.tools.store.write() as tx:
        name = secrets.put(tx, call.job.account, call.job.service, call.tools.secret(), id=call.token)
    return Done({"value": name})


def forget(call: Call) -> Outcome:
    """The secret that a step generated, or would have."""
    name = call.inputs.get("secret") or secrets.PREFIX + call.job.token_of(str(call.inputs["token_step"]))
    with call.tools.store.write() as tx:
        secrets.forget(tx, call.job.account, str(name))
    return Done({})
