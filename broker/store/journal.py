"""The journal of a walk: an intent before each call, the result after it. It is the truth; entities are its projection.

    (nothing) ──intent──> begun ──ended──> done | failed
                          │   ↑                │
                          waiting              └─ a retry makes it begun again

Every write is conditional on the lease's epoch, and every intent on the phase, in the same transaction: an operation
that is being cancelled begins nothing more. An intent without a result means that the call may have happened.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from broker.errors import PhaseChanged
from broker.store import events, operations, outbox
from broker.store.engine import Store, Transaction, upsert
from broker.store.operations import Lease, Operation
from broker.store.outbox import Projection
from broker.store.tables import journal


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of a step. `state`: begun, waiting, done, failed. `partial` is what the call gave so far (the
    provider's id), `result` what others refer to, `attempt` counts the calls."""

    step: str
    state: str
    attempt: int
    token: str
    generation: int
    partial: Mapping[str, Any] | None = None
    result: Mapping[str, Any] | None = None
    error: Mapping[str, Any] | None = None
    begun: int = 0
    ended: int | None = None


@dataclass(frozen=True, slots=True)
class Intent:
    """A step that is about to be called."""

    step: str
    token: str
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class Partial:
    """A step that was called and is not there yet."""

    step: str
    partial: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Ended:
    """A step that ended: with a result, or with an error (`code`, `message`, and what else is known). What it changed
    outside goes with it: entities to show, events to tell (name, fields)."""

    step: str
    result: Mapping[str, Any] | None = None
    error: Mapping[str, Any] | None = None
    projections: tuple[Projection, ...] = ()
    events: tuple[tuple[str, Mapping[str, Any]], ...] = ()


@dataclass(slots=True)
class Journal:
    """The journal of the operation a lease is for; `installation` is the broker's id, which tokens follow from. `lease`
    is as last renewed."""

    store: Store
    lease: Lease
    installation: str
    _shared: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        operation = self.lease.operation
        self._shared = {"account": operation.account, "operation": operation.journal, "service": operation.service}
        self._shared["generation"] = operation.generation

    @property
    def seconds(self) -> float:
        """How long the lease holds without being renewed."""
        return self.lease.seconds

    def token(self, step: str) -> str:
        """What every attempt of this step is called with, in this plan generation."""
        return token(self.installation, self._shared["service"], self._shared["generation"], step)

    def entries(self) -> dict[str, Entry]:
        """What was written so far, by step."""
        with self.store.read() as tx:
            mine = (journal.c.account == self._shared["account"], journal.c.operation == self._shared["operation"])
            return {row.step: _entry(row) for row in tx.run(_ALL.where(*mine))}

    def gate(self) -> None:
        """May calls go on? Read from the store. LeaseLost, PhaseChanged."""
        with self.store.read() as tx:
            operation = operations.held(tx, self.lease, lock=False)
        _check_phase(operation)

    def renew(self) -> None:
        """Hold the lease for its length more. LeaseLost."""
        with self.store.write() as tx:
            self.lease = operations.renew(tx, self.lease)

    def write(
        self, *, ended: Sequence[Ended] = (), partials: Sequence[Partial] = (), intents: Sequence[Intent] = ()
    ) -> None:
        """Commit, durably and in one transaction: results with their projections and events, what calls gave so far,
        and intents; only then may the calls be made. LeaseLost: nothing was written. PhaseChanged: the operation is
        being cancelled; everything but the intents was written."""
        with self.store.write() as tx:
            operation = operations.held(tx, self.lease)
            if partials:
                tx.run(_WAITING, [{**self._key(one.step), "partial": dict(one.partial)} for one in partials])
            if ended:
                self._end(tx, ended)
            if intents and operation.state != "cancelling":
                first = tx.sequence(len(intents))
                tx.run(_BEGIN, [self._intent(intent, first + n, tx.now) for n, intent in enumerate(intents)])
        _check_phase(operation)

    def made(self) -> dict[str, Mapping[str, Any] | None]:
        """What this service's steps made that is not given back, across its operations: see `made`."""
        with self.store.read() as tx:
            return made(tx, self._shared["account"], self._shared["service"])

    def _end(self, tx: Transaction, ended: Sequence[Ended]) -> None:
        account, service = self._shared["account"], self._shared["service"]
        tx.run(_END, [self._result(one, tx.now) for one in ended])
        outbox.put(tx, account, [projection for one in ended for projection in one.projections])
        events.extend(tx, account, service, [event for one in ended for event in (*one.events, _told(one))])

    def _key(self, step: str) -> dict[str, Any]:
        return {"account_": self._shared["account"], "operation_": self._shared["operation"], "step_": step}

    def _intent(self, intent: Intent, seq: int, now: int) -> dict[str, Any]:
        fresh = {"step": intent.step, "token": intent.token, "attempt": intent.attempt}
        return {**self._shared, **fresh, "state": "begun", "seq": seq, "begun": now}

    def _result(self, one: Ended, now: int) -> dict[str, Any]:
        state = "done" if one.error is None else "failed"
        result = None if one.error is not None else dict(one.result or {})
        return {**self._key(one.step), "state": state, "result": result, "error": one.error, "ended": now}


