"""Operations: what a service is to go through next, and who is at it.

    pending ──take──> running ──finish──> done | failed
       │                 │
       └────cancel───> cancelling ──(take)──finish──> cancelled

A worker holds an operation by a lease with an epoch. A lease that ran out by the database's clock can be taken by
anybody, with the next epoch; from then on the old holder writes nothing, whatever it believes. A queue between workers
takes leases in its own name and hands each over once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import sqlalchemy as sa

from broker.errors import Clash, LeaseLost, Missing, PhaseChanged
from broker.store import events, services
from broker.store.engine import Transaction
from broker.store.tables import journal, operations

# What may be asked for in which state of the service. `retry` continues the operation that failed.
ALLOWED: Mapping[str, frozenset[str]] = {
    "deploy": frozenset({"pending"}),
    "start": frozenset({"stopped", "suspended", "active", "failed"}),
    "stop": frozenset({"active", "suspended", "failed"}),
    "restart": frozenset({"active", "failed"}),
    "suspend": frozenset({"active"}),
    "save": frozenset({"active", "stopped", "suspended"}),
    "invoke": frozenset({"active"}),
    "repair": frozenset({"active", "stopped", "suspended", "failed"}),
    "resize": frozenset({"active", "stopped"}),
    "retry": frozenset({"failed"}),
    "release": frozenset(services.STATES),
    "remove": frozenset({"active", "stopped", "suspended", "released"}),
}

SEVERAL = frozenset({"remove", "invoke"})
"""What may be asked for again before the first is over: each removes another thing, or calls with other arguments."""

OPEN = ("pending", "running", "cancelling")
ENDED = ("done", "failed", "cancelled")


@dataclass(frozen=True, slots=True)
class Operation:
    """`generation` is the plan's, part of every step's token. `plan_json` is the plan that is walked, None until it is
    made. `journal` is the operation whose journal it writes: its own id, or what it retries."""

    account: str
    id: str
    service: str
    kind: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    state: str = "pending"
    generation: int = 1
    plan_json: str | None = None
    journal: str = ""
    error: Mapping[str, Any] | None = None
    owner: str | None = None
    epoch: int = 0
    lease_until: int = 0
    seq: int = 0
    created: int = 0
    updated: int = 0

    @property
    def purpose(self) -> str:
        """The kind, or for a retry that of what it retries."""
        return str(self.arguments.get("kind", self.kind)) if self.kind == "retry" else self.kind


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to walk one operation until `until` (UTC microseconds, the database's clock), or longer if renewed."""

    operation: Operation
    owner: str
    epoch: int
    seconds: float
    until: int


def submit(
    tx: Transaction,
    account: str,
    service: str,
    kind: str,
    *,
    arguments: Mapping[str, Any] | None = None,
    plan_json: str | None = None,
) -> Operation:
    """Ask for an operation. It waits while another one of the service runs. Clash when the service's state forbids it,
    or when one of this kind is open already; but a release that is open is this one, unless it is asked for with other
    arguments. `retry` goes on with the operation that failed last: same plan, journal and
    tokens, its failed steps anew (only `arguments["step"]` if that is given)."""
    _check(services.get(tx, account, service), kind)
    same = _open(tx, account, service, kind) if kind not in SEVERAL else None
    if same is not None and kind == "release" and (not arguments or same.arguments == arguments):
        return same
    if same is not None:
        raise Clash(f"{kind} of service {service} was asked for already", hint="wait for its end")
    wanted = Operation(account, tx.new_id(), service, kind, arguments=dict(arguments or {}), plan_json=plan_json)
    if kind == "retry":
        wanted = _again(tx, wanted)
    else:
        wanted = replace(wanted, generation=services.next_plan_generation(tx, account, service), journal=wanted.id)
    stored = replace(wanted, seq=tx.sequence(), created=tx.now, updated=tx.now)
    tx.run(sa.insert(operations), {name: getattr(stored, name) for name in Operation.__slots__})
    _tell(tx, stored)
    return stored


def get(tx: Transaction, account: str, id: str) -> Operation:
    """Missing, also when it is another account's."""
    row = tx.run(_ALL.where(operations.c.account == account, operations.c.id == id)).one_or_none()
    if row is None:
        raise Missing(f"there is no operation {id}", hint="see the service's report")
    return Operation(**row._mapping)


def of_service(tx: Transaction, account: str, service: str) -> tuple[Operation, ...]:
    """Every operation of a service, oldest first."""
    mine = _ALL.where(operations.c.account == account, operations.c.service == service)
    return tuple(Operation(**row._mapping) for row in tx.run(mine.order_by(operations.c.seq)))


