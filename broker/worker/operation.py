"""One operation, from its lease to its end: the plan, the walk, and what the service then is.

What an end means is decided in pure functions by a table; everything that changes is written in one transaction with
the operation's own end. A lease that was lost ends it silently: somebody else has it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from broker import repairs
from broker.errors import LeaseLost, Missing
from broker.execute import PATIENCE, Ending, execute
from broker.phases import PHASES
from broker.plans import plan_from_json, plan_to_json
from broker.reconcile import as_it_is
from broker.store import (
    Journal,
    Lease,
    Operation,
    Service,
    Transaction,
    agents,
    findings,
    instructions,
    journal,
    operations,
    outbox,
    secrets,
    services,
    sharing,
)
from broker.verbs import Job, Tools, Verbs, projections
from broker.worker.kept import keep, saves_alone, shown
from manifests import Plan, act, as_planned, invoke, release

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class End:
    """How an operation ends, and what its service then is; None: what it was."""

    operation: str
    service: str | None = None
    error: Mapping[str, object] | None = None


UNCHANGED = ("invoke", "remove")
"""Operations that leave their service as it is, however they end."""


def end_of(kind: str, desired: str, ending: Ending, *, partial: bool = False) -> End:
    """Pure. A cancelled walk goes on as a release; a failed save leaves a service that runs; what only some nodes went
    through (`partial`) leaves the service where it shall be; a method, and the removal of what was kept, leave it as it
    is."""
    if kind in UNCHANGED:
        return End("done") if ending.complete else End("failed", error=error_of(kind, ending))
    if ending.cancelled:
        return End("cancelled", "releasing")
    if not ending.complete:
        return End("failed", desired if kind == "save" else "failed", error_of(kind, ending))
    return End("done", desired if partial else PHASES[kind].ends or desired)


def error_of(kind: str, ending: Ending) -> dict[str, object]:
    """The first step that failed, in the plan's order, with what can be done; and how much it keeps from being done."""
    failed = {step: error for step, error in ending.failed.items() if step not in ending.tolerated}
    step, error = next(iter(failed.items()))
    can = [kind] if kind in ("save", *UNCHANGED) else ["retry", *_BACK.get(kind, ()), "release"]
    others = [other for other in failed if other != step]
    return {"operation": kind, **error, "step": step, "also": others, "blocked": len(ending.blocked), "can": can}


_BACK = {"resize": ("start",)}
"""What else helps after an operation that failed: a machine that got no other size is stopped, and runs as it was."""


def carry_out(tools: Tools, installation: str, lease: Lease, stop: Callable[[], bool] = lambda: False) -> None:
    """Walk the operation that the lease is for, and write its end. When it is told to stop before that the lease is
    given back, with nothing in flight: whoever takes it goes on at once."""
    try:
        prepared, job, plan = _prepare(tools, installation, lease)
        ending = _walk(tools, prepared, job, plan, stop)
        if ending.stopped and not (ending.lost or ending.cancelled):
            _give_back(tools, prepared, after=WAITS if ending.waits else 0.0)
        elif not ending.lost:
            _end(tools, prepared, job, ending)
    except LeaseLost:
        log.warning("operation.lost", extra={"operation": lease.operation.id, "kind": lease.operation.kind})


WAITS = 1.0
"""Seconds until an operation that waits for another is taken up again. The end of that one wakes it sooner."""


def kind_of(operation: Operation) -> str:
    """What is done: a retry does what it retries."""
    return str(operation.arguments.get("kind", operation.kind))


def _give_back(tools: Tools, lease: Lease, *, after: float) -> None:
    with tools.store.write() as tx:
        operations.give_back(tx, lease, after=after)
    log.info("operation.given-back", extra={"operation": lease.operation.id, "kind": lease.operation.kind})


def _walk(tools: Tools, lease: Lease, job: Job, plan: Plan, stop: Callable[[], bool]) -> Ending:
    book = Journal(tools.store, lease, job.installation)
    verbs = Verbs(tools, job, begun=frozenset(book.entries()))
    patience = replace(PATIENCE, step_timeout=tools.settings.step_timeout)
    parallel = tools.settings.walk_parallel
    return execute(plan, verbs, book, parallel=parallel, patience=patience, clock=tools.clock, stop=stop)


def _prepare(tools: Tools, installation: str, lease: Lease) -> tuple[Lease, Job, Plan]:
    """The plan that is walked, made and kept at the first time: a walk that is taken up again must be the same."""
    operation, kind = lease.operation, kind_of(lease.operation)
    with tools.store.write() as tx:
        operations.held(tx, lease)
        service = services.get(tx, operation.account, operation.service)
        job = job_of(tx, installation, operation, service)
        plan = plan_from_json(operation.plan_json) if operation.plan_json else _plan(tx, job, operation)
        job = replace(job, deploy=as_planned(job.deploy, plan))
        if not operation.plan_json:
            lease = operations.set_plan(tx, lease, plan_to_json(plan))
        during = PHASES[kind].during
        if during is not None and service.state not in (during, "released"):  # the name may be another's by now
            services.set_state(tx, operation.account, service.id, during, error=None)
    return lease, job, plan