def token(installation: str, service: str, generation: int, step: str) -> str:
    """26 characters of base32, lower case. Without the installation two brokers in one tenant would take each other's
    machines for their own; a repair's re-creation is a new generation."""
    named = f"{installation}\0{service}\0{generation}\0{step}"
    return base64.b32encode(hashlib.sha256(named.encode()).digest())[:26].decode().lower()


def history(tx: Transaction, account: str, service: str) -> dict[str, Entry]:
    """The newest entry of every step of a service, across its operations, in the order they were begun."""
    mine = _ALL.where(journal.c.account == account, journal.c.service == service)
    return {row.step: _entry(row) for row in tx.run(mine.order_by(journal.c.seq))}


def made(tx: Transaction, account: str, service: str) -> dict[str, Mapping[str, Any] | None]:
    """Each step's newest result, None for an intent without one (the call may have happened; its token finds out), and
    without the steps whose `<step>.delete` or `<step>.forget` was done since."""
    entries = history(tx, account, service)
    gone = {step.rpartition(".")[0] for step, entry in entries.items() if _gives_back(step) and entry.state == "done"}
    return {step: entry.result for step, entry in entries.items() if step not in gone and not _gives_back(step)}


def _check_phase(operation: Operation) -> None:
    if operation.state == "cancelling":
        raise PhaseChanged(f"operation {operation.id} is being cancelled", hint="begin nothing more; end the walk")


def _gives_back(step: str) -> bool:
    return step.endswith((".delete", ".forget"))


def _told(one: Ended) -> tuple[str, dict[str, Any]]:
    if one.error is None:
        return "step.done", {"step": one.step}
    return "step.failed", {"step": one.step, "error": one.error}


def _entry(row: sa.Row[Any]) -> Entry:
    return Entry(**{name: row._mapping[name] for name in Entry.__slots__})


_ALL = sa.select(journal)
_NEW = upsert(journal)
_BEGIN = _NEW.on_conflict_do_update(
    index_elements=["account", "operation", "step"],
    set_={"state": "begun", "attempt": _NEW.excluded.attempt, "error": sa.null(), "ended": sa.null()},
)
_MINE = (
    journal.c.account == sa.bindparam("account_"),
    journal.c.operation == sa.bindparam("operation_"),
    journal.c.step == sa.bindparam("step_"),
)
_WAITING = sa.update(journal).where(*_MINE).values(state="waiting", partial=sa.bindparam("partial"))
_END = (
    sa.update(journal)
    .where(*_MINE)
    .values({name: sa.bindparam(name) for name in ("state", "result", "error", "ended")})
)
