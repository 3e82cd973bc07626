"""What a step made, as the OCCI entities that show it: OGF compute, network, storage and their links in the cloud
row, a CORDS contract in the service row. Pure. The journal is the truth; these can be made again from it at any time.

Ids are uuid5(service, step): a result that is projected twice is one entity.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from broker.occi import states
from broker.occi.model import ACCORDS, CORDS, INFRASTRUCTURE
from broker.occi.states import words
from broker.plans import element_id
from broker.store.outbox import Projection
from broker.verbs.job import Job
from broker.verbs.specs import Inputs, kind_of
from manifests import Ref, Step, base_of, node_of
from providers import devices
from providers.protocol import Kind, Resource, State
from sla import Watch

IP_NETWORK = "http://schemas.ogf.org/occi/infrastructure/network#ipnetwork"
IP_INTERFACE = "http://schemas.ogf.org/occi/infrastructure/networkinterface#ipnetworkinterface"
CONTRACT = CORDS + "contract"
PROBE = CORDS + "probe"
SERVICE = "org.accords.service"

GIB = 1024**3

KINDS: Mapping[Kind, str] = {
    Kind.MACHINE: INFRASTRUCTURE + "compute",
    Kind.NETWORK: INFRASTRUCTURE + "network",
    Kind.VOLUME: INFRASTRUCTURE + "storage",
    Kind.FIREWALL: INFRASTRUCTURE + "securitygroup",
    Kind.ADDRESS: INFRASTRUCTURE + "ipreservation",
    Kind.SNAPSHOT: ACCORDS + "snapshot",
}
"""What of a provider's things is an entity."""
ASKED = frozenset({Kind.FIREWALL, Kind.ADDRESS, Kind.SNAPSHOT})
"""Those that are one only where a client asked for it: a service's own are parts of its machines."""


def made(job: Job, step: Step, inputs: Inputs, resource: Resource) -> tuple[Projection, ...]:
    """The entities that show a resource as it was just observed. `step` is the one that created it."""
    if resource.kind is Kind.MACHINE:
        links = (*_interfaces(job, step, inputs, resource), *_attachments(job, step, resource), *_guard(job, step))
        return (compute(job, step, inputs, resource), _contract(job, step, resource), *links)
    if resource.kind is Kind.NETWORK:
        return (_network(job, step, resource),)
    if resource.kind is Kind.VOLUME:
        return (_storage(job, step, inputs, resource),)
    return (_asked_for(job, step, resource),) if resource.kind in ASKED and job.is_asked_for(step.id) else ()


def unmade(job: Job, why: str) -> Iterator[Projection]:
    """What clients asked for and is not there, with the reason (INF-02, INF-03: it may end in error)."""
    for step in job.deploy.steps:
        if step.verb == "create" and step.inputs.get("entity") and not job.made.get(step.id):
            yield _broken(job, step, why)


def lost(job: Job, made_by: str) -> tuple[Projection, ...]:
    """What clients asked for and somebody took away at its provider."""
    if not job.is_asked_for(made_by):
        return ()
    step = job.deploy.step(made_by)
    return (_broken(job, step, f"it is gone at {step.provider}"),)


def _broken(job: Job, step: Step, why: str) -> Projection:
    kind = KINDS[kind_of(step.subject)]
    name = states.attribute(kind)
    state = {name: "error", f"{name}.message": why}
    own = {"org.accords.alone": "yes", SERVICE: f"/service/{job.service}"}
    asked = {"org.accords.provider": step.provider, "org.accords.node": node_of(step.id) or None}
    return _entity(kind, job.entity(step.id), "", {**state, **own, **asked})


def unchanged(job: Job, why: str) -> Iterator[Projection]:
    """What was asked of a client's things and did not come to be: they are as they were told last, and why."""
    for step in job.deploy.steps:
        if step.verb == "create" and step.inputs.get("entity") and job.made.get(step.id):
            kind = KINDS[kind_of(step.subject)]
            told = {f"{states.attribute(kind)}.message": why, SERVICE: f"/service/{job.service}"}
            yield _entity(kind, job.entity(step.id), "", told)


def over(job: Job) -> Iterator[Projection]:
    """The end of everything that clients asked for, also of what was never begun."""
    for step in job.deploy.steps:
        if step.verb == "create" and step.inputs.get("entity"):
            yield _gone(job, kind_of(step.subject), step.id)


def gone(job: Job, kind: Kind, made_by: str) -> tuple[Projection, ...]:
    """The end of what step `made_by` had made. Links go with their resources."""
    if kind not in KINDS or (kind in ASKED and not job.is_asked_for(made_by)):
        return ()
    own = _gone(job, kind, made_by)
    if kind is not Kind.MACHINE:
        return (own,)
    prefix = made_by.removesuffix("machine")
    watched = (step.id for step in job.deploy.steps if step.verb == "monitor" and step.id.startswith(prefix))
    probes = (Projection(PROBE, job.entity(step), gone=True) for step in watched)
    return (own, Projection(CONTRACT, contract_id(job, made_by), gone=True), *probes)


