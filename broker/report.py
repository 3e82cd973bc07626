"""A service with all its parts as one JSON value: what `accords status` prints. Reads only; the shape is the contract.

service     {id, name, state, account, created, expires}           times: RFC 3339, UTC
operation   {id, kind, state, done, total, error, said} or null    the newest one; said: of a method's scripts,
                                                                   [{node, exit, output}]
steps       [{id, verb, subject, provider, state, attempt, error,  state: waiting intent done failed blocked;
             waits}]                                               waits: the steps that it needs and are not done
nodes       [{name, state, provider, zone, addresses, public,      ports: [{protocol, from, to, source}]; public: the
             size, ports}]                                         address of its own, or null; size: {size, cores,
                                                                   memory, disk} as last given, size: a name or null
volumes     [{id, name, provider, size, retain, node}]             id: the provider's, empty before it is made
samples     [{metric, target, location, value, units, at}]         the newest of what is measured
guarantees  [{name, target, state, reason, at, since}]             since: of a violation that lasts, or null
violations  [{name, target, since, ended, reason, evidence}]       the newest few; ended null: it lasts
outputs     [{name, value}]                                        value null: it is not known yet
outside     [{name, address, port, aetitle}]                       nodes of others; null: nobody said so
shared      [{node, service, users, whose, differs}]               common nodes: which service each is, all its users,
                                                                   the service whose definition it is, and whether this
                                                                   one's document defines it otherwise
drift       [{provider, kind, id, aspect, step, wanted, seen,      what is at the providers otherwise than it should be
             since}]
users       [{name, running}]                                      who uses this one, where it is a common node
error       {step, code, message, hint, ...} or null
can         [action, ...]                                          what may be asked for now
methods     [name, ...]                                            what `invoke` may ask for
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from broker.occi.states import shown
from broker.phases import CAN
from broker.plans import plan_from_json
from broker.reconcile import DIFFERS, as_it_is, brought_to
from broker.store import (
    Operation,
    Service,
    Transaction,
    findings,
    journal,
    operations,
    samples,
    services,
    sharing,
    verdicts,
    watches,
)
from broker.store.findings import said
from broker.store.journal import Entry
from broker.store.verdicts import Violation
from broker.times import rfc3339, rfc3339_or_none
from manifests import SIZES, Plan, Ref, Step, Value
from sla import Sample, Verdict, metric

Json = dict[str, Any]

VIOLATIONS = 10
"""How many violations a report tells, the newest first."""

STATES: Mapping[str, str] = {"begun": "intent", "waiting": "intent", "done": "done", "failed": "failed"}
"""The journal's words as the report's."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the journal says of a service: newest entries by step, in the order they were begun, and what still is."""

    entries: Mapping[str, Entry]
    made: Mapping[str, Mapping[str, Any] | None]


def report_of(tx: Transaction, account: str, service_id: str) -> Json:
    """Missing when the account has no such service."""
    service = services.get(tx, account, service_id)
    newest = operations.latest(tx, account, service_id)
    deploy = operations.latest(tx, account, service_id, kind="deploy")
    plan = plan_from_json(deploy.plan_json) if deploy and deploy.plan_json else None
    current = plan_from_json(newest.plan_json) if newest and newest.plan_json else None
    facts = Facts(journal.history(tx, account, service_id), journal.made(tx, account, service_id))
    steps = steps_of(current, facts.entries) if current else []
    said = _said(current, facts.entries) if current and current.operation == "invoke" else []
    measured = watches.of_service(tx, account, service_id)
    broken = verdicts.violations_of(tx, account, service_id, limit=VIOLATIONS)
    lasting = {(each.guarantee, each.target): each.at for each in verdicts.lasting(tx, account, service_id)}
    return {
        "service": _service(service),
        "operation": _operation(newest, steps, said) if newest else None,
        "steps": steps,
        "nodes": nodes_of(as_it_is(plan, facts.entries), facts, service.error) if plan else [],
        "volumes": volumes_of(plan, facts) if plan else [],
        "samples": [sample_json(each) for each in samples.newest(tx, account, service_id, measured)],
        "guarantees": [_guarantee(each, lasting) for each in verdicts.of_service(tx, account, service_id)],
        "violations": [_violation(each) for each in broken],
        "outputs": outputs_of(plan, facts) if plan else [],
        "outside": outside_of(plan) if plan else [],
        "shared": shared_of(tx, account, service_id, plan),
        "users": users_of(tx, account, service_id),
        "drift": (drift := drift_of(tx, account, service_id)),
        "error": service.error,
        "can": can(service, plan, differs=bool(drift)),
        "methods": sorted(plan.interface) if plan else [],
    }


