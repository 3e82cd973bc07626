"""What services share: a common node is a service of its own, and these verbs count its users.

    share, join      count the node in; the first makes the service, or starts it again; done when it runs
    leave            count it as stopped; the last that ran stops the service
    unshare          count it out; the last user gives the service back

Each call counts, looks how the service is, and asks for what leads on from there, in one transaction: a kill leaves
all of that or nothing, and doing it again changes nothing. What is waited for is another service's operation, so a walk
that waits for nothing else gives up its place (`Waiting.elsewhere`): the one that it waits for may need it.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping

from broker.errors import Missing
from broker.execute.outcomes import Done, Failed, Outcome, Waiting
from broker.phases import PHASES
from broker.plans import plan_from_json
from broker.store import Service, Transaction, journal, operations, secrets, services, sharing
from broker.verbs.job import Call
from manifests import Plan, Step

LOOK_AGAIN = 0.5
"""Seconds between two looks at a service, where its end does not wake the walk that waits for it."""

Made = Mapping[str, Mapping[str, object] | None]


def share(call: Call) -> Outcome:
    """Done with the properties of the shared nodes, once the service runs."""
    account, key = call.job.account, str(call.inputs["key"])
    with call.tools.store.write() as tx:
        sharing.join(tx, account, key, call.job.service, _user(call))
        service = _made(tx, call)
        if service.state == "active":
            return Done(_properties(tx, call, service))
        if service.state in ("stopped", "suspended") and service.desired != "released":
            _ask(tx, service, "start")
        elif service.state == "failed":
            return Failed(broken(service))
        elif sharing.waits_for(tx, account, service.id, call.job.service):
            # Not counted: two that use each other would be given back by nobody.
            sharing.leave(tx, account, key, call.job.service, _user(call))
            return Failed(_ring(call, service))
    return _wait(service)


def leave(call: Call) -> Outcome:
    """Done when nobody runs that uses it and it is stopped, or when somebody does."""
    account, key = call.job.account, str(call.inputs["key"])
    with call.tools.store.write() as tx:
        sharing.pause(tx, account, key, call.job.service, _user(call))
        service = _there(tx, account, sharing.find(tx, account, key))
        running = {user.name for user in sharing.users_of(tx, account, key) if user.running}
        if running or service is None:
            return Done(_kept(running, "it is gone"))
        if service.state == "active":
            service = _ask(tx, service, "stop")
    if service.state in ("stopped", "suspended", "released"):
        return Done({"kept": "stopped with its last user"})
    return Failed(broken(service)) if service.state == "failed" else _wait(service)


def unshare(call: Call) -> Outcome:
    """Done when somebody else uses it, or when it is given back. What is waited for is the service that this user left,
    whoever makes another one of that key."""
    account, key = call.job.account, str(call.inputs["key"])
    with call.tools.store.write() as tx:
        had = sharing.leave(tx, account, key, call.job.service, _user(call))
        if not (had or call.again or "service" in call.partial):
            return Done({"kept": "it was never had"})  # in a ring, it may wait for this one's own end
        instance = sharing.find(tx, account, key)
        known = call.partial.get("service") or (instance.service if instance else None)
        left = {user.name for user in sharing.users_of(tx, account, key)}
        if known is None or (left and "service" not in call.partial):
            return Done(_kept(left, "it is gone"))
        service = services.get(tx, account, str(known))
        if service.desired != "released":
            service = operations.end(tx, service)
    if service.state == "released":
        return Done({"kept": "released with its last user"})
    return Failed(broken(service)) if service.state == "failed" else _wait(service)


def _user(call: Call) -> str:
    """The node that uses it: `instance/<node>`."""
    return call.step.subject.partition("/")[2]


def _made(tx: Transaction, call: Call) -> Service:
    """The service that is shared, as the first user asks for it."""
    account, key, name = call.job.account, str(call.inputs["key"]), str(call.inputs["name"])
    there = _there(tx, account, sharing.find(tx, account, key))
    if there is not None:
        return there
    taken = services.by_name(tx, account, name)
    free = name if taken is None or taken.state == "released" else f"{name}-shared"
    service = services.create(tx, Service(account, tx.new_id(), free))
    whose = {"whose": call.job.name, "definition": call.inputs.get("definition")}
    operations.submit(tx, account, service.id, "deploy", arguments=whose, plan_json=str(call.inputs["plan"]))
    sharing.make(tx, account, key, service.id, name)
    return service


def _there(tx: Transaction, account: str, instance: sharing.Instance | None) -> Service | None:
    return services.get(tx, account, instance.service) if instance else None


def _ask(tx: Transaction, service: Service, kind: str) -> Service:
    """Have the service started or stopped, and shown as under way."""
    operations.submit(tx, service.account, service.id, kind)
    phase = PHASES[kind]
    return services.set_state(tx, service.account, service.id, str(phase.during), desired=phase.ends)


def _wait(service: Service) -> Waiting:
    return Waiting({"service": service.id}, LOOK_AGAIN, elsewhere=True)


def _kept(names: Iterable[str], otherwise: str) -> dict[str, object]:
    used = ", ".join(sorted(names))
    return {"kept": f"used by {used}" if used else otherwise}


def _properties(tx: Transaction, call: Call, service: Service) -> dict[str, object]:
    """What its users may be told: the fields of the common node itself, and `inner.hostname` of the nodes in it. Its
    secrets are kept for this service too: nobody reveals another's. The result is the `share` step's: nothing refers
    to a later `join`."""
    if call.step.verb != "share":
        return {"id": service.id}
    deploy = operations.latest(tx, service.account, service.id, kind="deploy")
    if deploy is None or deploy.plan_json is None:
        raise Missing(f"service {service.name} has no plan", hint="release it, and deploy it again")
    found = fields(plan_from_json(deploy.plan_json), journal.made(tx, service.account, service.id))
    known = {field: str(value) for field, value in found.items() if str(value).startswith(secrets.PREFIX)}
    copies = {field: _copied(tx, call, service, reference, field) for field, reference in known.items()}
    return {**found, **copies, "id": service.id}


def fields(plan: Plan, made: Made) -> dict[str, object]:
    """The properties of a plan's nodes by name. All are of one node, whose own name is left out. Pure."""
    found: dict[str, object] = {}
    for step in plan.steps:
        node, _, what = step.id.partition(".")
        result, told = made.get(step.id), _TOLD.get(what.partition(".")[2])
        if result and told is not None:
            inner = "".join(f"{name}." for name in node.split("/")[1:])
            found.update({inner + name: value for name, value in told(step, result).items()})
    return found


