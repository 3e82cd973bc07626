"""What the worker does again and again beside operations: look at offers, end what is over, compare what is with what
should be, give back what was left. Each is one short pass; what fails is tried at the next.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from contextlib import suppress
from operator import itemgetter

from broker import templates
from broker.client import Client
from broker.errors import Missing, RowDown
from broker.offers import offer_of
from broker.phases import SETTLED
from broker.reconcile import ACCOUNT, DIFFERS, INSTALLATION, SERVICE, Desired, Observed, Wanted, orphans, reconcile
from broker.store import (
    PLATFORM,
    Service,
    Transaction,
    entities,
    journal,
    operations,
    outbox,
    retention,
    services,
    volumes,
)
from broker.store import offers as offer_rows
from broker.store.journal import Entry
from broker.verbs import Job, Tools, projections
from broker.verbs.specs import resolved
from broker.worker.operation import job_of
from manifests import Plan, Step
from providers.errors import ProviderError
from providers.protocol import Kind, Provider, State

log = logging.getLogger(__name__)

SETTLE = 2_000_000
"""Microseconds a service is left alone after a change before it is compared."""

BROUGHT: Mapping[str, State] = {
    "start": State.ACTIVE,
    "restart": State.ACTIVE,
    "resume": State.ACTIVE,
    "stop": State.STOPPED,
    "suspend": State.SUSPENDED,
}
"""The state each verb that was done last brought its machine to."""


def refresh_offers(tools: Tools) -> None:
    """Ask every provider what it gives. One that does not answer keeps its old offers: they grow too old."""
    for name, provider in tools.providers.items():
        try:
            offerings = provider.offers(deadline=tools.settings.call_deadline)
        except ProviderError as error:
            log.warning("offers.failed", extra={"provider": name, "code": error.code, "error": error.message})
            continue
        with tools.store.write() as tx:
            before = _templates(tx)
            found = [offer_of(name, provider.driver, each, tx.now) for each in offerings]
            offer_rows.replace(tx, PLATFORM, name, found)
            outbox.put(tx, PLATFORM, templates.changed(before, _templates(tx)))


def show_templates(tools: Tools) -> None:
    """Tell the cloud row of all templates there are, and forget the offers of providers that the settings no longer
    have: once a start, for what a database that was lost or brought back does not know."""
    with tools.store.write() as tx:
        before = _templates(tx)
        for name in {each.provider for each in offer_rows.every(tx, PLATFORM)} - tools.providers.keys():
            offer_rows.replace(tx, PLATFORM, name, ())
        after = _templates(tx)
        outbox.put(tx, PLATFORM, [*templates.changed({}, after), *templates.changed(before, after)])


def _templates(tx: Transaction) -> dict[str, templates.Template]:
    """Without images that accounts have saved: those are their own."""
    return templates.offered(offer_rows.every(tx, PLATFORM), volumes.images(tx))


def end_what_is_over(tools: Tools) -> None:
    """Services past their time to live: cancelled if something is under way, released otherwise."""
    with tools.store.write() as tx:
        for service in services.expired(tx):
            _end(tx, service)


def _end(tx: Transaction, service: Service) -> None:
    discard = entities.get(tx, service.account, services.KIND, service.id).attributes.get("org.accords.discard")
    operations.end(tx, service, {"volumes": bool(discard)})
    log.info("service.expired", extra={"service": service.name})


def forget_what_is_old(tools: Tools) -> None:
    """Events, and what is left of services that were released long ago."""
    with tools.store.write(durable=False) as tx:
        gone = retention.prune(tx, tx.now - round(tools.settings.retention * 1_000_000))
    if gone:
        log.info("retention.pruned", extra={"rows": gone})


def have_errands_done(client: Client) -> None:
    """Have the cloud row do what it owes: it answers requests, and does nothing by itself."""
    try:
        client.post("cloud", "/errands", {})
    except RowDown as error:
        log.info("errands.later", extra={"why": error.message})


def observe(tools: Tools, installation: str) -> dict[str, Observed]:
    """What every provider has of this installation; one that does not answer is not in it."""
    found = (_observe(tools, name, provider, installation) for name, provider in tools.providers.items())
    return {each.provider: each for each in found if each is not None}


def _observe(tools: Tools, name: str, provider: Provider, installation: str) -> Observed | None:
    asked = tools.store.now()
    try:
        resources = provider.list({INSTALLATION: installation}, deadline=tools.settings.call_deadline)
    except ProviderError as error:
        log.warning("observe.failed", extra={"provider": name, "code": error.code, "error": error.message})
        return None
    return Observed(name, asked, {(each.kind, each.id): each for each in resources})


def compare(tools: Tools, installation: str, observed: Mapping[str, Observed]) -> None:
    """Report each service as it really is: a machine that stopped by itself makes a stopped service."""
    with tools.store.read() as tx:
        found = services.in_states(tx, (*SETTLED, "failed"))
    for service in found:
        if service.state != "failed" or (service.error or {}).get("code") == DIFFERS:
            _compare(tools, installation, service, observed)


def _compare(tools: Tools, installation: str, service: Service, observed: Mapping[str, Observed]) -> None:
    with tools.store.write() as tx:
        now = services.get(tx, service.account, service.id)
        newest = operations.latest(tx, service.account, service.id)
        if now.generation != service.generation or newest is None or newest.state in operations.OPEN:
            return
        job = job_of(tx, installation, newest, now)
        desired = desired_of(tx, job, now)
        report = reconcile(desired, observed, tx.now, settle=SETTLE)
        if report is None or report.state == service.state:
            return
        services.set_state(tx, service.account, service.id, report.state, error=report.error)
        outbox.put(tx, service.account, list(shown(job, desired, observed)))
    log.warning("service.differs", extra={"service": service.name, "state": report.state})


def desired_of(tx: Transaction, job: Job, service: Service) -> Desired:
    """Each machine that was made, in the state it was last brought to."""
    entries = journal.history(tx, job.account, job.service)
    machines = {}
    for step in created(job.deploy, "machine"):
        result = job.made.get(step.id)
        if result:
            state = brought_to(step.id.removesuffix("machine"), entries)
            machines[step.id] = Wanted(str(step.provider), str(result["id"]), state)
    return Desired(service.id, service.desired, machines, service.updated)


def brought_to(prefix: str, entries: Mapping[str, Entry]) -> State:
    """The state of the last change that was done with a node; active when there was none since it was made."""
    acts = {prefix + verb: state for verb, state in BROUGHT.items()}
    done = [(entry.ended or 0, acts[name]) for name, entry in entries.items() if name in acts and entry.state == "done"]
    return max(done, key=itemgetter(0))[1] if done else State.ACTIVE


def created(plan: Plan, kind: str) -> Iterable[Step]:
    """The steps that create things of a kind."""
    return (step for step in plan.steps if step.verb == "create" and step.subject.startswith(f"{kind}/"))


def shown(job: Job, desired: Desired, observed: Mapping[str, Observed]) -> Iterable[outbox.Projection]:
    """The machines' entities as they are now."""
    for step_id, machine in desired.machines.items():
        resource = observed[machine.provider].resources.get((Kind.MACHINE, machine.id))
        step = job.deploy.step(step_id)
        if resource is not None:
            yield from projections.made(job, step, resolved(step.inputs, job.made), resource)


def sweep(tools: Tools, observed: Mapping[str, Observed]) -> None:
    """Give back what released services left behind."""
    for name, answer in observed.items():
        owners = {(each.tags.get(ACCOUNT, ""), each.tags.get(SERVICE, "")) for each in answer.resources.values()}
        with tools.store.read() as tx:
            ended = {service for account, service in owners if _ended(tx, account, service, answer.at)}
            kept = {each.reference for account, _ in owners for each in volumes.every(tx, account)}
        for left in orphans(answer, ended, kept):
            with suppress(ProviderError):  # the next pass sees whether it is still there
                tools.providers[name].delete(left.kind, left.id, deadline=tools.settings.call_deadline)
                log.warning("orphan.deleted", extra={"provider": name, "kind": left.kind.value, "thing": left.name})


def _ended(tx: Transaction, account: str, service: str, before: int) -> bool:
    """Whether the service was released before that time. One that the store does not know is left alone: the store may
    be an older one, brought back."""
    try:
        found = services.get(tx, account, service)
    except Missing:
        return False
    return found.state == "released" and found.updated < before
