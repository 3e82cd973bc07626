"""Verdicts as they are, violations as they were. A change of verdict is an event; a violation keeps its evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from broker.store import events
from broker.store.engine import Transaction, upsert
from broker.store.tables import verdicts, violations
from sla.model import Sample, Verdict, VerdictState


@dataclass(frozen=True, slots=True)
class Violation:
    """From `at` to `ended` (None: it lasts), UTC microseconds. `business` is what it costs or earns whom."""

    account: str
    id: str
    service: str
    guarantee: str
    target: str
    at: int
    ended: int | None
    reason: str
    evidence: tuple[Sample, ...]
    business: tuple[Mapping[str, Any], ...]


def record(
    tx: Transaction,
    account: str,
    service: str,
    verdict: Verdict,
    *,
    business: Sequence[Mapping[str, Any]] = (),
) -> bool:
    """Keep the newest verdict of a guarantee; True when it changed. A change writes an event; to violated opens a
    violation, away from violated ends it."""
    before = tx.run(_ALL.where(*_is(verdicts, account, service, verdict))).one_or_none()
    changed = before is None or before.state != verdict.state
    _put(tx, account, service, verdict)
    if changed:
        _end(tx, account, service, verdict)
        if verdict.state is VerdictState.VIOLATED:
            _open(tx, account, service, verdict, business)
        events.append(tx, account, service, "verdict.changed", _told(verdict, None if before is None else before.state))
    return changed


def of_service(tx: Transaction, account: str, service: str) -> tuple[Verdict, ...]:
    """The newest verdict of each guarantee, by guarantee and target."""
    mine = _ALL.where(verdicts.c.account == account, verdicts.c.service == service)
    rows = tx.run(mine.order_by(verdicts.c.guarantee, verdicts.c.target))
    return tuple(
        Verdict(row.guarantee, row.target, VerdictState(row.state), row.at, row.reason, _samples(row.evidence))
        for row in rows
    )


def violations_of(tx: Transaction, account: str, service: str, *, limit: int = 100) -> tuple[Violation, ...]:
    """A service's violations, newest first."""
    mine = sa.select(violations).where(violations.c.account == account, violations.c.service == service)
    return tuple(map(_violation, tx.run(mine.order_by(violations.c.at.desc()).limit(limit))))


def lasting(tx: Transaction, account: str, service: str) -> tuple[Violation, ...]:
    """A service's violations that have not ended: at most one a guarantee and target."""
    mine = sa.select(violations).where(violations.c.account == account, violations.c.service == service)
    return tuple(map(_violation, tx.run(mine.where(violations.c.ended.is_(None)))))


_ALL = sa.select(verdicts)


def _is(table: sa.Table, account: str, service: str, verdict: Verdict) -> tuple[sa.ColumnElement[bool], ...]:
    place = {"account": account, "service": service, "guarantee": verdict.guarantee, "target": verdict.target}
    return tuple(table.c[name] == value for name, value in place.items())


def _put(tx: Transaction, account: str, service: str, verdict: Verdict) -> None:
    fresh: dict[str, object] = {
        "state": verdict.state.value,
        "at": verdict.at,
        "reason": verdict.reason,
    }
    fresh |= {"evidence": list(verdict.evidence)}
    row = {"account": account, "service": service, "guarantee": verdict.guarantee, "target": verdict.target, **fresh}
    key = ["account", "service", "guarantee", "target"]
    tx.run(upsert(verdicts).values(row).on_conflict_do_update(index_elements=key, set_=fresh))


def _end(tx: Transaction, account: str, service: str, verdict: Verdict) -> None:
    lasting = (*_is(violations, account, service, verdict), violations.c.ended.is_(None))
    tx.run(sa.update(violations).where(*lasting), {"ended": verdict.at})


def _open(tx: Transaction, account: str, service: str, verdict: Verdict, business: Sequence[Mapping[str, Any]]) -> None:
    row = {"account": account, "id": tx.new_id(), "service": service, "guarantee": verdict.guarantee}
    row |= {"target": verdict.target, "reason": verdict.reason}
    tx.run(
        sa.insert(violations), {**row, "at": verdict.at, "evidence": list(verdict.evidence), "business": list(business)}
    )


def _told(verdict: Verdict, before: str | None) -> dict[str, str | None]:
    place = {"guarantee": verdict.guarantee, "target": verdict.target}
    return {**place, "state": verdict.state.value, "before": before, "reason": verdict.reason}


def _violation(row: sa.Row[Any]) -> Violation:
    return Violation(**{**row._mapping, "evidence": _samples(row.evidence), "business": tuple(row.business)})


def _samples(evidence: Sequence[Mapping[str, Any]]) -> tuple[Sample, ...]:
    return tuple(Sample(**sample) for sample in evidence)
