"""The walk: a plan's steps, carried out in the order of their needs, side by side, over a journal that survives.

    while something is in flight or will be due
        what was answered: its results, and what that makes ready: due now
        what waits or is to be tried again: due later, outside the pool
        what is due and fits: its intents
        one transaction for all of that, with the gate in it; then the calls

An intent without a result is called again with the same token. A failed step blocks only those that need it. The lease
is renewed by this loop; when it is lost the walk ends at once and writes nothing. When the operation is being cancelled
nothing more begins, but calls in flight are seen to their end: what they make must be in the journal before a release
looks for it. A walk that is told to stop ends in the same way, and is taken up where it was; so does one that waits for
nothing but other operations, which may need its place.
"""

from __future__ import annotations

import heapq
import logging
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from broker.errors import LeaseLost, PhaseChanged
from broker.execute.frontier import Frontier
from broker.execute.outcomes import Clock, Do, Done, Ending, Failed, Journal, Outcome, Patience, Waiting
from broker.execute.pool import Pool
from broker.store.journal import Ended, Entry, Intent, Partial
from manifests.plan import Plan, Step

__all__ = [
    "PATIENCE",
    "Clock",
    "Do",
    "Done",
    "Ending",
    "Failed",
    "Journal",
    "Outcome",
    "Patience",
    "Waiting",
    "execute",
]

log = logging.getLogger(__name__)

PATIENCE = Patience()


def execute(
    plan: Plan,
    do: Do,
    journal: Journal,
    *,
    parallel: int = 64,
    patience: Patience = PATIENCE,
    clock: Clock = time,
    stop: Callable[[], bool] = lambda: False,
) -> Ending:
    """Walk the plan to its end, `parallel` steps in flight at once; goes on where the journal says. Nothing of the plan
    is raised as an error, it is in the Ending. Once `stop` says so nothing more begins, and the walk ends with what is
    in flight. StoreFull and RowDown when the journal cannot be written: walk again."""
    walk = _Walk(plan, do, journal, parallel=parallel, patience=patience, clock=clock, stop=stop)
    try:
        return walk.run()
    except LeaseLost:
        return walk.ending(lost=True)
    finally:
        walk.pool.close()


@dataclass(slots=True, eq=False)
class _Call:
    """A step that is called, or will be. `partial` None: to be started; otherwise looked at. `since` is when this walk
    first called it, `until` its time-out, both by the monotonic clock."""

    step: Step
    token: str
    attempt: int
    partial: Mapping[str, Any] | None = None
    failures: int = 0
    elsewhere: bool = False
    since: float | None = None
    until: float = math.inf


@dataclass(slots=True)
class _Turn:
    """What one round changes in the journal, and what is called after that."""

    ended: list[Ended] = field(default_factory=list)
    partials: list[Partial] = field(default_factory=list)
    calls: list[_Call] = field(default_factory=list)