def _gone(job: Job, kind: Kind, made_by: str) -> Projection:
    """It says of which service it is the end: an entity may have been made anew for another."""
    return Projection(KINDS[kind], job.entity(made_by), attributes={SERVICE: f"/service/{job.service}"}, gone=True)


def probe(job: Job, step: Step, watch: Watch) -> Projection:
    """What is measured, from its monitor step on. The measurements themselves are in the service's report."""
    attributes = {
        "occi.probe.name": f"{watch.target} {watch.metric}",
        "occi.probe.expression": watch.expression or watch.metric,
        "occi.probe.period": watch.period,
        "occi.probe.samples": watch.samples,
        "occi.probe.state": 1,
    }
    return _entity(PROBE, job.entity(step.id), f"{watch.target} {watch.metric}", attributes)


def contract_id(job: Job, machine_step: str) -> str:
    return job.entity(machine_step, "contract")


def compute(job: Job, step: Step, inputs: Inputs, resource: Resource, public: tuple[str, ...] = ()) -> Projection:
    """A machine; `public` are addresses that it was just given beside those that it is seen with."""
    own = (job.made.get(f"{base_of(step.id)}.address") or {}).get("address") if node_of(step.id) else None
    addresses = dict.fromkeys((*resource.addresses, *public, *((str(own),) if own else ())))
    return _entity(
        KINDS[Kind.MACHINE],
        job.entity(step.id),
        resource.name,
        {
            "occi.compute.cores": resource.facts.get("cores", inputs.get("cores")),
            "occi.compute.memory": _gib(resource.facts.get("memory", inputs.get("memory"))),
            "occi.compute.hostname": inputs.get("hostname"),
            "occi.compute.state": words("machine", resource.state.value).occi,
            "org.accords.contract": f"/contract/{contract_id(job, step.id)}",
            "org.accords.addresses": " ".join(addresses) or None,
            **_origin(job, step, resource),
        },
    )


def _network(job: Job, step: Step, resource: Resource) -> Projection:
    cidr = resource.facts.get("cidr")
    return _entity(
        KINDS[Kind.NETWORK],
        job.entity(step.id),
        resource.name,
        {
            "occi.network.label": None if step.inputs.get("entity") else resource.name,  # a client's own stays
            "occi.network.state": _is_up(resource, "active", "inactive"),
            "occi.network.address": cidr,
            "occi.network.gateway": resource.facts.get("gateway"),
            "occi.network.allocation": "dynamic" if cidr else None,
            **_origin(job, step, resource),
        },
        *((IP_NETWORK,) if cidr else ()),
    )


def _storage(job: Job, step: Step, inputs: Inputs, resource: Resource) -> Projection:
    return _entity(
        KINDS[Kind.VOLUME],
        job.entity(step.id),
        resource.name,
        {
            # a client's own stays, to the byte
            "occi.storage.size": None if step.inputs.get("entity") else _gib(inputs.get("size")),
            "occi.storage.state": _is_up(resource, "online", "offline"),
            **_origin(job, step, resource),
        },
    )


def _asked_for(job: Job, step: Step, resource: Resource) -> Projection:
    kind = KINDS[resource.kind]
    told = {states.attribute(kind): _is_up(resource, "active", "inactive"), **_origin(job, step, resource)}
    address = {"occi.ipreservation.address": resource.addresses[0]} if resource.addresses else {}
    return _entity(kind, job.entity(step.id), resource.name, {**told, **address})


def _interfaces(job: Job, step: Step, inputs: Inputs, resource: Resource) -> tuple[Projection, ...]:
    """A link to each network the machine was put on, with its address there: the first is the one siblings use."""
    further, gateways = step.inputs.get("further"), inputs.get("gateways")
    networks = (step.inputs.get("network"), *(further if isinstance(further, tuple) else ()))
    steps = [network.step for network in networks if isinstance(network, Ref)]
    known = gateways if isinstance(gateways, tuple) else [(job.made.get(each) or {}).get("gateway") for each in steps]
    pairs = zip(steps, known, strict=True)
    return tuple(
        _interface(job, step, resource, network, index=index, gateway=gateway)
        for index, (network, gateway) in enumerate(pairs)
    )


def _interface(job: Job, step: Step, resource: Resource, network: str, *, index: int, gateway: object) -> Projection:
    attributes = {
        "occi.networkinterface.interface": f"eth{index}",
        "occi.networkinterface.mac": None if index else resource.facts.get("mac"),
        "occi.networkinterface.address": resource.addresses[index] if index < len(resource.addresses) else None,
        "occi.networkinterface.gateway": gateway,
        "occi.networkinterface.allocation": "dynamic",
        "occi.networkinterface.state": _is_up(resource, "active", "inactive"),
    }
    return _link(job, "networkinterface", (step.id, "interface"), network, attributes, IP_INTERFACE)


