"""Measurements of services. A power cut may lose the last of them: write with `store.write(durable=False)`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from broker.store.engine import Transaction, upsert
from broker.store.tables import samples
from sla.model import Sample, Watch


def add(tx: Transaction, account: str, service: str, many: Sequence[Sample]) -> None:
    """Keep measurements; one that is kept already (same place, same time) stays as it is."""
    if many:
        tx.run(upsert(samples).on_conflict_do_nothing(), [_row(account, service, sample) for sample in many])


def window(
    tx: Transaction,
    account: str,
    service: str,
    metric: str,
    target: str,
    *,
    location: str | None = None,
    since: int = 0,
    limit: int = 1000,
) -> tuple[Sample, ...]:
    """The newest at or after `since` (UTC microseconds), newest first."""
    place = {"account": account, "service": service, "metric": metric, "target": target, "location": location or ""}
    wanted = sa.select(samples).where(
        *(samples.c[name] == value for name, value in place.items()), samples.c.at >= since
    )
    return tuple(map(_sample, tx.run(wanted.order_by(samples.c.at.desc()).limit(limit))))


def newest(tx: Transaction, account: str, service: str, of: Iterable[Watch]) -> tuple[Sample, ...]:
    """The newest of each measurement that has one: a look into the index for each, however many samples are kept."""
    places = ((one.metric, one.target, one.location) for one in of)
    found = (window(tx, account, service, metric, target, location=at, limit=1) for metric, target, at in places)
    return tuple(sample for latest in found for sample in latest)


def prune(tx: Transaction, before: int) -> int:
    """Remove those of all accounts measured before `before`; how many."""
    return int(tx.run(sa.delete(samples).where(samples.c.at < before)).rowcount)


def _row(account: str, service: str, sample: Sample) -> dict[str, object]:
    place = {"account": account, "service": service, "location": sample.location or ""}
    return {**place, "metric": sample.metric, "target": sample.target, "at": sample.at, "value": sample.value}


def _sample(row: sa.Row[tuple[object, ...]]) -> Sample:
    return Sample(row.metric, row.target, row.value, row.at, row.location or None)
