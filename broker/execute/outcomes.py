"""What the walk and those who do its steps say to each other. Values and Protocols only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from broker.store.journal import Ended, Entry, Intent, Partial
from broker.store.outbox import Projection
from manifests.plan import Step


@dataclass(frozen=True, slots=True)
class Done:
    """The step is done. `result` is what later steps refer to; `projections` and `events` (name, fields) are committed
    with it."""

    result: Mapping[str, Any] = field(default_factory=dict)
    projections: tuple[Projection, ...] = ()
    events: tuple[tuple[str, Mapping[str, Any]], ...] = ()


@dataclass(frozen=True, slots=True)
class Waiting:
    """Begun, and not there yet: look again after so many seconds, with `partial` (the provider's id) in hand.
    `elsewhere`: another operation has to come first, and a walk that waits for nothing else ends until then."""

    partial: Mapping[str, Any]
    after_seconds: float
    elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class Failed:
    """`error` has `code` and `message`, and what else is known. `retryable`: the same call may succeed without anybody
    changing anything; `delay` seconds to wait before it, None for the walk's own backoff."""

    error: Mapping[str, Any]
    retryable: bool = False
    delay: float | None = None


Outcome: TypeAlias = Done | Waiting | Failed


class Do(Protocol):
    """Does steps. Called from many threads; a call has its own deadline, never waits for a state, never retries.

    `inputs` are the step's with every Ref replaced by the result it names (secrets stay `secret:<id>`). The same token
    means the same step: after a crash or a lost answer `start` is called with it again, and must not do it twice.
    """

    def start(self, step: Step, inputs: Mapping[str, Any], token: str) -> Outcome: ...

    def look(self, step: Step, inputs: Mapping[str, Any], token: str, partial: Mapping[str, Any]) -> Outcome: ...


class Journal(Protocol):
    """What the walk writes to: `broker.store.Journal`, whose meaning this has."""

    @property
    def seconds(self) -> float: ...
    def token(self, step: str) -> str: ...
    def entries(self) -> Mapping[str, Entry]: ...
    def gate(self) -> None: ...
    def renew(self) -> None: ...
    def write(
        self, *, ended: Sequence[Ended] = ..., partials: Sequence[Partial] = ..., intents: Sequence[Intent] = ...
    ) -> None: ...


class Clock(Protocol):
    """The module `time` is one. `monotonic` in seconds; `sleep` is only called while no step is in flight."""

    def monotonic(self) -> float: ...
    def sleep(self, seconds: float, /) -> None: ...


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the walk tries. A call that fails retryably is repeated until `attempts` calls in a row failed, after
    `backoff` seconds, doubling, at most `longest`; a step ends after `step_timeout` seconds, waiting included. `tick`:
    the longest that a cancel or a lost lease goes unnoticed."""

    attempts: int = 5
    backoff: float = 0.5
    longest: float = 30.0
    step_timeout: float = 600.0
    tick: float = 1.0

    def delay(self, failures: int) -> float:
        return min(self.longest, self.backoff * 2.0 ** (failures - 1))


@dataclass(frozen=True, slots=True)
class Ending:
    """How a walk ended. `failed` maps steps to errors in the plan's order, optional ones too; `blocked` are those
    that could not begin. `cancelled`: the operation is being cancelled, and calls in flight were seen to their end.
    `lost`: the lease is somebody else's, and nothing more was written. `stopped`: the walk went not to its end, and the
    next one goes on: it was told to stop, or `waits` for nothing but other operations."""

    done: tuple[str, ...] = ()
    failed: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    blocked: tuple[str, ...] = ()
    cancelled: bool = False
    lost: bool = False
    stopped: bool = False
    waits: bool = False
    tolerated: frozenset[str] = frozenset()

    @property
    def complete(self) -> bool:
        """Every step is done, or failed without harm (`tolerated`: the optional ones)."""
        return not (self.blocked or self.cancelled or self.lost or self.stopped or self.failed.keys() - self.tolerated)
