"""Services: POST /service/ with a plan, its actions, and what else the row answers. Nothing here calls a cloud: a POST
validates, stores an operation and answers; the worker does the rest.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from difflib import unified_diff
from typing import Any

import orjson

from broker import monitor
from broker.errors import Clash, Forbidden, Invalid, Missing
from broker.hooks import adopted, event, given, library, linked, metric, pins, placing
from broker.hooks.addresses import uuid_of
from broker.hooks.invoke import invoke
from broker.occi import kinds
from broker.occi.model import CORDS
from broker.offers import offer_json
from broker.phases import PHASES
from broker.plans import PARTS, parts_from_json, plan_from_json, plan_to_json
from broker.promises import promised
from broker.report import report_of
from broker.services import Context, Reply
from broker.store import (
    PLATFORM,
    Operation,
    Record,
    Service,
    Transaction,
    entities,
    guarantees,
    logs,
    offers,
    operations,
    services,
    sharing,
)
from broker.times import rfc3339
from manifests import Agreement, Plan, base_of, node_of, read
from sla import Guarantee

KIND = CORDS + "service"
MADE = "org.accords.made"
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True, slots=True)
class Asked(Record):
    """A service on its way in: the record, with the plan it will be made by and where it comes from."""

    plan_json: str = ""
    plan_id: str = ""
    manifest_id: str = ""
    agreement_id: str | None = None
    promises: tuple[Guarantee, ...] = ()
    expires_at: int | None = None
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)


def create(ctx: Context, record: Record) -> Record:
    """Complete what was asked for from its plan. A name that is there already: the service itself for the same document
    (the row answers with it, 200), Clash with the difference for another one."""
    if MADE in record.attributes:
        return _made(ctx, record)
    attributes, secrets = given.taken(record.attributes)
    wanted = attributes.get("occi.service.plan")
    if not isinstance(wanted, str):
        raise Invalid("a service needs occi.service.plan", hint="post to /plan/ first, and name the plan that gives")
    plan_id = uuid_of(wanted)
    found = ctx.client.get("manifest", f"/plan/{plan_id}")["attributes"]
    plan = plan_of(found)
    name = str(attributes.get("occi.service.name") or plan.service)
    manifest_id = uuid_of(str(found["occi.plan.manifest"]))
    there = _running(ctx, name)
    if there is not None:
        return _same(ctx, there, manifest_id, plan, secrets)
    given.check(plan, secrets)
    placing.check(ctx, plan, found, anyway=bool(attributes.pop(placing.ANYWAY, False)))
    agreement = attributes.get("occi.service.sla")
    return Asked(
        **{**_fields(record), "title": name, "attributes": {**attributes, "occi.service.name": name}},
        plan_json=plan_to_json(replace(plan, service=name)),
        plan_id=plan_id,
        manifest_id=manifest_id,
        agreement_id=uuid_of(agreement) if isinstance(agreement, str) else None,
        promises=_promises(ctx, uuid_of(agreement), plan) if isinstance(agreement, str) else (),
        expires_at=expiry(attributes.get("org.accords.ttl"), ctx.now()),
        secrets=secrets,
    )


def created(ctx: Context, tx: Transaction, record: Record) -> None:
    """In the transaction that stores the entity: the service, what its nodes shall measure, and the operation that
    will make it."""
    if not isinstance(record, Asked):
        return
    service = Service(
        record.account,
        record.id,
        record.title,
        manifest_id=record.manifest_id or None,
        agreement_id=record.agreement_id,
        plan_id=record.plan_id or None,
        expires_at=record.expires_at,
    )
    services.create(tx, service)
    adopted.take(tx, record.account, record.id, plan_from_json(record.plan_json).steps)
    given.keep(tx, record.account, record.id, record.secrets)
    guarantees.put(tx, record.account, record.id, record.promises)
    monitor.ask_nodes(tx, record.account, record.id, record.promises)
    operations.submit(tx, record.account, record.id, "deploy", plan_json=record.plan_json)
    if not record.manifest_id:
        linked.count(tx, record.account, record.id, record.title, plan_from_json(record.plan_json))


def _made(ctx: Context, record: Record) -> Record:
    """A service whose plan the cloud row has made for one thing of a client's: there is neither a document nor
    an agreement."""
    if not ctx.principal.role.internal:
        raise Forbidden(
            f"{MADE} is written by servers", hint="post a document and a plan, or a compute to the cloud row"
        )
    attributes = {name: value for name, value in record.attributes.items() if name != MADE}
    name = str(attributes["occi.service.name"])
    made = replace(plan_from_json(str(record.attributes[MADE])), service=name)
    return Asked(**{**_fields(record), "title": name, "attributes": attributes}, plan_json=plan_to_json(made))


def _promises(ctx: Context, agreement_id: str, plan: Plan) -> tuple[Guarantee, ...]:
    """What an agreement that was posted promises of the nodes of a plan, and of those outside that it refers to."""
    path = kinds.registry("agreement").path(CORDS + "agreement", agreement_id)
    found = ctx.client.get("agreement", path)["attributes"].get("org.accords.document", "")
    meant = library.replaying(pins.held(ctx, agreement_id))
    document = read(str(found).encode(), limit=ctx.settings.body_limit, library=meant).document
    if not isinstance(document, Agreement):
        raise Invalid(f"agreement {agreement_id} has no document that can be judged", hint="post the document again")
    nodes = [each.node for each in plan.placements]
    outside = {name: said["address"] for name, said in plan.outside.items() if "address" in said}
    return promised(document, nodes, look=metric.asking(ctx), outside=outside)


def plan_of(attributes: Mapping[str, Any]) -> Plan:
    """The plan that a plan entity's attributes hold."""
    parts = parts_from_json({part: attributes.get(f"org.accords.{part}") for part in PARTS})
    return Plan("deploy", str(attributes["occi.plan.name"]), **parts)