def latest(tx: Transaction, account: str, service: str, *, kind: str | None = None) -> Operation | None:
    """The newest operation of a service, of one kind or of any."""
    mine = _ALL.where(operations.c.account == account, operations.c.service == service)
    if kind is not None:
        mine = mine.where(operations.c.kind == kind)
    row = tx.run(mine.order_by(operations.c.seq.desc()).limit(1)).one_or_none()
    return None if row is None else Operation(**row._mapping)


def cancel(tx: Transaction, account: str, service: str) -> Operation:
    """Have the deploy that waits or runs ended: its walk begins nothing more, and its worker then submits a release.
    Clash when there is none: what else a service goes through is too good to throw away, and a release goes forward."""
    mine = _ALL.where(operations.c.account == account, operations.c.service == service)
    row = tx.run(mine.where(operations.c.state.in_(OPEN)).order_by(operations.c.seq).limit(1)).one_or_none()
    name = services.get(tx, account, service).name
    if row is None:
        raise Clash(f"service {name} has nothing to cancel", hint=f"if it shall go: accords release {name}")
    found = Operation(**row._mapping)
    if found.purpose != "deploy":
        hint = f"only what is being deployed can; if it shall go, after that: accords release {name}"
        raise Clash(f"{found.purpose} of service {name} cannot be cancelled", hint=hint)
    return _set(tx, found, state="cancelling")


def take(tx: Transaction, owner: str, seconds: float) -> Lease | None:
    """The oldest operation of any account that nobody is at (it waits, or its lease ran out) and whose service has none
    older that is open. None when there is nothing to do."""
    row = tx.run(_NEXT, {"now": tx.now}).one_or_none()
    if row is None:
        return None
    found = get(tx, row.account, row.id)
    until = tx.now + round(seconds * 1_000_000)
    state = "running" if found.state == "pending" else found.state
    taken = _set(tx, found, state=state, owner=owner, epoch=found.epoch + 1, lease_until=until)
    return Lease(taken, owner, taken.epoch, seconds, until)


def hand_over(tx: Transaction, account: str, id: str, epoch: int, *, giver: str, owner: str, seconds: float) -> Lease:
    """The lease that `giver` took with that epoch, to `owner` from now on: whoever asks first has it. LeaseLost when it
    is not the giver's, or not any more."""
    found = get(tx, account, id)
    if (found.epoch, found.owner) != (epoch, giver) or found.state not in OPEN:
        raise LeaseLost(f"operation {id} is no longer {giver}'s", hint="another worker has it; do nothing more")
    until = tx.now + round(seconds * 1_000_000)
    return Lease(_set(tx, found, owner=owner, lease_until=until), owner, epoch, seconds, until)


def held_by(tx: Transaction, owner: str) -> int:
    """How many operations, of all accounts, are under a lease of this owner that has not run out."""
    theirs = (operations.c.state.in_(OPEN), operations.c.lease_until > tx.now, operations.c.owner == owner)
    return int(tx.run(sa.select(sa.func.count()).select_from(operations).where(*theirs)).scalar_one())


def held(tx: Transaction, lease: Lease, *, lock: bool = True) -> Operation:
    """The operation as it is now, without its plan; nobody changes it before this transaction ends (without `lock`, for
    transactions that only read, somebody may). LeaseLost when it is no longer this lease's."""
    row = tx.run(_HELD if lock else _SEEN, _key(lease.operation)).one_or_none()
    if row is None or row.epoch != lease.epoch or row.state not in OPEN:
        raise LeaseLost(
            f"operation {lease.operation.id} is no longer {lease.owner}'s",
            hint="another worker has it; do nothing more",
        )
    return Operation(**row._mapping)


def renew(tx: Transaction, lease: Lease) -> Lease:
    """Hold it for `lease.seconds` more from now. LeaseLost."""
    held(tx, lease)
    until = tx.now + round(lease.seconds * 1_000_000)
    tx.run(_UPDATE, {**_key(lease.operation), "lease_until": until})
    return replace(lease, until=until)


def give_back(tx: Transaction, lease: Lease, *, after: float = 0.0) -> None:
    """Let anybody take it, with the next epoch: now, or `after` so many seconds. LeaseLost."""
    _set(tx, held(tx, lease), owner=None, lease_until=tx.now + round(after * 1_000_000) if after else 0)


def end(tx: Transaction, service: services.Service, arguments: Mapping[str, Any] | None = None) -> services.Service:
    """Have a service given back, whatever it goes through: a deploy is cancelled, what else is under way ends first."""
    newest = latest(tx, service.account, service.id)
    under_way = newest.purpose if newest is not None and newest.state in OPEN else None
    if under_way == "deploy":
        cancel(tx, service.account, service.id)
    elif under_way != "release":
        submit(tx, service.account, service.id, "release", arguments=arguments)
    return services.set_state(tx, service.account, service.id, "releasing", desired="released")


