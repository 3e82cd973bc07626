"""A service against its providers, as the last comparison found it: what differs, what would put it right, and the
operation that does. Reads and writes the store; what is to be done is decided in `broker.reconcile`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from broker.errors import Clash, Missing
from broker.phases import PHASES, SETTLED
from broker.plans import plan_from_json
from broker.reconcile import Aspect, Desired, Difference, Righted, as_it_is, desired_of, planned
from broker.store import (
    PLATFORM,
    Operation,
    Service,
    Transaction,
    entities,
    events,
    findings,
    journal,
    offers,
    operations,
    services,
)
from broker.store.findings import Finding, said
from manifests import Plan
from providers.protocol import Ability, Kind

POLICY = "org.accords.repair"
"""The attribute of a service that says what the worker does by itself about what differs."""
POLICIES = ("report", "repair", "adopt")


@dataclass(frozen=True, slots=True)
class Subject:
    """A service with all that is known of what it should have. `newest` is its last operation."""

    service: Service
    newest: Operation
    deploy: Plan
    made: Mapping[str, Mapping[str, Any] | None]
    desired: Desired

    @property
    def busy(self) -> bool:
        return self.newest.state in operations.OPEN

    @property
    def providers(self) -> frozenset[str]:
        """Where it has something."""
        return frozenset(each.provider for each in self.desired.things.values())


def subject(tx: Transaction, service: Service, *, installation: str = "") -> Subject | None:
    """None of a service that was never planned. Without the installation its things' tags are not compared."""
    newest = operations.latest(tx, service.account, service.id)
    deploy = operations.latest(tx, service.account, service.id, kind="deploy")
    if newest is None or deploy is None or deploy.plan_json is None:
        return None
    plan, made = plan_from_json(deploy.plan_json), journal.made(tx, service.account, service.id)
    entries = journal.history(tx, service.account, service.id)
    wanted = as_it_is(plan, entries)
    return Subject(service, newest, wanted, made, desired_of(installation, service, wanted, made, entries))


def policy_of(tx: Transaction, service: Service, otherwise: str) -> str:
    """What was said with the service; `otherwise` the setting."""
    return str(entities.get(tx, service.account, services.KIND, service.id).attributes.get(POLICY, otherwise))


def righted(tx: Transaction, about: Subject, how: str) -> Righted:
    """What `repair` or `adopt` would do now. A size is only brought back where the provider can."""
    found = differences(findings.of_service(tx, about.service.account, about.service.id))
    there = [each for each in found if each.step in about.desired.things]
    able = {each.provider for each in offers.every(tx, PLATFORM) if Ability.RESIZE in each.abilities}
    fixed = [each for each in there if how == "repair" and each.aspect is Aspect.SIZE and each.provider not in able]
    done = planned(how, about.deploy, about.made, about.desired, [each for each in there if each not in fixed])
    return replace(done, left=(*done.left, *fixed))


def plan(tx: Transaction, service: Service, how: str) -> Plan:
    """What is carried out. Missing for a service that was never planned."""
    about = subject(tx, service)
    if about is None:
        raise Missing(f"service {service.name} has no plan", hint="release it, and deploy it again")
    return righted(tx, about, how).plan


def submit(tx: Transaction, about: Subject, how: str) -> Operation:
    """The operation that does it. Clash when there is nothing that it could do. What is adopted is where the service
    shall be from now on."""
    service = about.service
    if not righted(tx, about, how).plan.steps:
        hint = f"see accords drift {service.name}"
        raise Clash(f"nothing of {service.name} differs that {how} would do something about", hint=hint)
    found = keys(findings.of_service(tx, service.account, service.id))
    asked = operations.submit(tx, service.account, service.id, "repair", arguments={"how": how, "found": found})
    desired = service.state if how == "adopt" and service.state in SETTLED else None
    during = str(PHASES["repair"].during)
    services.set_state(tx, service.account, service.id, during, desired=desired)
    return asked


def keep(tx: Transaction, service: Service, found: Iterable[Difference], names: Mapping[str, str]) -> bool:
    """In what a service differs now, with the events of what began and what ended; whether that changed anything."""
    change = findings.put_service(tx, service.account, service.id, [finding(service, each, names) for each in found])
    happened = [("drift.found", said(each)) for each in change.begun]
    happened += [("drift.ended", said(each)) for each in change.ended]
    events.extend(tx, service.account, service.id, happened)
    return bool(happened)


def keys(found: Iterable[Finding]) -> list[str]:
    """What tells one set of differences from another."""
    return sorted(f"{each.provider} {each.kind} {each.id} {each.aspect} {each.seen}" for each in found)


def finding(service: Service, each: Difference, names: Mapping[str, str]) -> Finding:
    """A difference as it is kept."""
    return Finding(
        service.account,
        each.provider,
        each.kind.value,
        each.id,
        each.aspect.value,
        service=service.id,
        step=each.step,
        name=names.get(each.step, ""),
        wanted=each.wanted,
        seen=each.seen,
        facts=dict(each.facts),
    )


def differences(found: Iterable[Finding]) -> list[Difference]:
    """What is kept, as differences again."""
    return [
        Difference(
            each.step, each.provider, Kind(each.kind), each.id, Aspect(each.aspect), each.wanted, each.seen, each.facts
        )
        for each in found
    ]