Result = Mapping[str, object]


def _of_machine(step: Step, result: Result) -> Result:
    """Users reach it by its public address if it was asked for, which their cloud need not be its own for. Its host
    name is known in its own network alone: the address takes its place."""
    addresses = result.get("addresses")
    known = addresses if step.inputs.get("public") and isinstance(addresses, list | tuple) else ()
    at = known[-1] if known else result.get("address")
    public = at if known else ""
    told = {"reference": result.get("id"), "contract": result.get("contract")}
    return {"hostname": at, "address": at, "public": public, **told}


_TOLD: Mapping[str, Callable[[Step, Result], Result]] = {
    "machine": _of_machine,
    "address": lambda step, result: dict.fromkeys(("hostname", "address", "public"), result["address"]),
    "secret.password": lambda step, result: {"password": result.get("value")},
    "application": lambda step, result: result,
    "share": lambda step, result: result,
}
"""What follows `<node>.<index>.` in a step's id -> the properties that its result gives the node."""


def _copied(tx: Transaction, call: Call, service: Service, reference: str, field: str) -> str:
    value = secrets.reveal(tx, service.account, service.id, reference)
    own = str(uuid.uuid5(uuid.UUID(call.job.service), f"{call.token} {field}"))
    return secrets.put(tx, call.job.account, call.job.service, value, id=own)


def broken(service: Service) -> dict[str, object]:
    """The error of who waits for a service that failed."""
    why = (service.error or {}).get("message", "see its report")
    return {
        "code": "share.failed",
        "message": f"the shared service {service.name} failed: {why}",
        "hint": f"mend it (accords retry {service.name}), then retry this one; or release it",
    }


def _ring(call: Call, service: Service) -> dict[str, object]:
    return {
        "code": "share.ring",
        "message": f"{call.job.name} and the shared service {service.name} use each other: neither can be first",
        "hint": "take one of the common nodes out of its manifest, then release both",
    }
