"""A compute that a plain OCCI client asks for, as a service of its own: its templates and attributes become a document
of one node, which is placed and planned as any other, joined to what it is linked to (`linked`), and walked by the same
worker.

The document is nobody's: it is not kept, and nothing in the account can refer to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson

from broker.errors import Clash, Invalid, InvalidDocument
from broker.hooks import chained, contextual, linked, plan
from broker.hooks.owned import PROVIDER, node_name, service_name
from broker.services import Context
from broker.store import Record
from broker.templates import OS, RESOURCE, Template
from manifests import Format, Manifest, Offer, OfferedImage, Plan, errors, read

ANY_SYSTEM = "linux"
"""What a compute without an operating system template runs: the first that the provider starts by default (INF-20)."""

EVERYBODY = [{"name": name, "protocol": name, "range": "0.0.0.0/0"} for name in ("tcp", "udp")]
"""OCCI has no word for who may reach a compute: everybody, at every port."""


def planned(ctx: Context, record: Record, templates: Mapping[str, Template], uses: Sequence[linked.Use] = ()) -> Plan:
    """What will make it. Invalid for what nobody can make, Clash with every provider's reason when none has room."""
    document = _document(record, templates, _where(record, templates, uses))
    offers = with_image(chained.in_zone(record, plan.offers(ctx)), templates.get(OS))
    linked.check(uses, offers)
    order = tuple(ctx.settings.providers)
    try:
        made, _ = plan.planned(document, offers, now=ctx.now(), max_age=ctx.settings.offer_max_age, order=order)
    except InvalidDocument as error:
        raise Clash(_reasons(error), hint="choose other templates, or ask again later") from error
    return linked.joined(_bound(made, record), uses, bare=chained.is_tagged(record))


def with_image(offers: Sequence[Offer], template: Template | None) -> list[Offer]:
    """Offers in which the template's image is: one that was saved a moment ago is in none that was observed before."""
    if template is None or not template.image:
        return list(offers)
    image = OfferedImage(template.image, template.title)
    return [
        each
        if each.provider != template.provider or any(known.id == image.id for known in each.images)
        else replace(each, images=(*each.images, image))
        for each in offers
    ]


def _document(record: Record, templates: Mapping[str, Template], provider: str) -> Manifest:
    text = orjson.dumps(_twin(record, templates, provider))
    reading = read(text, format=Format.JSON)
    if not isinstance(reading.document, Manifest):
        raise Invalid("; ".join(each.summary for each in errors(reading.diagnostics)), hint="mend the compute")
    return reading.document


def _twin(record: Record, templates: Mapping[str, Template], provider: str) -> dict[str, Any]:
    """The document in its JSON form."""
    said, name = record.attributes, node_name(record)
    compute = {
        "name": name,
        "architecture": said.get("occi.compute.architecture"),
        "cores": said.get("occi.compute.cores"),
        "memory": _size(said.get("occi.compute.memory")),
        "hostname": said.get("occi.compute.hostname"),
    }
    closed = chained.is_tagged(record)
    node = {
        "name": name,
        "access": "private" if closed and not said.get(chained.PUBLIC) else "public",
        "provider": provider,
        "infrastructure": {
            "name": name,
            "compute": {key: value for key, value in compute.items() if value is not None},
            "network": {"name": "lan", "port": [] if closed else EVERYBODY},
            "storage": {"name": name, **({"size": disk} if (disk := _size(said.get(chained.DISK))) else {})},
        },
        "image": {"name": name, "agent": "none", "system": {"name": _system(templates)}},
    }
    return {"manifest": {"name": service_name(record), "node": [node], "configuration": {"name": name}}}


def _where(record: Record, templates: Mapping[str, Template], uses: Sequence[linked.Use]) -> str:
    """An image is at one provider alone, and so are networks and storages; a size of another's may be had there, too.
    Clash when they are at several."""
    fixed = (
        ("its image", templates[OS].provider if OS in templates else None),
        ("what it is linked to", linked.provider(uses)),
        (PROVIDER, record.attributes.get(PROVIDER)),
    )
    known = {what: str(name) for what, name in fixed if name}
    if len(set(known.values())) > 1:
        said = ", ".join(f"{what} is at {name}" for what, name in known.items())
        raise Clash(f"no provider has all of it: {said}", hint="choose what is at one provider")
    return next(iter(known.values()), templates[RESOURCE].provider if RESOURCE in templates else "any")


def _system(templates: Mapping[str, Template]) -> str:
    return templates[OS].image if OS in templates else ANY_SYSTEM


def _size(gib: object) -> str | None:
    """As documents write it."""
    return f"{gib:.9f}GiB" if isinstance(gib, int | float) and gib else None


def _bound(made: Plan, record: Record) -> Plan:
    """The plan whose machine is this very compute, with what the client gave it."""
    own = {
        "entity": record.id,
        "user_data": contextual.user_data(record.attributes),
        **chained.inputs(record),
    }
    steps = tuple(
        replace(each, inputs={**each.inputs, **own})
        if each.subject.startswith("machine/") and each.verb == "create"
        else each
        for each in made.steps
    )
    return replace(made, steps=steps)


def _reasons(error: InvalidDocument) -> str:
    found = error.fields.get("diagnostics")
    said = [str(each["summary"]) for each in found if each["severity"] == "error"] if isinstance(found, list) else []
    return "; ".join(said) or error.message
