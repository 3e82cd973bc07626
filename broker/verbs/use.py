"""What a client's compute uses of the client's own: networks and storages that are services too, and stay when it goes.

    use       count it in, which its POST has done before; done with what the other service made, once that runs
    vacate    before such a service gives its thing back: done when nobody uses it any more

Counting out is the end of the service that used it (`store.sharing.end`).
"""

from __future__ import annotations

from broker.execute.outcomes import Done, Failed, Outcome, Waiting
from broker.plans import plan_from_json
from broker.store import Service, Transaction, journal, operations, services, sharing
from broker.verbs.job import Call
from broker.verbs.share import LOOK_AGAIN, broken


def use(call: Call) -> Outcome:
    """Done with the fields of the network or volume, once it is there."""
    account, key = call.job.account, str(call.inputs["key"])
    with call.tools.store.write() as tx:
        instance = sharing.find(tx, account, key)
        if instance is None:
            return Failed(_gone(key))
        sharing.join(tx, account, key, call.job.service, call.node)
        service = services.get(tx, account, instance.service)
        if service.state == "active":
            return Done(_made(tx, service))
    return Failed(broken(service)) if service.state == "failed" else Waiting({}, LOOK_AGAIN, elsewhere=True)


def vacate(call: Call) -> Outcome:
    with call.tools.store.read() as tx:
        users = sharing.users_of(tx, call.job.account, str(call.inputs["key"]))
    return Waiting({}, LOOK_AGAIN, elsewhere=True) if users else Done({})


def _made(tx: Transaction, service: Service) -> dict[str, object]:
    """What its step made that it is known by."""
    deploy = operations.latest(tx, service.account, service.id, kind="deploy")
    steps = plan_from_json(str(deploy.plan_json)).steps if deploy else ()
    (step,) = (each.id for each in steps if each.verb == "create")
    return dict(journal.made(tx, service.account, service.id)[step] or {})


def _gone(key: str) -> dict[str, object]:
    return {
        "code": "use.gone",
        "message": f"{key} is not there any more",
        "hint": "delete this compute, and make another that is linked to what is there",
    }