def expiry(ttl: object, now: int) -> int | None:
    """When a service with this time to live (`2h`, `30m`, seconds) ends, UTC microseconds; None without one."""
    if ttl is None:
        return None
    parts = re.fullmatch(r"(\d{1,9})([smhd]?)", str(ttl).strip())
    if parts is None or int(parts[1]) == 0:
        raise Invalid(f"{str(ttl)[:20]!r} is no time to live", hint="write 45s, 30m, 2h or 7d")
    return now + int(parts[1]) * _SECONDS[parts[2]] * 1_000_000


def _fields(record: Record) -> dict[str, Any]:
    return {name: getattr(record, name) for name in Record.__slots__}


def _running(ctx: Context, name: str) -> Service | None:
    with ctx.store.read() as tx:
        found = services.by_name(tx, ctx.account, name)
    return None if found is None or found.state == "released" else found


def _same(ctx: Context, there: Service, manifest_id: str, plan: Plan, secrets: Mapping[str, str]) -> Record:
    """Where the same document would be placed today does not matter: what runs is what was asked for."""
    if there.desired == "released":
        raise Clash(
            f"the service {there.name} is being released", hint="wait until it is, then ask again", service=there.id
        )
    with ctx.store.read() as tx:
        deploy = operations.latest(tx, ctx.account, there.id, kind="deploy")
        record = entities.get(tx, ctx.account, KIND, there.id)
        given.check_same(tx, there, secrets)
    former = plan_from_json(deploy.plan_json) if deploy and deploy.plan_json else None
    same = there.manifest_id == manifest_id and (former is None or former.inputs == plan.inputs)
    if same or (former is not None and former.hash == plan.hash):
        return record
    raise Clash(
        f"a service {there.name} is there already, made by another plan",
        hint="give this one another name, or release that one first",
        difference=difference(former, plan),
        service=there.id,
    )


def difference(former: Plan | None, plan: Plan) -> list[str]:
    """What changed between two plans, as lines of a unified diff of their inputs and listings."""
    before = _lines(former) if former else []
    return list(unified_diff(before, _lines(plan), "running", "asked for", n=0, lineterm=""))


def _lines(plan: Plan) -> list[str]:
    return [*(f"{name} = {text!r}" for name, text in sorted(plan.inputs.items())), *plan.listing().splitlines()]


Action = Callable[[Context, Record, Mapping[str, object]], Record]


def _submit(kind: str) -> Action:
    """An action that becomes an operation. The state is shown at once; the worker does the rest."""

    def action(ctx: Context, record: Record, arguments: Mapping[str, object]) -> Record:
        with ctx.store.write() as tx:
            return submitted(ctx, tx, record.id, kind, arguments_of(arguments))

    return action


def submitted(ctx: Context, tx: Transaction, service: str, kind: str, arguments: Mapping[str, object]) -> Record:
    """The service with its new operation. Clash when its state, or who shares it, forbids that; Missing for nodes that
    it does not have."""
    sharing.check(tx, ctx.account, service, kind)
    _check_nodes(tx, ctx.account, service, arguments.get("nodes"))
    operation = operations.submit(tx, ctx.account, service, kind, arguments=arguments)
    return _show(ctx, tx, operation)


