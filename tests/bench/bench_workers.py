"""How plans come to workers, on PostgreSQL: plans a second, CPU a plan, and how long a plan waits until it is taken.
For the store's own queue, for DBOS, and for the store's own with workers that are woken (LISTEN) instead of looking.

A plan here is done when it is taken: what is measured is the way there, not the walk. Submitting is not counted. The
database's files are in memory where there is room, for it is the ways that are compared and not the disk.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import statistics
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import psycopg
from installation import _proportional, cpu, family

from broker.settings import Settings
from broker.store import Lease, Service, Store, operations, services
from broker.worker import IDLE
from broker.worker.queue import queue_of
from broker.worker.walks import Walks
from tests.postgresql import Server, binaries, server

PLANS, ALONE, STILL = 300, 30, 5.0
"""Plans at once; plans one after the other; seconds in which there is nothing to do."""
AT_ONCE = 20
"""Plans that are submitted in one transaction: workers wait for it."""
WAYS = ("store", "dbos", "listen")
CHANNEL = "accords"


def main() -> None:
    if binaries() is None:
        return
    with server() as running:
        for way in WAYS:
            for count in (1, 4):
                measure(running, way, count)


def measure(running: Server, way: str, count: int) -> None:
    address = f"{running.url(running.make())}?schema=service"
    store = Store.open(address)
    with workers(way, count, address) as started:
        pids = [process.pid for process in started]
        for _ in range(PLANS // AT_ONCE):
            submit(store, AT_ONCE)
        began = time.monotonic()
        spent = used(pids, running.process.pid, lambda: (go(started), finished(store)))
        name = f"{count} worker{'s' if count > 1 else ''}, {way}"
        told(f"{name}: plans", PLANS / (time.monotonic() - began), "a second")
        told(f"{name}: CPU a plan, of the workers", spent[0] / PLANS * 1000, "ms")
        told(f"{name}: CPU a plan, of the database", spent[1] / PLANS * 1000, "ms")
        waits = [alone(store) for _ in range(ALONE)]
        told(f"{name}: submitted to taken, median", statistics.median(waits), "ms")
        told(f"{name}: submitted to taken, the slowest of twenty", statistics.quantiles(waits, n=20)[-1], "ms")
        idle = used(pids, running.process.pid, lambda: time.sleep(STILL))
        told(f"{name}: CPU with nothing to do, of the workers", idle[0] / STILL * 1000, "ms a second")
        told(f"{name}: CPU with nothing to do, of the database", idle[1] / STILL * 1000, "ms a second")
        told(f"{name}: memory of one", _proportional(pids[0]) / 1024**2, "MiB")
    store.close()


@contextmanager
def workers(way: str, count: int, address: str) -> Iterator[list[subprocess.Popen[bytes]]]:
    """So many processes that take plans once they are told to go; they are ready for it."""
    command = [sys.executable, __file__, way, address]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    started = [subprocess.Popen(command, **pipes) for _ in range(count)]
    try:
        for process in started:
            assert process.stdout is not None
            assert process.stdout.readline()
        yield started
    finally:
        for process in started:
            process.send_signal(signal.SIGKILL)
            process.communicate()


def go(started: list[subprocess.Popen[bytes]]) -> None:
    for process in started:
        assert process.stdin is not None
        process.stdin.write(b"go\n")
        process.stdin.flush()


def used(pids: list[int], database: int, work: Callable[[], object]) -> tuple[float, float]:
    """CPU seconds of the workers and of the database while something is done."""

    def spent() -> tuple[float, float]:
        return sum(map(cpu, pids)), sum(map(cpu, family(database)))

    before = spent()
    work()
    after = spent()
    return after[0] - before[0], after[1] - before[1]


def submit(store: Store, count: int) -> list[tuple[str, str]]:
    """The accounts and ids of new operations, each of a service of its own. Who listens is told."""
    found = []
    with store.write() as tx:
        for _ in range(count):
            service = services.create(tx, Service("bench", str(uuid.uuid4()), str(uuid.uuid4())))
            found.append(("bench", operations.submit(tx, "bench", service.id, "deploy", plan_json="{}").id))
        tx.connection.exec_driver_sql(f"NOTIFY {CHANNEL}")
    return found


def finished(store: Store) -> None:
    """Wait until nothing is to be done."""
    while True:
        with store.read() as tx:
            if not tx.connection.exec_driver_sql("SELECT 1 FROM operations WHERE state <> 'done' LIMIT 1").scalar():
                return
        time.sleep(0.05)


def alone(store: Store) -> float:
    """Milliseconds that one plan waits, by the database's clock, when workers have nothing else to do."""
    time.sleep(0.1 + secrets.randbelow(1000) / 1000 * IDLE)  # at any moment between two looks
    ((account, id),) = submit(store, 1)
    finished(store)
    with store.read() as tx:
        done = operations.get(tx, account, id)
    assert done.error is not None
    return float(done.error["taken"] - done.created) / 1000


def work(way: str, address: str) -> None:
    """A worker that ends each operation as it gets it: the last lines of `Worker.run`, and no more."""
    owner = f"worker:{os.getpid()}"
    settings = Settings(database=address, worker_queue="dbos" if way == "dbos" else "store")
    store = Store.open(address)

    def walk(lease: Lease) -> None:
        with store.write() as tx:
            operations.finish(tx, lease, "done", error={"taken": lease.operation.updated})

    queue = queue_of(settings, store, owner, Walks(walk))
    queue.start()
    wait = listening(address) if way == "listen" else lambda: threading.Event().wait(IDLE)
    print("ready", flush=True)
    sys.stdin.readline()
    while True:
        if not queue.take():
            wait()


def listening(address: str) -> Callable[[], object]:
    """Wait until something was submitted; or for a while, because leases run out without a word."""
    connection = psycopg.connect(address.partition("?")[0], autocommit=True)
    connection.execute(f"LISTEN {CHANNEL}")
    return lambda: list(connection.notifies(timeout=5 * IDLE, stop_after=1))


def told(name: str, value: float, unit: str) -> None:
    print(json.dumps({"name": name, "value": value, "unit": unit, "goal": "", "anchor": ""}), flush=True)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        work(*sys.argv[1:])
    main()
