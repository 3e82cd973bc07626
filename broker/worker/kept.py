"""What a release leaves on purpose, retained volumes and saved images: listed so that it is not forgotten, and given
back when asked.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping

from broker import templates
from broker.store import Transaction, journal, operations, volumes
from broker.store.outbox import Projection
from broker.verbs import Job
from manifests import Step, node_of, saves

Made = Mapping[str, Mapping[str, object] | None]


def keep(tx: Transaction, job: Job, *, released: bool) -> None:
    """List every image that was saved of the service, once it is `released` every volume that was not given back too,
    and nothing else."""
    made = journal.made(tx, job.account, job.service)
    for known in volumes.every(tx, job.account, service=job.service):
        if known.step not in made:
            volumes.forget(tx, job.account, known.id)
    entries = journal.history(tx, job.account, job.service)
    images = (*saves(job.deploy, made), *_created(job, "snapshot/"))
    for step, of in (*images, *(_created(job, "volume/") if released else ())):
        result = made.get(step)
        if result:
            volumes.retain(tx, kept_of(job, step, of, result, entries[step].token))


def saves_alone(job: Job) -> bool:
    """Whether the service is an image that a client asked for by itself."""
    return next(_created(job, "snapshot/"), None) is not None


def _created(job: Job, kind: str) -> Iterator[tuple[str, Step]]:
    return ((step.id, step) for step in job.deploy.steps if step.verb == "create" and step.subject.startswith(kind))


def shown(tx: Transaction, job: Job) -> Iterator[Projection]:
    """The templates that images were saved for (INF-33): filled where the image is there, taken away where it is not or
    is no longer. Those of images that are still being saved stay as they are."""
    made = journal.made(tx, job.account, job.service)
    images = {step.rpartition(".")[2]: (step, of) for step, of in saves(job.deploy, made)}
    for each in operations.of_service(tx, job.account, job.service):
        template = each.arguments.get("template")
        if not template or each.kind != "save" or each.state in operations.OPEN:
            continue
        step, of = images.get(str(each.generation), ("", None))
        image = (made.get(step) or {}).get("id")
        if of is None or image is None:
            yield templates.gone(str(template))
        else:
            yield templates.filled(str(template), str(each.arguments.get("title") or ""), str(of.provider), str(image))


def kept_of(job: Job, step: str, of: Step, result: Mapping[str, object], token: str) -> volumes.Volume:
    """What `step` made: a volume, or an image of the machine that step `of` made. Its id follows from the service and
    the step: listing it twice is listing it once. A volume is known by the manifest's name for it, an image by the
    provider's, which manifests name it by."""
    is_volume = of.id == step
    size = of.inputs.get("size") if is_volume else result.get("size")
    return volumes.Volume(
        account=job.account,
        id=str(uuid.uuid5(uuid.UUID(job.service), step)),
        service=job.service,
        service_name=job.name,
        node=node_of(of.id),
        name=str(of.inputs.get("name") if is_volume else result["name"]),
        step=step,
        token=token,
        provider=str(of.provider),
        reference=str(result["id"]),
        size=size if isinstance(size, int) else 0,
        facts={key: value for key, value in result.items() if key not in ("id", "name")},
    )
