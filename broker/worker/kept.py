"""Retained volumes: what a release leaves on purpose, listed so that it is not forgotten, and given back when asked."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from broker.store import Operation, Transaction, journal, volumes
from broker.verbs import Job
from broker.verbs.specs import node_of
from manifests import Step


def keep_volumes(tx: Transaction, job: Job, operation: Operation) -> None:
    """List every volume that the service made and that was not given back, and no other."""
    made = journal.made(tx, job.account, job.service)
    for known in volumes.every(tx, job.account, service=job.service):
        if known.step not in made:
            volumes.forget(tx, job.account, known.id)
    for step in job.deploy.steps:
        result = made.get(step.id)
        if step.verb == "create" and step.subject.startswith("volume/") and result:
            volumes.retain(tx, volume_of(job, step, result))


def volume_of(job: Job, step: Step, result: Mapping[str, object]) -> volumes.Volume:
    """Its id follows from the service and the step: listing it twice is listing it once."""
    size = step.inputs.get("size")
    return volumes.Volume(
        account=job.account,
        id=str(uuid.uuid5(uuid.UUID(job.service), step.id)),
        service=job.service,
        service_name=job.name,
        node=node_of(step.subject)[0],
        name=str(step.inputs.get("name")),
        step=step.id,
        token=job.token_of(step.id),
        provider=str(step.provider),
        reference=str(result["id"]),
        size=size if isinstance(size, int) else 0,
        facts={key: value for key, value in result.items() if key not in ("id", "name")},
    )
