"""What a walk needs, in memory: a journal, a cloud that steps make things in, a clock."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from broker.errors import LeaseLost, PhaseChanged
from broker.execute import Done, Outcome
from broker.store.journal import Ended, Entry, Intent, Partial
from manifests.plan import Plan, Step, Value


def step(id: str, /, *needs: str, optional: bool = False, **inputs: Value) -> Step:
    return Step(id, "create", f"thing/{id}", inputs, "fake", tuple(sorted(needs)), optional)


def plan(*steps: Step) -> Plan:
    return Plan("deploy", "service", steps)


class Clock:
    """Time passes when the walk sleeps, and only then."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float, /) -> None:
        self.now += seconds


class Killed(BaseException):
    """kill -9 of the worker: nothing of it runs after this."""


@dataclass
class Book:
    """A journal that outlives its walks. `kill_at` is the number of the write at which the worker dies, before it or,
    if `after`, when it is committed but not known to be. `phase` and `holder` are what the database says."""

    rows: dict[str, Entry] = field(default_factory=dict)
    kill_at: int | None = None
    after: bool = False
    phase: str = "running"
    holder: bool = True
    writes: int = 0
    renewals: int = 0
    gates: int = 0
    seconds: float = 30.0
    wrote: list[tuple[Sequence[Ended], Sequence[Partial], Sequence[Intent]]] = field(default_factory=list)
    during: Callable[[Book], None] = lambda book: None

    def token(self, step: str) -> str:
        return f"token-{step}"

    def entries(self) -> Mapping[str, Entry]:
        return dict(self.rows)

    def renew(self) -> None:
        self._held()
        self.renewals += 1

    def gate(self) -> None:
        self._held()
        self.gates += 1
        self._forward()

    def write(
        self, *, ended: Sequence[Ended] = (), partials: Sequence[Partial] = (), intents: Sequence[Intent] = ()
    ) -> None:
        self.writes += 1
        if self.writes == self.kill_at and not self.after:
            raise Killed
        self.during(self)
        self._held()
        self.wrote.append((ended, partials, intents))
        self._keep(ended, partials)
        if self.phase == "running":
            for intent in intents:
                self.rows[intent.step] = Entry(intent.step, "begun", intent.attempt, intent.token, 1)
        if self.writes == self.kill_at:
            raise Killed
        self._forward()

    def _keep(self, ended: Sequence[Ended], partials: Sequence[Partial]) -> None:
        for one in partials:
            self.rows[one.step] = replace(self.rows[one.step], state="waiting", partial=one.partial)
        for end in ended:
            state = "done" if end.error is None else "failed"
            self.rows[end.step] = replace(self.rows[end.step], state=state, result=end.result, error=end.error)

    def _held(self) -> None:
        if not self.holder:
            raise LeaseLost("somebody else has it")

    def _forward(self) -> None:
        if self.phase != "running":
            raise PhaseChanged("being cancelled")


@dataclass
class Cloud:
    """Does steps. The same token makes a thing once. `answers` gives a step's outcomes one by one, the last again and
    again; without any it is Done with its id. Everything that happened is in `log`, in order."""

    answers: Mapping[str, Sequence[Outcome]] = field(default_factory=dict)
    things: dict[str, str] = field(default_factory=dict)
    log: list[tuple[str, str]] = field(default_factory=list)
    given: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    looked: list[Mapping[str, Any]] = field(default_factory=list)
    during: Callable[[Step], None] = lambda step: None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _calls: Counter[str] = field(default_factory=Counter)

    def start(self, step: Step, inputs: Mapping[str, Any], token: str) -> Outcome:
        with self._lock:
            self.log.append(("start", step.id))
            self.given[step.id] = inputs
            if token in self.things.values():
                self.log.append(("found", step.id))
            else:
                self.things[step.id] = token
                self.log.append(("made", step.id))
        return self._answer(step)

    def look(self, step: Step, inputs: Mapping[str, Any], token: str, partial: Mapping[str, Any]) -> Outcome:
        with self._lock:
            self.log.append(("look", step.id))
            self.looked.append(partial)
        return self._answer(step)

    def count(self, what: str) -> Counter[str]:
        return Counter(id for did, id in self.log if did == what)

    def _answer(self, step: Step) -> Outcome:
        self.during(step)
        with self._lock:
            answers = self.answers.get(step.id, ())
            place = min(self._calls[step.id], len(answers) - 1)
            self._calls[step.id] += 1
        return answers[place] if answers else Done({"id": step.id})