def shared_of(tx: Transaction, account: str, service_id: str, plan: Plan | None) -> list[Json]:
    """A line a common node, with the names of all services that use it. The first definition is the one that is made:
    who defines it otherwise is told."""
    own = {step.subject.partition("/")[2]: step.inputs for step in plan.steps if step.verb == "share"} if plan else {}
    return [
        {
            "node": node,
            "service": services.get(tx, account, instance.service).name,
            "users": sorted(_names(tx, instance)),
            **_defined(tx, instance, own.get(node, {})),
        }
        for node, instance in sharing.used_by(tx, account, service_id)
    ]


def _defined(tx: Transaction, instance: sharing.Instance, own: Mapping[str, Value]) -> Json:
    deploy = operations.latest(tx, instance.account, instance.service, kind="deploy")
    known = deploy.arguments if deploy else {}
    made, mine = known.get("definition"), own.get("definition")
    return {"whose": known.get("whose"), "differs": None not in (made, mine) and made != mine}


def users_of(tx: Transaction, account: str, service_id: str) -> list[Json]:
    """A line a service that uses this one, where it is what others share."""
    instance = sharing.of_service(tx, account, service_id)
    found = _names(tx, instance) if instance else {}
    return [{"name": name, "running": running} for name, running in sorted(found.items())]


def _names(tx: Transaction, instance: sharing.Instance) -> dict[str, bool]:
    """The services that use it, and whether any of their nodes that do is counted as running."""
    found: dict[str, bool] = {}
    for user in sharing.users_of(tx, instance.account, instance.key):
        found[user.name] = found.get(user.name, False) or user.running
    return found


def drift_of(tx: Transaction, account: str, service_id: str) -> list[Json]:
    """In what its things differ at their providers, as the worker last saw it."""
    return [{**said(each), "since": rfc3339(each.since)} for each in findings.of_service(tx, account, service_id)]


def can(service: Service, plan: Plan | None, *, differs: bool = False) -> list[str]:
    """What helps after a failure is in the error; otherwise the table says; no method is called where there is none,
    and nothing repaired where nothing differs."""
    from_error = (service.error or {}).get("can")
    if service.state == "failed" and isinstance(from_error, list):
        return from_error
    has = plan is not None and bool(plan.interface)
    absent = {name for name, there in (("invoke", has), ("repair", differs)) if not there}
    return [action for action in CAN.get(service.state, ()) if action not in absent]


def steps_of(plan: Plan, entries: Mapping[str, Entry]) -> list[Json]:
    """Every step of the plan, with its state; what is behind a failed one is blocked."""
    found: list[Json] = []
    stuck: set[str] = set()
    for step in plan.steps:
        entry = entries.get(step.id)
        state = STATES[entry.state] if entry else "blocked" if stuck & set(step.needs) else "waiting"
        if state == "blocked" or (state == "failed" and not step.optional):
            stuck.add(step.id)
        done = {id for id in step.needs if id in entries and entries[id].state == "done"}
        waits = [] if state == "done" else [id for id in step.needs if id not in done]
        found.append({**_step(step, state, entry), "waits": waits})
    return found


def nodes_of(plan: Plan, facts: Facts, error: Mapping[str, Any] | None) -> list[Json]:
    """A line a machine that is there or on its way, and then a line an application: no operation of a service stops,
    starts or saves one, so that its state says what it is while its service is stopped."""
    seen = (error or {}).get("seen", {}) if (error or {}).get("code") == DIFFERS else {}
    placements = {each.node: each for each in plan.placements}
    return [
        {
            "name": name,
            "state": shown("machine", seen.get(step.id.removesuffix(".machine")) or _state(step, facts)),
            "provider": step.provider,
            "zone": placements[name].zone if name in placements else "",
            "addresses": list((facts.made.get(step.id) or {}).get("addresses", ())),
            "public": _public(step, facts),
            "size": {what: step.inputs.get(what) for what in SIZES},
            "ports": _ports(plan, step),
        }
        for step, name in (*_created(plan, "machine"), *_created(plan, "application"))
        if step.id in facts.made or step.id not in facts.entries
    ]


def _public(step: Step, facts: Facts) -> object:
    """The address of its own, or the one that its provider gave it by itself."""
    own = facts.made.get(f"{step.id.removesuffix('machine')}address") or facts.made.get(step.id) or {}
    return (own.get("address") if own is not facts.made.get(step.id) else own.get("public")) or None


