"""What of the cloud row a service owns: how its entity says so, how services and nodes of a client's things are called.
Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from broker.errors import Clash
from broker.hooks import chained
from broker.hooks.addresses import uuid_of
from broker.occi import states
from broker.plans import plan_to_json
from broker.store import Record
from manifests import Plan

SERVICE, NODE, ALONE, PROVIDER = (f"org.accords.{term}" for term in ("service", "node", "alone", "provider"))
"""The service, and the node of it; whether a client made it, so that the service ends with it; where it is."""

REFERENCE = "org.accords.provider.id"
"""The provider's own id of it, as soon as it is there."""

BEING_MADE = "is being made"


@dataclass(frozen=True, slots=True)
class Asked(Record):
    """A thing on its way in, with the plan that will make it."""

    plan_json: str = ""


def asked(record: Record, own: Mapping[str, Any], made: Plan) -> Asked:
    """The thing as it is stored, with what the server says of it."""
    known = {each.name: getattr(record, each.name) for each in fields(Record)}
    return Asked(**{**known, "attributes": {**record.attributes, **own}}, plan_json=plan_to_json(made))


def attributes(record: Record, service: str, provider: str, node: str) -> dict[str, Any]:
    """What the entity of a thing says from its POST on: the service that makes it, and where."""
    message = f"{states.attribute(record.kind)}.message"
    return {message: BEING_MADE, PROVIDER: provider, SERVICE: f"/service/{service}", NODE: node, ALONE: "yes"}


def service_of(attributes: Mapping[str, Any]) -> str | None:
    found = attributes.get(SERVICE)
    return uuid_of(str(found)) if found else None


def name_of(record: Record) -> str:
    return record.title or record.id


def service_name(record: Record) -> str:
    """`web-1a2b3c4d`: no two things of an account have one."""
    return f"{node_name(record)}-{record.id[:8]}"


def node_name(record: Record) -> str:
    """A broker's machine is called as its node is there: rules name it so."""
    own = record.title or str(record.attributes.get("occi.compute.hostname") or "").partition(".")[0]
    return slug(chained.node(record) or own) or _term(record)


def slug(text: str) -> str:
    """`Debian (small)` -> `debian-small`; empty for what has no letter and no digit."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:30].strip("-")


def refuse(record: Record, hint: str) -> None:
    """Clash for what belongs to a service."""
    service = service_of(record.attributes)
    if service is not None:
        raise Clash(f"{name_of(record)} belongs to the service {service}", hint=hint, service=service)


def _term(record: Record) -> str:
    return record.kind.rpartition("#")[2]
