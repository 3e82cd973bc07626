"""What another broker's things say beyond a plain client's: they are tagged, and go when what they stand for is gone.

Machines and firewalls of one service there are services of their own here. What they are to each other, rules that let
in `node:<name>`, holds by their group, which follows from the tags they have there, and is a tag of its own at our
provider (`providers.groups`). Pure.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from broker.occi.model import ACCORDS
from broker.store import Record
from manifests import Offer, Value

TAGGED, MACHINE, SUBNETS = (f"{ACCORDS}{term}" for term in ("tagged", "machine", "subnets"))
TAGS = "org.accords.client.tags"
IMAGE, PACKAGES, PUBLIC, ZONE, DISK = (
    f"org.accords.machine.{term}" for term in ("image", "packages", "public", "zone", "disk")
)


def is_tagged(record: Record) -> bool:
    """Whether another broker asked for it."""
    return TAGGED in record.mixins


def tags(record: Record) -> Mapping[str, Any]:
    found = record.attributes.get(TAGS)
    return found if isinstance(found, Mapping) and is_tagged(record) else {}


def node(record: Record) -> str:
    """The node it is of over there; empty for none."""
    return str(tags(record).get("accords-node") or "")


def group(record: Record) -> str:
    """What a service over there is known by here: 26 characters, the same along a chain of any length; empty for what
    is of none."""
    told = tags(record)
    if "accords-service" not in told:
        return ""
    if "accords-group" in told:
        return str(told["accords-group"])
    whole = f"{told.get('accords-installation', '')}\0{told['accords-service']}"
    return base64.b32encode(hashlib.sha256(whole.encode()).digest())[:26].decode().lower()


def in_zone(record: Record, offers: Sequence[Offer]) -> Sequence[Offer]:
    """Those of the zone that a machine shall be in, if it says one."""
    zone = record.attributes.get(ZONE)
    return [each for each in offers if each.zone == zone] if zone else offers


def inputs(record: Record) -> dict[str, Value]:
    """What the step that makes a machine has of this beside what every client's has."""
    if not is_tagged(record):
        return {}
    packages = record.attributes.get(PACKAGES) or ()
    return {"group": group(record), "packages": tuple(map(str, packages))}