def volumes_of(plan: Plan, facts: Facts) -> list[Json]:
    """A line a volume that is there or on its way; `size` in bytes."""
    return [
        {
            "id": (facts.made.get(step.id) or {}).get("id", ""),
            "name": step.inputs.get("name"),
            "provider": step.provider,
            "size": step.inputs.get("size"),
            "retain": step.inputs.get("retain"),
            "node": node,
        }
        for step, node in _created(plan, "volume")
        if step.id in facts.made or step.id not in facts.entries
    ]


def outputs_of(plan: Plan, facts: Facts) -> list[Json]:
    """What the document wanted said, as far as the journal knows it."""
    return [{"name": name, "value": _known(value, facts)} for name, value in sorted(plan.outputs.items())]


def _known(value: Value, facts: Facts) -> Value:
    if not isinstance(value, Ref):
        return value
    found = (facts.made.get(value.step) or {}).get(value.field)
    return None if found is None else str(found)


def outside_of(plan: Plan) -> list[Json]:
    """A line a node that is only referred to."""
    return [
        {"name": name, **{what: said.get(what) for what in ("address", "port", "aetitle")}}
        for name, said in sorted(plan.outside.items())
    ]


def _state(step: Step, facts: Facts) -> str:
    """What the journal says of a machine."""
    if facts.made.get(step.id) is None:
        return "waiting" if step.id not in facts.made else "pending"
    return brought_to(step.id.removesuffix("machine"), facts.entries).value


def _created(plan: Plan, kind: str) -> Iterable[tuple[Step, str]]:
    """The steps that bring things of a kind, each with the node it is of."""
    for step in plan.steps:
        if step.verb in ("create", "adopt") and step.subject.startswith(kind + "/"):
            yield step, step.subject.partition("/")[2].partition(".")[0]


def _ports(plan: Plan, machine: Step) -> list[Json]:
    firewall = machine.id.removesuffix("machine") + "firewall"
    rules = next((step.inputs.get("rules") for step in plan.steps if step.id == firewall), ())
    return [dict(rule) for rule in rules if isinstance(rule, Mapping)] if isinstance(rules, tuple) else []


def _service(service: Service) -> Json:
    return {
        "id": service.id,
        "name": service.name,
        "state": service.state,
        "account": service.account,
        "created": rfc3339(service.created),
        "expires": rfc3339_or_none(service.expires_at),
    }


def _operation(operation: Operation, steps: list[Json], said: list[Json]) -> Json:
    done = sum(step["state"] == "done" for step in steps)
    kind = operation.arguments.get("kind", operation.kind)
    return {
        "id": operation.id,
        "kind": kind,
        "state": operation.state,
        "done": done,
        "total": len(steps),
        "error": operation.error,
        "said": said,
    }


def _said(plan: Plan, entries: Mapping[str, Entry]) -> list[Json]:
    """What the scripts of a method printed, and how they ended."""
    ended = ((step, entries[step.id]) for step in plan.steps if step.id in entries)
    told = ((step, entry.result or entry.error or {}) for step, entry in ended)
    return [
        {"node": step.subject, "exit": answer["exit"], "output": answer.get("output", "")}
        for step, answer in told
        if "exit" in answer
    ]


def _step(step: Step, state: str, entry: Entry | None) -> Json:
    return {
        "id": step.id,
        "verb": step.verb,
        "subject": step.subject,
        "provider": step.provider,
        "state": state,
        "attempt": entry.attempt if entry else 0,
        "error": entry.error if entry else None,
    }


def sample_json(one: Sample) -> Json:
    """One measurement as reports tell it; `units` empty for a site's own metric."""
    known = metric(one.metric)
    return {**asdict(one), "units": known.units if known else "", "at": rfc3339(one.at)}


def _guarantee(verdict: Verdict, lasting: Mapping[tuple[str, str], int]) -> Json:
    return {
        "name": verdict.guarantee,
        "target": verdict.target,
        "state": verdict.state.value,
        "reason": verdict.reason,
        "at": rfc3339(verdict.at),
        "since": rfc3339_or_none(lasting.get((verdict.guarantee, verdict.target))),
    }


def _violation(violation: Violation) -> Json:
    return {
        "name": violation.guarantee,
        "target": violation.target,
        "since": rfc3339(violation.at),
        "ended": rfc3339_or_none(violation.ended),
        "reason": violation.reason,
        "evidence": [{**asdict(sample), "at": rfc3339(sample.at)} for sample in violation.evidence],
    }
