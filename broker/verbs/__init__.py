"""Verbs: what a plan's steps do. The only place that turns a plan's inputs into what drivers and agents take.

`VERBS` is the table: a verb has a start and, if it can wait, a look. Both answer at once with Done, Waiting or Failed;
waiting, retrying and journalling are the walk's business (`broker.execute`). Nothing else crosses this edge: what a
provider raises becomes a Failed that says by the error's own word whether trying again may help.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from broker.errors import AccordsError
from broker.execute.outcomes import Failed, Outcome
from broker.verbs.act import act, acted
from broker.verbs.adopt import adopt, hand_back
from broker.verbs.given import given
from broker.verbs.instruct import await_agent, instruct, instructed, ready
from broker.verbs.job import Call, Job, Tools
from broker.verbs.make import create, created, delete, deleted, forget, generate, save, saved
from broker.verbs.mount import mount, mounted
from broker.verbs.right import accept, discard, discarded, give_up, resize, resized, retag, retagged
from broker.verbs.share import leave, share, unshare
from broker.verbs.use import use, vacate
from broker.verbs.watch import watch
from manifests import Step
from providers.errors import ProviderError, Throttled

__all__ = ["VERBS", "Job", "Tools", "Verb", "Verbs"]


@dataclass(frozen=True, slots=True)
class Verb:
    """`start` does the first thing, `look` sees what came of it."""

    start: Callable[[Call], Outcome]
    look: Callable[[Call], Outcome]


_INSTRUCT = Verb(instruct, instructed)
_ACT = Verb(act, acted)
_SHARE = Verb(share, share)

VERBS: Mapping[str, Verb] = {
    "create": Verb(create, created),
    "adopt": Verb(adopt, adopt),
    "hand-back": Verb(hand_back, hand_back),
    "generate": Verb(generate, generate),
    "given": Verb(given, given),
    "await": Verb(await_agent, await_agent),
    "mount": Verb(mount, mounted),
    "install": _INSTRUCT,
    "configure": _INSTRUCT,
    "run": _INSTRUCT,
    "fork": _INSTRUCT,
    "kill": _INSTRUCT,
    "monitor": Verb(watch, watch),
    "ready": Verb(ready, ready),
    "start": _ACT,
    "stop": _ACT,
    "restart": _ACT,
    "suspend": _ACT,
    "resume": _ACT,
    "save": Verb(save, saved),
    "share": _SHARE,
    "join": _SHARE,
    "leave": Verb(leave, leave),
    "unshare": Verb(unshare, unshare),
    "use": Verb(use, use),
    "vacate": Verb(vacate, vacate),
    "delete": Verb(delete, deleted),
    "forget": Verb(forget, forget),
    "discard": Verb(discard, discarded),
    "resize": Verb(resize, resized),
    "retag": Verb(retag, retagged),
    "accept": Verb(accept, accept),
    "give-up": Verb(give_up, give_up),
}


class Verbs:
    """What `execute` calls, for one operation. `begun` are the steps whose intent an earlier walk wrote: what they may
    have made is looked for before it is made again."""

    def __init__(self, tools: Tools, job: Job, begun: frozenset[str] = frozenset()) -> None:
        self._tools = tools
        self._job = job
        self._begun = set(begun)

    def start(self, step: Step, inputs: Mapping[str, object], token: str) -> Outcome:
        call = Call(self._tools, self._job, step, inputs, token, again=step.id in self._begun)
        self._begun.add(step.id)
        return _answer(VERBS[step.verb].start, call)

    def look(self, step: Step, inputs: Mapping[str, object], token: str, partial: Mapping[str, object]) -> Outcome:
        return _answer(VERBS[step.verb].look, Call(self._tools, self._job, step, inputs, token, partial=partial))


def _answer(verb: Callable[[Call], Outcome], call: Call) -> Outcome:
    """The verb's answer; every error we know as Failed. An error nobody knows is a bug and goes up to the walk."""
    try:
        return verb(call)
    except ProviderError as error:
        delay = error.delay if isinstance(error, Throttled) else None
        return Failed(_told(error.code, error.message, call), retryable=error.retryable, delay=delay)
    except AccordsError as error:
        return Failed({**_told(error.code, error.message, call), "hint": error.hint}, retryable=error.status >= 500)


HINTS: Mapping[str, str] = {
    "provider.auth": "mend the provider's credential in the settings, then retry",
    "provider.quota": "give something back or raise the quota, then retry; or release the service",
    "provider.refused": "mend what the provider refuses, or release the service",
    "provider.not-found": "somebody else removed it at the provider: release the service",
}
"""What can be done about an error that trying again does not mend, by its code."""


def _told(code: str, message: str, call: Call) -> dict[str, object]:
    hint = HINTS.get(code, "retry the step when the provider answers again, or release the service")
    return {"code": code, "message": message, "provider": call.step.provider, "hint": hint}
