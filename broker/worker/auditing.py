"""What carries our tag at a provider and no living service has: given back where a service ended, kept where nobody
knows it, removed where somebody asked for that.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import suppress

from broker.reconcile import ACCOUNT, INSTALLATION, ORDER, SERVICE, Observed, Thing, price_of
from broker.store import PLATFORM, events, findings, offers
from broker.store.findings import ASKED, STRAY, Finding
from broker.verbs import Tools
from broker.worker.knowing import left_behind, nobodys
from providers.errors import Conflict, NotFound, ProviderError
from providers.protocol import Kind, Resource

log = logging.getLogger(__name__)


def sweep(tools: Tools, answer: Observed) -> frozenset[Thing]:
    """Give back what released services left behind; what is given back now."""
    with tools.store.read() as tx:
        left = left_behind(tx, answer)
    gone = set()
    for each in left:
        with suppress(ProviderError):  # the next pass sees whether it is still there
            tools.providers[answer.provider].delete(each.kind, each.id, deadline=tools.settings.call_deadline)
            log.warning(
                "orphan.deleted", extra={"provider": answer.provider, "kind": each.kind.value, "thing": each.name}
            )
            gone.add((each.kind, each.id))
    return frozenset(gone)


def audit(tools: Tools, answer: Observed, swept: frozenset[Thing] = frozenset()) -> None:
    """Keep what nobody in the store knows, with what it costs where that is known."""
    with tools.store.read() as tx:
        found = [each for each in nobodys(tx, answer) if (each.kind, each.id) not in swept]
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
            if not nobodys(tx, answer):
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