def _attachments(job: Job, step: Step, resource: Resource) -> tuple[Projection, ...]:
    """A link to each volume."""
    wanted = step.inputs.get("volumes")
    items = wanted if isinstance(wanted, tuple) else ()
    return tuple(_attachment(job, step, item, resource) for item in items if isinstance(item, Mapping))


def _attachment(job: Job, step: Step, item: Mapping[str, object], resource: Resource) -> Projection:
    """Where the machine sees it under names, those are its device."""
    volume = item["volume"]
    target = volume.step if isinstance(volume, Ref) else str(volume)
    seen = devices.names(str(resource.facts.get(devices.FACT, "")), _id_of(job, volume))
    attributes = {
        "occi.storagelink.deviceid": ",".join(seen) or (None if _own_link(job, target) else target),
        "occi.storagelink.mountpoint": item.get("mountpoint"),
        "occi.storagelink.state": "active",
    }
    return _link(job, "storagelink", (step.id, "storage", target), target, attributes)


def _id_of(job: Job, volume: object) -> str:
    """The provider's id of a volume that a step names."""
    return str((job.made.get(volume.step) or {}).get(volume.field, "")) if isinstance(volume, Ref) else str(volume)


def _guard(job: Job, step: Step) -> tuple[Projection, ...]:
    """A client's link to the firewall it asked for."""
    firewall = step.inputs.get("firewall")
    if not (isinstance(firewall, Ref) and _own_link(job, firewall.step)):
        return ()
    told = {"occi.securitygrouplink.state": "active"}
    return (_link(job, "securitygrouplink", (step.id, "guard"), firewall.step, told),)


def _contract(job: Job, step: Step, resource: Resource) -> Projection:
    """The CORDS contract names its node, its OGF compute and the provider's id; each leads to the others."""
    node = node_of(step.id)
    return _entity(
        CONTRACT,
        contract_id(job, step.id),
        node,
        {
            "occi.contract.name": node,
            "occi.contract.node": _asked(job, node),
            "occi.contract.profile": step.provider,
            "occi.contract.provider": f"/compute/{job.entity(step.id)}",
            "occi.contract.reference": resource.id,
            "occi.contract.hostname": resource.addresses[0] if resource.addresses else None,
            "occi.contract.parentservice": f"/service/{job.service}",
            "occi.contract.state": int(words("machine", resource.state.value).cords),
        },
    )


def _asked(job: Job, node: str) -> str | None:
    """Where the node row has what the document asks of this node."""
    written = node.partition("/")[0]  # of what is inside, the document has the complex node alone
    return f"/node/{element_id(job.manifest, f'manifest/node:{written}')}" if job.manifest else None


def _origin(job: Job, step: Step, resource: Resource) -> dict[str, object]:
    """Where an entity comes from: its provider, the provider's id for it, the service and node it is of."""
    return {
        "org.accords.provider": step.provider,
        "org.accords.provider.id": resource.id,
        SERVICE: f"/service/{job.service}",
        "org.accords.node": resource.tags.get("accords-node"),
        "org.accords.alone": "yes" if step.inputs.get("entity") else None,
    }


def _link(
    job: Job, term: str, parts: tuple[str, ...], target: str, attributes: Mapping[str, object], *mixins: str
) -> Projection:
    """A link from the machine that the first of `parts` made to what `target` made: a client's own where it asked for
    one. Its ends are stored references: kind and id, so that moving a host changes none."""
    other = KINDS[_ENDS[term]]
    entity = _entity(INFRASTRUCTURE + term, _own_link(job, target) or job.entity(*parts), "", attributes, *mixins)
    source = f"{KINDS[Kind.MACHINE]} {job.entity(parts[0])}"
    return replace(entity, source=source, target=f"{other} {job.entity(target)}")


_ENDS = {"networkinterface": Kind.NETWORK, "storagelink": Kind.VOLUME, "securitygrouplink": Kind.FIREWALL}


def _own_link(job: Job, step: str) -> str:
    """The id of the client's link for which a step uses what it leads to; empty for our own links."""
    try:
        return str(job.deploy.step(step).inputs.get("link") or "")
    except KeyError:
        return ""


def _entity(kind: str, identifier: str, title: str, attributes: Mapping[str, object], *mixins: str) -> Projection:
    known = {key: value for key, value in attributes.items() if value is not None}
    return Projection(kind, identifier, title, known, mixins)


def _is_up(resource: Resource, yes: str, no: str) -> str:
    return yes if resource.state is State.ACTIVE else no


def _gib(size: object) -> float | None:
    """OCCI counts memory and storage in GiB."""
    return round(size / GIB, 3) if isinstance(size, int) else None
