"""The way to the fake cloud and back: every call passes here, is counted, slowed, throttled, held, failed or lost.

It knows nothing of machines: it takes a `Call` and the work to do, and does it or not. A held call is told of to
those who wait for it (`held`), so that a test can kill a worker while its call is under way.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TypeVar

from providers.errors import (
    Ambiguous,
    Auth,
    Conflict,
    NotFound,
    ProviderError,
    Quota,
    Refused,
    Throttled,
    Unavailable,
)
from providers.fake.knobs import Knobs, Trouble
from providers.fake.ledger import Call, Ledger

T = TypeVar("T")

ERRORS: dict[str, type[ProviderError]] = {
    error.code.removeprefix("provider."): error
    for error in (NotFound, Refused, Conflict, Quota, Auth, Throttled, Unavailable, Ambiguous)
}


@dataclass(slots=True)
class Armed:
    """A trouble and how many of the calls it chooses have come."""

    trouble: Trouble
    seen: int = 0

    def hit(self, call: Call) -> bool:
        """Whether this call, which is counted, is one that the trouble befalls."""
        if not _chosen(self.trouble, call):
            return False
        self.seen += 1
        over = self.seen - self.trouble.nth
        return over >= 0 and (self.trouble.times == 0 or over < self.trouble.times)


@dataclass(frozen=True, slots=True)
class Held:
    """A call that is being held, and on which side of being carried out."""

    call: Call
    when: str


class Gate:
    """One a cloud. `clock` is monotonic seconds, for throttling; waiting uses the real clock."""

    def __init__(self, provider: str, ledger: Ledger, clock: Callable[[], float] = time.monotonic) -> None:
        self._provider = provider
        self._ledger = ledger
        self._clock = clock
        self._changed = threading.Condition()
        self._armed: list[Armed] = []
        self._held: list[Held] = []
        self._let_go = 0
        self._recent: deque[float] = deque()

    def run(self, call: Call, knobs: Knobs, deadline: float, work: Callable[[], T]) -> T:
        """Do `work` as the knobs and troubles let it; ends within `deadline` seconds."""
        ends = time.monotonic() + deadline
        if deadline <= 0:
            raise Unavailable("no time was left to send the request", provider=self._provider, thing=call.thing)
        hits = self._arrive(call, knobs)
        for trouble in hits:
            self._fail(trouble, call)
        self._wait(hits, "before", call, ends)
        late = self._travel(call, knobs, ends)
        result = work()
        self._wait(hits, "after", call, ends)
        if late or any(trouble.does == "lose" for trouble in hits):
            raise self._lost(call, "the answer did not come")
        return result

    def trouble(self, trouble: Trouble) -> None:
        """From now on, this goes wrong too."""
        with self._changed:
            self._armed.append(Armed(trouble))

    def calm(self) -> None:
        """Nothing goes wrong any more; what is held is let go."""
        with self._changed:
            self._armed.clear()
        self.let_go()

    def held(self, count: int = 1, wait: float = 0.0) -> tuple[Held, ...]:
        """The calls being held now, after waiting up to `wait` seconds for `count` of them."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._held) >= count, timeout=wait)
            return tuple(self._held)

    def let_go(self) -> None:
        """Every call that is being held goes on."""
        with self._changed:
            self._let_go += 1
            self._changed.notify_all()

    def _arrive(self, call: Call, knobs: Knobs) -> tuple[Trouble, ...]:
        with self._changed:
            self._ledger.calls.append(call)
            self._throttle(call, knobs)
            return tuple(armed.trouble for armed in self._armed if armed.hit(call))

    def _throttle(self, call: Call, knobs: Knobs) -> None:
        limit = knobs.throttle
        if limit is None:
            return
        now = self._clock()
        while self._recent and self._recent[0] <= now - limit.per:
            self._recent.popleft()
        if len(self._recent) >= limit.calls:
            delay = self._recent[0] + limit.per - now
            message = f"more than {limit.calls} calls in {limit.per} s; ask again in {delay:.3f} s"
            raise Throttled(message, delay=delay, provider=self._provider, thing=call.thing)
        self._recent.append(now)

    def _fail(self, trouble: Trouble, call: Call) -> None:
        if trouble.does != "fail":
            return
        message = f"{call.method} {call.kind}/{call.thing}: told to fail with {trouble.error}"
        if trouble.error == "throttled":
            raise Throttled(message, delay=trouble.delay, provider=self._provider, thing=call.thing)
        raise ERRORS[trouble.error](message, provider=self._provider, thing=call.thing)

    def _wait(self, hits: tuple[Trouble, ...], when: str, call: Call, ends: float) -> None:
        if not any(_holds(hits, when)):
            return
        held = Held(call, when)
        with self._changed:
            turn = self._let_go
            self._held.append(held)
            self._changed.notify_all()
            gone = self._changed.wait_for(lambda: self._let_go > turn, timeout=max(0.0, ends - time.monotonic()))
            self._held.remove(held)
        if not gone:
            raise self._lost(call, f"it was held {when} being carried out, past the deadline")

    def _travel(self, call: Call, knobs: Knobs, ends: float) -> bool:
        """Spend the latency, at most up to the deadline; whether that was too little."""
        latency = knobs.latencies.get(call.method, knobs.latency)
        if latency <= 0:
            return False
        left = max(0.0, ends - time.monotonic())
        time.sleep(min(latency, left))
        return latency >= left

    def _lost(self, call: Call, why: str) -> Ambiguous:
        message = f"{call.method} {call.kind}/{call.thing} was sent: {why}"
        return Ambiguous(message, provider=self._provider, thing=call.thing)


def _chosen(trouble: Trouble, call: Call) -> bool:
    return (
        fnmatchcase(call.method, trouble.call)
        and fnmatchcase(call.kind, trouble.kind)
        and (fnmatchcase(call.thing, trouble.name) or fnmatchcase(call.id, trouble.name))
    )


def _holds(hits: tuple[Trouble, ...], when: str) -> Iterator[bool]:
    return (trouble.does == "hold" and trouble.when == when for trouble in hits)
