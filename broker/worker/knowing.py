"""What the store knows of the things at a provider, by id and by token: whoever is not known there is nobody's.

Tags say whose a thing is, and so which journals are read. But somebody may have changed them: before anything is called
nobody's, or left behind by a service that ended, the journals of all services that live are read.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from broker.errors import Missing
from broker.plans import plan_from_json
from broker.reconcile import ACCOUNT, SERVICE, Known, Observed, Thing, orphans, strays
from broker.store import Transaction, journal, operations, services, volumes
from providers.protocol import Kind, Resource

KINDS = {kind.value: kind for kind in Kind}


def left_behind(tx: Transaction, answer: Observed) -> Sequence[Resource]:
    """What services that have ended left there, and no living one has."""
    ended = {service for account, service in _owners(answer) if _ended(tx, account, service, answer.at)}
    kept = _kept(tx, answer.provider)
    left = orphans(answer, ended, kept)
    return orphans(answer, ended, kept | _lived_in(tx, answer.provider)) if left else ()


def nobodys(tx: Transaction, answer: Observed) -> Sequence[Resource]:
    """What no service has, nor is being made by one. Read after the look: what was made meanwhile is known."""
    known = _known(tx, answer)
    if not strays(answer, known):
        return ()
    return strays(answer, replace(known, things=known.things | _lived_in(tx, answer.provider)))


def _known(tx: Transaction, answer: Observed) -> Known:
    """What the store knows of the services that the things say they are of."""
    things = set(_kept(tx, answer.provider))
    tokens: set[str] = set()
    busy: set[str] = set()
    for account, service in _owners(answer):
        things |= _things(tx, account, service, answer.provider)
        tokens |= {each.token for each in journal.history(tx, account, service).values() if each.result is None}
        newest = operations.latest(tx, account, service)
        busy |= {service} if newest is not None and newest.state in operations.OPEN else set()
    return Known(frozenset(things), frozenset(tokens), frozenset(busy))


def _kept(tx: Transaction, provider: str) -> frozenset[Thing]:
    """Retained volumes and saved images."""
    kinds = {"image": Kind.SNAPSHOT, "volume": Kind.VOLUME}
    return frozenset((kinds[each.kind], each.reference) for each in volumes.at(tx, provider))


def _lived_in(tx: Transaction, provider: str) -> frozenset[Thing]:
    """What all services that are not released have there."""
    living = services.living(tx)
    return frozenset(thing for each in living for thing in _things(tx, each.account, each.id, provider))


def _things(tx: Transaction, account: str, service: str, provider: str) -> set[Thing]:
    """Of what kind a thing is the deploy plan knows: some clouds number each kind by itself."""
    deploy = operations.latest(tx, account, service, kind="deploy")
    if deploy is None or deploy.plan_json is None:
        return set()
    made = journal.made(tx, account, service)
    steps = [step for step in plan_from_json(deploy.plan_json).steps if step.provider == provider]
    had = ((step.subject.partition("/")[0], made.get(step.id) or {}) for step in steps)
    return {(KINDS[kind], str(result["id"])) for kind, result in had if kind in KINDS and "id" in result}


def _owners(answer: Observed) -> Collection[tuple[str, str]]:
    """(account, service) as tags say."""
    return {(each.tags.get(ACCOUNT, ""), each.tags.get(SERVICE, "")) for each in answer.resources.values()}


def _ended(tx: Transaction, account: str, service: str, before: int) -> bool:
    """Whether the service was released before that time. One that the store does not know is left alone: the store may
    be an older one, brought back."""
    try:
        found = services.get(tx, account, service)
    except Missing:
        return False
    return found.state == "released" and found.updated < before
