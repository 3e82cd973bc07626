"""One service against what its providers have: what differs is kept and told, and put right if its policy says so."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping

from broker import repairs
from broker.reconcile import Observed, Report, Wanted, reconcile
from broker.repairs import Subject
from broker.store import Transaction, findings, operations, outbox, services
from broker.store.outbox import Projection
from broker.verbs import Job, Tools, projections
from broker.verbs.specs import resolved
from broker.worker.operation import job_of
from providers.protocol import Kind, Resource

log = logging.getLogger(__name__)

SETTLE = 2_000_000
"""Microseconds a service is left alone after a change before it is compared."""
AGAIN = 600_000_000
"""Microseconds until the worker does once more by itself what did not help the last time."""


def compare(tools: Tools, installation: str, subject: Subject, observed: Mapping[str, Observed]) -> None:
    """Nothing is written where nothing differs and nothing did."""
    report = reconcile(subject.desired, observed, tools.store.now(), settle=SETTLE)
    if report is None or not (report.differences or report.state != subject.service.state or _differed(tools, subject)):
        return
    with tools.store.write() as tx:
        if not _as_before(tx, subject):
            return
        if _keep(tx, subject, report, observed):
            outbox.put(tx, subject.service.account, list(_shown(tx, installation, subject, observed)))
        _right(tx, subject, repairs.policy_of(tx, subject.service, tools.settings.repair))


def _differed(tools: Tools, subject: Subject) -> bool:
    with tools.store.read() as tx:
        return bool(findings.of_service(tx, subject.service.account, subject.service.id))


def _as_before(tx: Transaction, subject: Subject) -> bool:
    """Whether what was compared is still what the store says."""
    before = subject.service
    newest = operations.latest(tx, before.account, before.id)
    return (
        services.get(tx, before.account, before.id).generation == before.generation
        and newest is not None
        and newest.id == subject.newest.id
        and newest.state not in operations.OPEN
    )


def _keep(tx: Transaction, subject: Subject, report: Report, observed: Mapping[str, Observed]) -> bool:
    """Whether that was news."""
    service, things = subject.service, subject.desired.things
    names = {step: found.name for step, each in things.items() if (found := _found(observed, each))}
    changed = repairs.keep(tx, service, report.differences, names)
    if changed or report.state != service.state:
        services.set_state(tx, service.account, service.id, report.state, error=report.error)
        log.warning("service.differs", extra={"service": service.name, "state": report.state})
    return changed or report.state != service.state


def _shown(
    tx: Transaction, installation: str, subject: Subject, observed: Mapping[str, Observed]
) -> Iterable[Projection]:
    """The machines' entities as they are now, and what clients asked for that is gone."""
    job = job_of(tx, installation, subject.newest, subject.service)
    for step, wanted in subject.desired.things.items():
        found = _found(observed, wanted)
        if found is None:
            yield from projections.lost(job, step)
        elif wanted.kind is Kind.MACHINE:
            yield from _projected(job, step, found)


def _projected(job: Job, step_id: str, machine: Resource) -> Iterable[Projection]:
    step = job.deploy.step(step_id)
    return projections.made(job, step, resolved(step.inputs, job.made), machine)


def _found(observed: Mapping[str, Observed], wanted: Wanted) -> Resource | None:
    return observed[wanted.provider].resources.get((wanted.kind, wanted.id))


def _right(tx: Transaction, subject: Subject, policy: str) -> None:
    """What the policy says is done; nothing that somebody should be asked about first, and nothing that was done just
    now and did not help."""
    if policy not in ("repair", "adopt"):
        return
    now = repairs.subject(tx, services.get(tx, subject.service.account, subject.service.id))
    if now is None or _in_vain(tx, now):
        return
    does = repairs.righted(tx, now, policy)
    if does.plan.steps and not does.losses:
        repairs.submit(tx, now, policy)
        log.warning("service.repaired", extra={"service": now.service.name, "how": policy})


def _in_vain(tx: Transaction, subject: Subject) -> bool:
    """Whether the same was repaired a short while ago."""
    newest, service = subject.newest, subject.service
    same = newest.arguments.get("found") == repairs.keys(findings.of_service(tx, service.account, service.id))
    return newest.kind == "repair" and same and tx.now - newest.updated < AGAIN