class _Walk:
    """One walk: what is due, what is in flight, and what both are to the journal."""

    def __init__(
        self,
        plan: Plan,
        do: Do,
        journal: Journal,
        *,
        parallel: int,
        patience: Patience,
        clock: Clock,
        stop: Callable[[], bool],
    ) -> None:
        self.pool: Pool[_Call, Outcome] = Pool(self._carry_out, parallel)
        self._do = do
        self._journal = journal
        self._patience = patience
        self._clock = clock
        self._stop = stop
        entries = journal.entries()
        self._frontier = Frontier(plan.steps, entries)
        self._order = {step.id: place for place, step in enumerate(plan.steps)}
        self._due: list[tuple[float, int, _Call]] = []
        self._flying: dict[str, _Call] = {}
        self._cancelled = False
        self._stopped = False
        self._waits = False
        self._gate_at = 0.0
        self._renew_at = clock.monotonic() + journal.seconds / 3
        for step in self._frontier.ready():
            self._ready(step, entries.get(step.id))

    def run(self) -> Ending:
        while self._due or self._flying:
            turn = _Turn()
            self._heed()
            for call, outcome in self._answers():
                self._answered(turn, call, outcome)
            self._time_out(turn)
            self._take_due(turn)
            self._renew()
            self._dispatch(turn)
        self._pass(_Turn(), always=True)  # a cancel that came with the last result counts, too
        return self.ending()

    def _heed(self) -> None:
        """Nothing more is due for a walk that is told to stop, or that would only wait for other operations; what it
        waits for is in the journal."""
        self._waits = bool(self._due) and not self._flying and all(call.elsewhere for _, _, call in self._due)
        if self._waits or (self._stop() and (self._due or self._flying)):
            self._stopped = True
            self._due.clear()

    def ending(self, *, lost: bool = False) -> Ending:
        steps, front = self._frontier.steps, self._frontier
        return Ending(
            done=tuple(id for id in steps if id in front.results),
            failed={id: front.errors[id] for id in steps if id in front.errors},
            blocked=front.blocked(),
            cancelled=self._cancelled,
            lost=lost,
            stopped=self._stopped,
            waits=self._waits,
            tolerated=frozenset(id for id, step in steps.items() if step.optional),
        )

    def _ready(self, step: Step, entry: Entry | None = None) -> None:
        """A step may begin; what an earlier walk knows of it is taken up."""
        call = _Call(step, self._journal.token(step.id), attempt=entry.attempt if entry else 0)
        if entry is not None and entry.state == "waiting":
            call.partial = entry.partial or {}
        self._plan(call, 0.0)

    def _all_ready(self, steps: Sequence[Step]) -> None:
        if not (self._cancelled or self._stopped):
            for step in steps:
                self._ready(step)

    def _plan(self, call: _Call, due: float) -> None:
        heapq.heappush(self._due, (due, self._order[call.step.id], call))

    def _take_due(self, turn: _Turn) -> None:
        now = self._clock.monotonic()
        while self._due and self._due[0][0] <= now and len(turn.calls) < self.pool.free:
            call = heapq.heappop(self._due)[2]
            if call.until <= now:
                self._give_up(turn, call, _timed_out(call, self._patience))
            else:
                turn.calls.append(call)
                if call.since is None:
                    call.since, call.until = now, now + self._patience.step_timeout

    def _dispatch(self, turn: _Turn) -> None:
        if not self._pass(turn):
            return
        for call in turn.calls:
            self._flying[call.step.id] = call
            self.pool.submit(call)

    def _pass(self, turn: _Turn, *, always: bool = False) -> bool:
        """Commit the turn and go through the gate. False: the operation is being cancelled, and nothing more is due."""
        try:
            self._commit(turn, always=always)
        except PhaseChanged:
            self._cancelled = True
            self._due.clear()
        return not self._cancelled

    def _commit(self, turn: _Turn, *, always: bool) -> None:
        """The gate is read from the store: with every write, before every call, and once a tick."""
        intents = [_intent(call) for call in turn.calls if call.partial is None]
        now = self._clock.monotonic()
        if turn.ended or turn.partials or intents:
            self._journal.write(ended=turn.ended, partials=turn.partials, intents=intents)
        elif turn.calls or always or now >= self._gate_at:
            self._journal.gate()
        else:
            return
        self._gate_at = now + self._patience.tick

    def _renew(self) -> None:
        if self._clock.monotonic() >= self._renew_at:
            self._journal.renew()
            self._renew_at = self._clock.monotonic() + self._journal.seconds / 3

    def _answers(self) -> list[tuple[_Call, Outcome]]:
        """What was answered; waits until something is, or is due, at most a tick."""
        if not self._due and not self._flying:
            return []
        pause = self._patience.tick
        if self._due and self.pool.free:
            pause = min(pause, max(0.0, self._due[0][0] - self._clock.monotonic()))
        if not self.pool.busy:
            self._clock.sleep(pause)
            return []
        return self.pool.answers(pause)

    def _answered(self, turn: _Turn, call: _Call, outcome: Outcome) -> None:
        if self._flying.get(call.step.id) is not call:
            return  # it timed out before; its token will find what it made
        del self._flying[call.step.id]
        match outcome:
            case Done():
                self._done(turn, call, outcome)
            case Waiting():
                self._wait(turn, call, outcome)
            case Failed():
                self._fail(turn, call, outcome)

    def _done(self, turn: _Turn, call: _Call, outcome: Done) -> None:
        id = call.step.id
        turn.ended.append(Ended(id, outcome.result, None, outcome.projections, outcome.events))
        self._all_ready(self._frontier.done(id, outcome.result))
        log.info("step.done", extra=self._line(call))

    def _wait(self, turn: _Turn, call: _Call, outcome: Waiting) -> None:
        if outcome.partial != call.partial:
            turn.partials.append(Partial(call.step.id, outcome.partial))
        call.partial, call.failures, call.elsewhere = outcome.partial, 0, outcome.elsewhere
        self._later(call, outcome.after_seconds)

    def _fail(self, turn: _Turn, call: _Call, outcome: Failed) -> None:
        call.failures += 1
        if not outcome.retryable or call.failures >= self._patience.attempts:
            self._give_up(turn, call, outcome.error)
            return
        delay = self._patience.delay(call.failures) if outcome.delay is None else outcome.delay
        log.info("step.retry", extra={**self._line(call), "error": outcome.error, "after": delay})
        self._later(call, delay)

    def _later(self, call: _Call, seconds: float) -> None:
        """Due again, unless the walk ends: then its intent stays, for the release or the next walk to look into."""
        if not (self._cancelled or self._stopped):
            self._plan(call, min(call.until, self._clock.monotonic() + seconds))

    def _give_up(self, turn: _Turn, call: _Call, error: Mapping[str, Any]) -> None:
        turn.ended.append(Ended(call.step.id, error=error))
        self._all_ready(self._frontier.failed(call.step.id, error))
        log.warning("step.failed", extra={**self._line(call), "error": error})

    def _line(self, call: _Call) -> dict[str, object]:
        """What is logged of every step."""
        now = self._clock.monotonic()
        seconds = round(now - (now if call.since is None else call.since), 3)
        return {"step": call.step.id, "provider": call.step.provider, "attempt": call.attempt, "seconds": seconds}

    def _time_out(self, turn: _Turn) -> None:
        """End the calls whose time is up. One that hangs keeps its thread, and nothing waits for it."""
        now = self._clock.monotonic()
        for call in [call for call in self._flying.values() if call.until <= now]:
            del self._flying[call.step.id]
            self._give_up(turn, call, _timed_out(call, self._patience))

    def _carry_out(self, call: _Call) -> Outcome:
        """In a thread of the pool."""
        try:
            inputs = self._frontier.inputs(call.step)
            if call.partial is None:
                return self._do.start(call.step, inputs, call.token)
            return self._do.look(call.step, inputs, call.token, call.partial)
        except Exception as error:  # the step's door: a bug in one step must not end the walk
            log.exception("step.bug", extra={"step": call.step.id})
            message = f"{call.step.id}: {type(error).__name__}: {error}"
            return Failed({"code": "step.bug", "message": message, "hint": "report it with the worker's log"})


def _intent(call: _Call) -> Intent:
    """The intent of its next attempt."""
    call.attempt += 1
    return Intent(call.step.id, call.token, call.attempt)


def _timed_out(call: _Call, patience: Patience) -> dict[str, str]:
    message = f"{call.step.id} took longer than {patience.step_timeout:g} s"
    return {"code": "step.timeout", "message": message, "hint": "retry the step, or release the service"}