def _check_nodes(tx: Transaction, account: str, service: str, named: object) -> None:
    """Nothing would be done with a node that is not there, and said to be done."""
    deploy = operations.latest(tx, account, service, kind="deploy") if named else None
    if deploy is None or not deploy.plan_json or not isinstance(named, list):
        return
    ids = [step.id for step in plan_from_json(deploy.plan_json).steps if step.subject.startswith("machine/")]
    known = {node_of(id) for id in ids} | {base_of(id) for id in ids}
    if strange := [each for each in named if each not in known]:
        there = ", ".join(sorted({node_of(id) for id in ids}))
        raise Missing(f"there is no machine of a node {', '.join(strange)}", hint=f"the nodes: {there}")


def arguments_of(given: Mapping[str, object]) -> Mapping[str, object]:
    """`nodes` is a text of names with blanks between them in OCCI; a list from here on."""
    nodes = given.get("nodes")
    return {**given, "nodes": nodes.split()} if isinstance(nodes, str) else given


def _show(ctx: Context, tx: Transaction, operation: Operation) -> Record:
    """The service as under way. What only some nodes go through changes nothing about where the service shall be."""
    phase = PHASES[str(operation.arguments.get("kind", operation.kind))]
    desired = None if operation.arguments.get("nodes") else phase.ends
    if phase.during is not None:
        services.set_state(tx, ctx.account, operation.service, phase.during, desired=desired)
    return entities.get(tx, ctx.account, KIND, operation.service)


def cancel(ctx: Context, record: Record, arguments: Mapping[str, object]) -> Record:
    """End what is under way: its walk begins nothing more, and what was made is given back."""
    with ctx.store.write() as tx:
        sharing.check(tx, ctx.account, record.id, "cancel")
        operations.cancel(tx, ctx.account, record.id)
        services.set_state(tx, ctx.account, record.id, "releasing", desired="released")
        return entities.get(tx, ctx.account, KIND, record.id)


ACTIONS: Mapping[str, Action] = {
    **{kind: _submit(kind) for kind in ("start", "restart", "stop", "suspend", "save", "release", "retry")},
    "cancel": cancel,
    "invoke": invoke,
}


def end(ctx: Context, query: Mapping[str, str]) -> Reply:
    """POST /services/<id>/end: 202. Whatever the service goes through, it is given back, what is being deployed
    cancelled; with `node` that node's machine alone, and the rest stays. With `free` it is what a client's computes
    use: Clash as long as any does."""
    with ctx.store.write() as tx:
        found = services.get(tx, ctx.account, query["id"])
        if "free" in query:
            sharing.must_be_free(tx, ctx.account, found.id)
        else:
            sharing.check(tx, ctx.account, found.id, "release")
        if "node" in query:
            only = f"{query['node']}.0.machine"
            operations.submit(tx, ctx.account, found.id, "remove", arguments={"only": only})
        elif found.desired != "released":
            operations.end(tx, found)
    return Reply(202, b"{}")


def delete(ctx: Context, tx: Transaction, record: Record) -> None:
    """Only what was given back can be forgotten."""
    found = services.get(tx, record.account, record.id)
    if found.state != "released":
        raise Clash(f"service {found.name} is {found.state}", hint=f"release it first: accords release {found.name}")


def report(ctx: Context, record: Record, query: Mapping[str, str]) -> Reply:
    """GET /service/<id>/report"""
    with ctx.store.read() as tx:
        return _json(report_of(tx, ctx.account, record.id))


def printed(ctx: Context, record: Record, query: Mapping[str, str]) -> Reply:
    """GET /service/<id>/logs: what its nodes' scripts printed."""
    with ctx.store.read() as tx:
        found = logs.after(tx, ctx.account, record.id, event.number(query, "after"), limit=1000)
    return _json({"logs": [_printed(each) for each in found]})


def _printed(line: logs.Line) -> dict[str, object]:
    return {"seq": line.seq, "at": rfc3339(line.at), "node": line.node, "output": line.text}


def provider_listing(ctx: Context, query: Mapping[str, str]) -> Reply | None:
    """GET /provider/?view=offers: what the worker last saw that providers give."""
    if query.get("view") != "offers":
        return None
    with ctx.store.read() as tx:
        return _json({"offers": [offer_json(each) for each in offers.every(tx, PLATFORM)]})


def _json(value: object) -> Reply:
    return Reply(200, orjson.dumps(value))