def set_plan(tx: Transaction, lease: Lease, plan_json: str) -> Lease:
    """Keep the plan that this operation walks; a resumed walk must be the same. LeaseLost."""
    found = held(tx, lease)
    tx.run(_UPDATE_PLAN, {**_key(found), "plan_json": plan_json})
    return replace(lease, operation=replace(found, plan_json=plan_json))


def finish(tx: Transaction, lease: Lease, state: str, *, error: Mapping[str, Any] | None = None) -> Operation:
    """End it: `state` is done, failed or cancelled. LeaseLost; PhaseChanged when a cancel came before done.
    The service's state is the caller's to set, in the same transaction."""
    if state not in ENDED:
        raise ValueError(f"an operation ends as one of {', '.join(ENDED)}, not {state}")
    found = held(tx, lease)
    if found.state == "cancelling" and state == "done":
        raise PhaseChanged(f"operation {found.id} was cancelled just now", hint="walk it again: it ends as cancelled")
    return _set(tx, found, state=state, error=error, owner=None, lease_until=0)


_ALL = sa.select(*(operations.c[name] for name in Operation.__slots__))
# Sorted first, and looked at one by one until one is the oldest of its service: as a join of what is free with what is
# open it takes the square of what waits, wherever the database has not counted its rows lately.
_FREE = (
    sa.select(*(operations.c[name] for name in ("account", "id", "service", "seq")))
    .where(operations.c.state.in_(OPEN), operations.c.lease_until <= sa.bindparam("now"))
    .order_by(operations.c.seq)
    .subquery()
)
_OLDEST = sa.select(sa.func.min(operations.c.seq)).where(
    operations.c.account == _FREE.c.account, operations.c.service == _FREE.c.service, operations.c.state.in_(OPEN)
)
_NEXT = (
    sa.select(_FREE.c.account, _FREE.c.id)
    .where(_FREE.c.seq == _OLDEST.scalar_subquery())
    .order_by(_FREE.c.seq)
    .limit(1)
)
_MINE = (operations.c.account == sa.bindparam("account_"), operations.c.id == sa.bindparam("id_"))
# Every commit of a walk looks at its operation: a plan of 10,000 nodes is megabytes, and is not read for that.
_SEEN = sa.select(*(operations.c[name] for name in Operation.__slots__ if name != "plan_json")).where(*_MINE)
_HELD = _SEEN.with_for_update()
_UPDATE = sa.update(operations).where(*_MINE).values(lease_until=sa.bindparam("lease_until"))
_UPDATE_PLAN = sa.update(operations).where(*_MINE).values(plan_json=sa.bindparam("plan_json"))


def _key(operation: Operation) -> dict[str, str]:
    return {"account_": operation.account, "id_": operation.id}


def _check(service: services.Service, kind: str) -> None:
    if kind not in ALLOWED:
        raise ValueError(f"no operation of a service: {kind}")
    if service.state not in ALLOWED[kind]:
        states = ", ".join(sorted(ALLOWED[kind]))
        raise Clash(f"service {service.name} is {service.state}: {kind} is for {states}", hint="see its report")


def _open(tx: Transaction, account: str, service: str, kind: str) -> Operation | None:
    same = (operations.c.account == account, operations.c.service == service, operations.c.kind == kind)
    row = tx.run(_ALL.where(*same, operations.c.state.in_(OPEN)).limit(1)).one_or_none()
    return None if row is None else Operation(**row._mapping)


def _again(tx: Transaction, wanted: Operation) -> Operation:
    """`wanted` as the continuation of what failed last; its failed steps become intents without a result."""
    failed = latest(tx, wanted.account, wanted.service)
    if failed is None or failed.state != "failed":
        raise Clash(f"service {wanted.service} has no failed operation to retry", hint="see its report")
    _reopen(tx, failed, wanted.arguments.get("step"))
    return replace(
        wanted,
        arguments={**failed.arguments, **wanted.arguments, "kind": failed.purpose},
        generation=failed.generation,
        plan_json=failed.plan_json,
        journal=failed.journal,
    )


def _reopen(tx: Transaction, failed: Operation, step: str | None) -> None:
    mine = (journal.c.account == failed.account, journal.c.operation == failed.journal, journal.c.state == "failed")
    again = sa.update(journal).where(*mine).values(state="begun", error=None, ended=None)
    tx.run(again if step is None else again.where(journal.c.step == step))


def _set(tx: Transaction, operation: Operation, **values: Any) -> Operation:
    mine = (operations.c.account == operation.account, operations.c.id == operation.id)
    tx.run(sa.update(operations).where(*mine), {**values, "updated": tx.now})
    changed = replace(operation, **values, updated=tx.now)
    if changed.state != operation.state:
        _tell(tx, changed)
    return changed


def _tell(tx: Transaction, operation: Operation) -> None:
    fields = {"operation": operation.id, "kind": operation.kind, "state": operation.state, "error": operation.error}
    events.append(tx, operation.account, operation.service, "operation.changed", fields)
