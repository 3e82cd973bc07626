"""What carries our tag at a provider and no living service has: given back where a service ended, kept where nobody
knows it, removed where somebody asked for that.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from contextlib import suppress

from broker.errors import Missing
from broker.reconcile import ACCOUNT, INSTALLATION, ORDER, SERVICE, Known, Observed, orphans, price_of, strays
from broker.store import PLATFORM, Transaction, events, findings, journal, offers, operations, services, volumes
from broker.store.findings import ASKED, STRAY, Finding
from broker.verbs import Tools
from providers.errors import Conflict, NotFound, ProviderError
from providers.protocol import Kind, Resource

log = logging.getLogger(__name__)


def sweep(tools: Tools, answer: Observed) -> frozenset[str]:
    """Give back what released services left behind; the ids of what is given back now."""
    with tools.store.read() as tx:
        owners = _owners(answer.resources.values())
        ended = {service for account, service in owners if _ended(tx, account, service, answer.at)}
        kept = {each.reference for account, _ in owners for each in volumes.every(tx, account)}
    gone = set()
    for left in orphans(answer, ended, kept):
        with suppress(ProviderError):  # the next pass sees whether it is still there
            tools.providers[answer.provider].delete(left.kind, left.id, deadline=tools.settings.call_deadline)
            log.warning(
                "orphan.deleted", extra={"provider": answer.provider, "kind": left.kind.value, "thing": left.name}
            )
            gone.add(left.id)
    return frozenset(gone)


def _ended(tx: Transaction, account: str, service: str, before: int) -> bool:
    """Whether the service was released before that time. One that the store does not know is left alone: the store may
    be an older one, brought back."""
    try:
        found = services.get(tx, account, service)
    except Missing:
        return False
    return found.state == "released" and found.updated < before


def audit(tools: Tools, answer: Observed, swept: frozenset[str] = frozenset()) -> None:
    """Keep what nobody in the store knows, with what it costs where that is known."""
    with tools.store.read() as tx:
        found = [each for each in strays(answer, known(tx, answer)) if each.id not in swept]
        before = findings.strays(tx, answer.provider)
    if not (found or before):
        return
    with tools.store.write() as tx:
        priced = [each for each in offers.every(tx, PLATFORM) if each.provider == answer.provider]
        now = [_finding(answer.provider, each, price_of(each, priced)) for each in found]
        change = findings.put_strays(tx, answer.provider, now)
        for name, things in (("stray.found", change.begun), ("stray.gone", change.ended)):
            for each in things:
                events.append(tx, each.account, None, name, findings.said(each))


def known(tx: Transaction, answer: Observed) -> Known:
    """What the store knows of the services that the things at a provider say they are of. Read after the look: what was
    made meanwhile is known."""
    ids: set[str] = set()
    tokens: set[str] = set()
    busy: set[str] = set()
    for account, service in _owners(answer.resources.values()):
        made = journal.made(tx, account, service).values()
        ids |= {str(each["id"]) for each in made if each and "id" in each}
        ids |= {each.reference for each in volumes.every(tx, account)}
        tokens |= {each.token for each in journal.history(tx, account, service).values() if each.result is None}
        newest = operations.latest(tx, account, service)
        busy |= {service} if newest is not None and newest.state in operations.OPEN else set()
    return Known(frozenset(ids), frozenset(tokens), frozenset(busy))


def _owners(found: Iterable[Resource]) -> set[tuple[str, str]]:
    """(account, service) as tags say."""
    return {(each.tags.get(ACCOUNT, ""), each.tags.get(SERVICE, "")) for each in found}


def _finding(provider: str, found: Resource, price: str | None) -> Finding:
    """A stray. One that names no account is the installation's own."""
    return Finding(
        found.tags.get(ACCOUNT) or PLATFORM,
        provider,
        found.kind.value,
        found.id,
        STRAY,
        service=found.tags.get(SERVICE, ""),
        step=found.tags.get("accords-step", ""),
        name=found.name,
        seen=found.state.value,
        facts=dict(found.facts),
        price=price,
    )


def give_back(tools: Tools, installation: str, name: str) -> None:
    """Carry out what was asked for with `accords audit --remove`, what holds something before what it holds. What is
    still in use is tried at the next turn; what else keeps a thing is said with it."""
    with tools.store.read() as tx:
        asked = [each for each in findings.strays(tx, name) if each.removal == ASKED]
    for each in sorted(asked, key=lambda found: (ORDER.index(Kind(found.kind)), found.id)):
        with suppress(Conflict):
            _removed(tools, each, _remove(tools, installation, each))


def _remove(tools: Tools, installation: str, found: Finding) -> str | None:
    """None when it is gone; otherwise why it stays. It is looked at once more: only what carries our tag is touched,
    and nothing that the store has come to know."""
    provider, deadline = tools.providers[found.provider], tools.settings.call_deadline
    try:
        seen = provider.observe(Kind(found.kind), found.id, deadline=deadline)
        if seen.tags.get(INSTALLATION) != installation:
            return "it does not carry this installation's tag any more"
        answer = Observed(found.provider, tools.store.now(), {(seen.kind, seen.id): seen})
        with tools.store.read() as tx:
            if not strays(answer, known(tx, answer)):
                return "a service has it"
        provider.delete(seen.kind, seen.id, deadline=deadline)
    except NotFound:
        return None
    except Conflict:
        raise
    except ProviderError as error:
        return error.message
    return None


def _removed(tools: Tools, found: Finding, why: str | None) -> None:
    with tools.store.write() as tx:
        if why is not None:
            findings.ask_removal(tx, [found], why)
            return
        findings.forget(tx, found)
        said: Mapping[str, object] = findings.said(found)
        events.append(tx, found.account, None, "stray.removed", said)
    log.warning("stray.removed", extra={"provider": found.provider, "kind": found.kind, "thing": found.name})
