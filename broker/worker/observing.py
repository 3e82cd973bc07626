"""What one provider has against what the store says: looked at again and again, each provider by itself, so that none
waits for another.

    look     one list of everything that is ours; what should be there and is not in it is asked for by itself: only
             that says that it is gone, and not that somebody took our tag from it
    drift    each service that has something there is compared
    audit    what released services left is given back; what nobody in the store knows is kept, for `accords audit`
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping

from broker import repairs
from broker.phases import SETTLED
from broker.reconcile import DIFFERS, INSTALLATION, Desired, Observed
from broker.repairs import Subject
from broker.store import findings, services
from broker.verbs import Tools
from broker.worker import auditing, drifting
from providers.errors import NotFound, ProviderError
from providers.protocol import Kind, Provider, Resource

log = logging.getLogger(__name__)

STALE = 120_000_000
"""Microseconds after which what a provider said is too old to compare with: it may be hanging since."""

Resources = Mapping[tuple[Kind, str], Resource]


class Observing:
    """What each provider said last, shared by the threads that ask one each."""

    def __init__(self, tools: Tools, installation: str) -> None:
        self._tools = tools
        self._installation = installation
        self._seen: dict[str, Observed] = {}

    def turn(self, name: str) -> None:
        """One whole turn at one provider."""
        subjects = self._subjects(name)
        answer = self._look(name, [each.desired for each in subjects])
        if answer is None:
            return
        for subject in subjects:
            drifting.compare(self._tools, self._installation, subject, self._fresh())
        swept = auditing.sweep(self._tools, answer)
        auditing.audit(self._tools, answer, swept)

    def _subjects(self, name: str) -> list[Subject]:
        """The services that have something there, stay where they are, and that nothing is being done with."""
        with self._tools.store.read() as tx:
            settled = services.in_states(tx, (*SETTLED, "failed"))
            judged = [each for each in settled if each.state != "failed" or (each.error or {}).get("code") == DIFFERS]
            about = [repairs.subject(tx, each, installation=self._installation) for each in judged]
        return [each for each in about if each and not each.busy and name in each.providers]

    def _look(self, name: str, desired: Iterable[Desired]) -> Observed | None:
        """What a provider has; None, and said, when it does not answer."""
        asked = self._tools.store.now()
        try:
            found = look(self._tools, self._installation, name, desired)
        except ProviderError as error:
            self._seen.pop(name, None)
            log.warning("observe.failed", extra={"provider": name, "code": error.code, "error": error.message})
            self._note(name, {"code": error.code, "message": error.message})
            return None
        self._note(name, None)
        self._seen[name] = Observed(name, asked, found)
        return self._seen[name]

    def _note(self, name: str, error: Mapping[str, object] | None) -> None:
        with self._tools.store.write(durable=False) as tx:
            findings.seen(tx, name, error)

    def _fresh(self) -> dict[str, Observed]:
        now = self._tools.store.now()
        return {name: each for name, each in self._seen.copy().items() if now - each.at < STALE}


def look(tools: Tools, installation: str, name: str, desired: Iterable[Desired] = ()) -> Resources:
    """Everything of this installation at a provider, and what is wanted there and lost its tag."""
    provider, deadline = tools.providers[name], tools.settings.call_deadline
    listed = provider.list({INSTALLATION: installation}, deadline=deadline)
    found = {(each.kind, each.id): each for each in listed}
    wanted = {(thing.kind, thing.id) for each in desired for thing in each.things.values() if thing.provider == name}
    asked = (_observed(provider, *key, deadline=deadline) for key in sorted(wanted - found.keys()))
    return found | {(each.kind, each.id): each for each in asked if each is not None}


def _observed(provider: Provider, kind: Kind, id: str, *, deadline: float) -> Resource | None:
    try:
        return provider.observe(kind, id, deadline=deadline)
    except NotFound:
        return None
