"""Watching what was promised or is monitored: measure from outside what is due, judge, keep what changed. The
worker's, in a thread.

Nothing is remembered between two rounds: what is due is read from the newest sample, so a worker that takes over goes
on where the former left off. Verdicts are `sla.evaluate`'s; what a change writes is `store.verdicts.record`'s.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import asdict, dataclass

from broker.store import Store, Transaction, guarantees, journal, samples, verdicts, watches
from broker.store.guarantees import Promise
from broker.store.watches import Watched
from sla import Guarantee, Sample, Verdict, Watch, evaluate
from sla.probes import ProbeUnable, measure

log = logging.getLogger(__name__)

SECOND = 1_000_000
TIMEOUT = 3.0
"""Seconds a probe waits for an answer; a service slower than that does not answer."""
KEPT = 7 * 24 * 3600 * SECOND
"""Microseconds that samples are kept."""

Measure = Callable[[str, str, str | None, float], float]


@dataclass(frozen=True, slots=True)
class Look:
    """One measurement to take from outside, of a node at an address."""

    account: str
    service: str
    watch: Watch
    address: str


def tick(store: Store, pool: Executor, *, measure: Measure = measure) -> int:
    """One round over every active service: measure what is due, side by side, and judge. How many verdicts changed."""
    with store.read() as tx:
        promises = guarantees.judged(tx)
        wanted = {
            *watches.active(tx),
            *(Watched(each.account, each.service, each.guarantee.watch) for each in promises),
        }
        due = [look for each in wanted for look in _due(tx, each)]
    taken = [(look, pool.submit(_take, look, measure)) for look in due]
    found = [(look, running.result()) for look, running in taken]
    with store.write(durable=False) as tx:
        for look, value in found:
            if value is not None:
                sample = Sample(look.watch.metric, look.watch.target, value, tx.now, look.watch.location)
                samples.add(tx, look.account, look.service, [sample])
    return judge(store, promises)


def judge(store: Store, promises: Sequence[Promise]) -> int:
    """Evaluate each guarantee and keep the verdicts; how many changed."""
    with store.read() as tx:
        judged = [(promise, _verdict(tx, promise)) for promise in promises]
        fresh = [(promise, verdict) for promise, verdict in judged if _is_news(tx, promise, verdict)]
    if not fresh:
        return 0
    with store.write() as tx:
        return sum(_record(tx, promise, verdict) for promise, verdict in fresh)


def ask_nodes(tx: Transaction, account: str, service: str, promised: Sequence[Guarantee]) -> None:
    """Tell the nodes what to measure: one instruction a guarantee whose metric is measured inside."""
    for one in promised:
        if not watches.from_outside(one.watch):
            watches.tell(tx, account, service, one.watch)


def prune(store: Store) -> int:
    """Remove samples that are older than they are kept; how many."""
    with store.write(durable=False) as tx:
        return samples.prune(tx, tx.now - KEPT)


def _due(tx: Transaction, wanted: Watched) -> list[Look]:
    one = wanted.watch
    since = tx.now - one.period * SECOND
    if not watches.from_outside(one) or _window(tx, wanted, since):
        return []
    address = one.address or _address(journal.made(tx, wanted.account, wanted.service), one.target)
    return [Look(wanted.account, wanted.service, one, address)] if address else []


def _address(made: Mapping[str, Mapping[str, object] | None], node: str) -> str:
    """Where a node is reached, from its machine's newest result; empty while it has none."""
    return str((made.get(f"{node}.0.machine") or {}).get("address", ""))


def _take(look: Look, measure: Measure) -> float | None:
    try:
        return measure(look.watch.metric, look.address, look.watch.location, TIMEOUT)
    except ProbeUnable as unable:
        log.warning("probe.unable", extra={"metric": look.watch.metric, "service": look.service, "why": str(unable)})
        return None


def _verdict(tx: Transaction, promise: Promise) -> Verdict:
    since = tx.now - promise.guarantee.window * SECOND
    watched = Watched(promise.account, promise.service, promise.guarantee.watch)
    return evaluate(promise.guarantee, _window(tx, watched, since), tx.now)


def _window(tx: Transaction, wanted: Watched, since: int) -> tuple[Sample, ...]:
    one = wanted.watch
    return samples.window(
        tx, wanted.account, wanted.service, one.metric, one.target, location=one.location, since=since, limit=1
    )


def _is_news(tx: Transaction, promise: Promise, verdict: Verdict) -> bool:
    """Whether it says something that is not known: a verdict that rests on the same sample is not written again."""
    known = {(v.guarantee, v.target): v for v in verdicts.of_service(tx, promise.account, promise.service)}
    before = known.get((verdict.guarantee, verdict.target))
    return before is None or (before.state, before.evidence) != (verdict.state, verdict.evidence)


def _record(tx: Transaction, promise: Promise, verdict: Verdict) -> bool:
    business = [asdict(one) for one in promise.guarantee.business]
    return verdicts.record(tx, promise.account, promise.service, verdict, business=business)