def job_of(tx: Transaction, installation: str, operation: Operation, service: Service) -> Job:
    """What there is to know of a service for an operation on it."""
    deploy = operations.latest(tx, operation.account, service.id, kind="deploy")
    if deploy is None or deploy.plan_json is None:
        raise Missing(f"service {service.name} has no plan", hint="release it, and deploy it again")
    entries = journal.history(tx, operation.account, service.id)
    plan = as_it_is(plan_from_json(deploy.plan_json), entries)
    return Job(
        installation=installation,
        account=operation.account,
        service=service.id,
        name=service.name,
        kind=kind_of(operation),
        deploy=plan,
        placements={each.node: each for each in plan.placements},
        made=journal.made(tx, operation.account, service.id),
        token_of=lambda step: entries[step].token,
        retry=operation.id if operation.kind == "retry" else "",
        manifest=service.manifest_id,
    )


def _plan(tx: Transaction, job: Job, operation: Operation) -> Plan:
    """What gives back, or changes, what the service has: from its deploy plan and what came of it."""
    if job.kind == "repair":
        return repairs.plan(tx, services.get(tx, job.account, job.service), str(operation.arguments["how"]))
    if job.kind == "release":
        return release(job.deploy, job.made, volumes=bool(operation.arguments.get("volumes")))
    if job.kind == "remove":
        return _removal(job, str(operation.arguments["only"]))
    if job.kind == "invoke":
        return invoke(job.deploy, job.made, str(operation.arguments["method"]), operation.arguments["arguments"])
    nodes = operation.arguments.get("nodes") or ()
    return act(job.deploy, job.made, job.kind, nodes=tuple(nodes), label=str(operation.generation))


def _removal(job: Job, kept: str) -> Plan:
    """The giving back of one thing by the step that made it: a volume or an image that was kept, a machine with its
    public address."""
    whole = release(job.deploy, job.made, volumes=True)
    gone = {f"{kept}.delete", f"{kept.removesuffix('.machine')}.address.delete"}
    steps = (each for each in whole.steps if each.id in gone)
    return replace(whole, steps=tuple(replace(each, needs=tuple(gone.intersection(each.needs))) for each in steps))


def _end(tools: Tools, lease: Lease, job: Job, ending: Ending) -> None:
    operation = lease.operation
    with tools.store.write() as tx:
        service = services.get(tx, operation.account, operation.service)
        if operations.held(tx, lease).state == "cancelling":  # perhaps since the walk's last look
            ending = replace(ending, cancelled=True)
        partial = bool(operation.arguments.get("nodes"))
        end = end_of(job.kind, service.desired, ending, partial=partial)
        operations.finish(tx, lease, end.operation, error=end.error)
        instructions.withdraw(tx, operation.account, service.id)
        _wake(tx, operation)
        desired = "released" if end.operation == "cancelled" else None
        if end.service is not None and service.state not in (end.service, "released"):
            services.set_state(tx, operation.account, service.id, end.service, desired=desired, error=end.error)
        if end.operation == "cancelled":
            operations.submit(tx, operation.account, service.id, "release")
        if end.service == "released":
            _given_back(tx, job, operation)
        elif job.kind == "repair" and end.operation == "done":
            repairs.keep(tx, service, (), {})
        elif job.kind in ("save", "remove") or saves_alone(job):
            keep(tx, job, released=service.state == "released")
        if job.kind in ("save", "remove", "release"):
            outbox.put(tx, operation.account, list(shown(tx, job)))
        if end.operation == "failed":
            why = _said(end.error)
            outbox.put(tx, operation.account, [*projections.unmade(job, why), *projections.unchanged(job, why)])
    log.info("operation.end", extra={"service": job.name, "kind": job.kind, "state": end.operation})


def _said(error: Mapping[str, object] | None) -> str:
    return str((error or {}).get("message", ""))


def _wake(tx: Transaction, operation: Operation) -> None:
    """The walks that wait for this service: of who uses it, and of who has just left it."""
    if sharing.of_service(tx, operation.account, operation.service) is not None:
        sharing.wake(tx, operation.account)


def _given_back(tx: Transaction, job: Job, operation: Operation) -> None:
    """What a released service leaves: its retained volumes and images, listed; no key, no secret, no count."""
    keep(tx, job, released=True)
    outbox.put(tx, operation.account, list(projections.over(job)))
    sharing.end(tx, operation.account, operation.service)
    findings.put_service(tx, operation.account, operation.service, ())
    secrets.forget_service(tx, operation.account, operation.service)
    for agent in agents.of_service(tx, operation.account, operation.service):
        agents.forget(tx, operation.account, operation.service, agent.node)
