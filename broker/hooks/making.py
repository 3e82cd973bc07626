"""The steps that make a thing of a client's which is no compute: one that makes it, and one that uses what it is for.
Pure but for `needed`, which reads the store.

    network, storage      by themselves
    security group        for the machines of a network, which it uses
    ip reservation        for a compute, whose machine is there
    snapshot              of a compute, whose machine is there; it stays when that goes
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from broker.errors import Clash, Invalid, Missing
from broker.hooks import chained, linked, owned
from broker.hooks.addresses import uuid_of
from broker.hooks.links import COMPUTE, FIREWALL, NETWORK, STORAGE
from broker.occi.model import ACCORDS, INFRASTRUCTURE
from broker.store import Record, Transaction, entities
from broker.templates import OS, Template, scheme_of
from manifests import Ref, Step, Value

GIB = 1024**3

ADDRESS, SNAPSHOT = INFRASTRUCTURE + "ipreservation", ACCORDS + "snapshot"
VLAN, RANGE, SUBNETS = "occi.network.vlan", "occi.network.address", "org.accords.network.subnets"
SIZE, RULES = "occi.storage.size", "occi.securitygroup.rules"


@dataclass(frozen=True, slots=True)
class For:
    """What a thing is for: the attribute that has its path, its kind, and the ability of a provider that it takes."""

    attribute: str
    kind: str
    ability: str


MADE_FOR: Mapping[str, For] = {
    FIREWALL: For("org.accords.securitygroup.network", NETWORK, "firewalls"),
    ADDRESS: For("org.accords.ipreservation.machine", COMPUTE, "addresses"),
    SNAPSHOT: For("org.accords.snapshot.machine", COMPUTE, "snapshots"),
}


def needed(tx: Transaction, record: Record) -> Record | None:
    """What it is for. Missing when that is not there, Clash while it is being made."""
    known = MADE_FOR.get(record.kind)
    path = record.attributes.get(known.attribute) if known else None
    if known is None or not path:
        return None
    there = entities.find(tx, record.account, known.kind, uuid_of(str(path)))
    if there is None or not there.attributes.get(owned.ALONE):
        raise Missing(f"{path} is nothing of yours that is there", hint="make it first")
    if known.kind == COMPUTE and not there.attributes.get(owned.REFERENCE):
        raise Clash(f"{owned.name_of(there)} is still being made", hint="ask again when it is there")
    return there


def image(tx: Transaction, record: Record) -> Mapping[str, Template]:
    """The snapshot that a compute is made of, as the template it would be; none where it names none. Missing."""
    path = record.attributes.get(chained.IMAGE)
    if not path:
        return {}
    there = entities.get(tx, record.account, SNAPSHOT, uuid_of(str(path)))
    if not there.attributes.get(owned.REFERENCE):
        raise Clash(f"the image {owned.name_of(there)} is still being saved", hint="ask again when it is there")
    at, reference = str(there.attributes[owned.PROVIDER]), str(there.attributes[owned.REFERENCE])
    return {OS: Template(scheme_of(at, OS), there.id, owned.name_of(there), OS, at, reference)}


def steps(record: Record, provider: str, there: Record | None) -> tuple[Step, ...]:
    """What makes it at a provider."""
    name = owned.node_name(record)
    own: dict[str, Value] = {"name": name, "entity": record.id, "key": linked.key_of(record.kind, record.id)}
    if group := chained.group(record):
        own["group"] = group
    return _STEPS[record.kind](record, provider, name, own, there)


def size(record: Record) -> int:
    """Of a storage, in bytes; Invalid for none."""
    found = float(record.attributes[SIZE])
    if found <= 0:
        raise Invalid(f"{SIZE} {found:g} is nothing that can be made", hint="GiB, more than 0")
    return round(found * GIB)


Own = Mapping[str, Value]


def _network(record: Record, provider: str, name: str, own: Own, there: Record | None) -> tuple[Step, ...]:
    said = record.attributes
    ranges = {"cidr": said.get(RANGE), "vlan": said.get(VLAN), "subnets": tuple(said.get(SUBNETS) or ())}
    inputs = {**own, "label": said.get("occi.network.label"), **ranges}
    return (Step(f"{provider}.{name}", "create", f"network/{name}", inputs, provider),)


def _storage(record: Record, provider: str, name: str, own: Own, there: Record | None) -> tuple[Step, ...]:
    inputs = {**own, "size": size(record), "type": None, "retain": False}
    return (Step(f"{name}.0.volume.{name}", "create", f"volume/{name}.0.{name}", inputs, provider),)


def _firewall(record: Record, provider: str, name: str, own: Own, there: Record | None) -> tuple[Step, ...]:
    rules = tuple(_rule(each) for each in record.attributes.get(RULES) or ())
    inputs: dict[str, Value] = {**own, "rules": rules}
    uses: tuple[Step, ...] = ()
    if there is not None:
        key = linked.key_of(NETWORK, there.id)
        uses = (linked.use_step(name, linked.Use(key, NETWORK, there.id, "network", provider)),)
        inputs["network"] = Ref(uses[0].id, "id")
    needs = tuple(each.id for each in uses)
    return (*uses, Step(f"{name}.0.firewall", "create", f"firewall/{name}.0", inputs, provider, needs))


def _of_machine(what: str, step: str) -> Callable[..., tuple[Step, ...]]:
    def made(record: Record, provider: str, name: str, own: Own, there: Record | None) -> tuple[Step, ...]:
        machine = str(there.attributes[owned.REFERENCE]) if there is not None else ""
        return (Step(f"{name}.0.{step}", "create", f"{what}/{name}.0", {**own, "machine": machine}, provider),)

    return made


_STEPS: Mapping[str, Callable[[Record, str, str, Own, Record | None], tuple[Step, ...]]] = {
    NETWORK: _network,
    STORAGE: _storage,
    FIREWALL: _firewall,
    ADDRESS: _of_machine("address", "address"),
    SNAPSHOT: _of_machine("snapshot", "save.alone"),
}

_PORTS = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?")


def _rule(said: Mapping[str, Any]) -> dict[str, Value]:
    """A rule as rOCCI and ooi have them: {type: inbound, protocol, port: "80-90", range: CIDR}, or with `node` in place
    of the range. Without a port it is all of them."""
    if not isinstance(said, Mapping) or said.get("type", "inbound") != "inbound":
        raise Invalid(f"{RULES}: only what is let in can be said", hint='{"type": "inbound", ...}')
    ports = _PORTS.fullmatch(str(said.get("port", "0-0")))
    if ports is None:
        raise Invalid(f"{RULES}: {str(said['port'])[:20]!r} is no port", hint="80, or 80-90, or none for all")
    node = said.get("node")
    source = f"node:{owned.slug(str(node))}" if node else str(said.get("range", "0.0.0.0/0"))
    first, last = int(ports[1]), int(ports[2] or ports[1])
    return {"protocol": str(said.get("protocol", "any")), "from": first, "to": last, "source": source}
