"""The walk's own cost: 1,000 nodes x 4 steps of 50 ms, 64 at once, journalled durably in SQLite.

Run as a script; prints one JSON line a figure. The lower bound is what the steps alone take with every place always
taken. The machine is noisy: the ratio and the CPU time count. The folder is the system's temporary one unless an
argument names another, and its disk is part of what is measured.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from broker.execute import Done, Outcome, execute
from broker.store import Journal, Service, Store, operations, services
from manifests.plan import Plan, Ref, Step

NODES, SECONDS, PARALLEL = 1000, 0.05, 64
ANCHOR = "a 63-line walker without leases and outbox: 1.3x, 0.65 ms CPU a step; Temporal 58x"


class Sleeper:
    """Steps that take 50 ms and nothing else."""

    def start(self, step: Step, inputs: Mapping[str, Any], token: str) -> Outcome:
        time.sleep(SECONDS)
        return Done({"id": token})

    def look(self, step: Step, inputs: Mapping[str, Any], token: str, partial: Mapping[str, Any]) -> Outcome:
        raise AssertionError("nothing waits here")


def node(name: str) -> list[Step]:
    machine = f"{name}.0.machine"
    inputs = {"machine": Ref(machine, "id")}
    return [
        Step(machine, "create", f"machine/{name}.0", {"name": name}, "fake"),
        Step(f"{name}.0.agent", "await", f"agent/{name}.0", inputs, None, (machine,)),
        Step(f"{name}.0.install.x", "install", f"package/{name}.0.x", inputs, None, (f"{name}.0.agent",)),
        Step(f"{name}.0.ready", "ready", name, inputs, None, (f"{name}.0.install.x",)),
    ]


def plan(nodes: int) -> Plan:
    return Plan("deploy", "bench", tuple(step for n in range(nodes) for step in node(f"n{n:04}")))


def taken(store: Store) -> Journal:
    """The journal of a deploy that was just taken."""
    with store.write() as tx:
        service = services.create(tx, Service("bench", tx.new_id(), "bench"))
        operations.submit(tx, "bench", service.id, "deploy")
        lease = operations.take(tx, "bench", 30.0)
    assert lease is not None, "the operation was just submitted"
    return Journal(store, lease, "installation")


def measure(folder: Path) -> tuple[float, float]:
    """Wall and CPU seconds of the walk."""
    steps, store = plan(NODES), Store.open(f"sqlite:///{folder}/bench.sqlite")
    journal = taken(store)
    wall, cpu = time.monotonic(), time.process_time()
    ending = execute(steps, Sleeper(), journal, parallel=PARALLEL)
    wall, cpu = time.monotonic() - wall, time.process_time() - cpu
    assert len(ending.done) == 4 * NODES, ending
    store.close()
    return wall, cpu


def main() -> None:
    with tempfile.TemporaryDirectory(dir=sys.argv[1] if sys.argv[1:] else None) as folder:
        wall, cpu = measure(Path(folder))
    bound = 4 * NODES * SECONDS / PARALLEL
    for name, value, unit, goal in (
        ("walk.ratio", wall / bound, "x the lower bound", 1.15),
        ("walk.cpu", cpu / (4 * NODES) * 1000, "ms CPU a step", 0.5),
    ):
        print(json.dumps({"name": name, "value": round(value, 3), "unit": unit, "goal": goal, "anchor": ANCHOR}))


if __name__ == "__main__":
    main()
