"""Measuring what a configuration monitors (cords.md 4.3, without a guarantee): a node is told to, or the worker does it
from outside. Samples are kept like a guarantee's; the report shows the newest.
"""

from __future__ import annotations

from broker.execute.outcomes import Done, Outcome
from broker.metrics import watch_of
from broker.store import watches
from broker.verbs import projections
from broker.verbs.job import Call


def watch(call: Call) -> Outcome:
    """Begin. Told twice it is begun once; it ends with the node, or with the service."""
    wanted = watch_of(call.node, call.inputs)
    begin = watches.put if watches.from_outside(wanted) else watches.tell
    with call.tools.store.write() as tx:
        begin(tx, call.job.account, call.job.service, wanted)
    return Done({"metric": wanted.metric}, projections=(projections.probe(call.job, call.step, wanted),))
