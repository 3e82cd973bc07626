"""How operations come to this worker. The setting `worker_queue` says how; nothing else does.

    store   it looks for one in the store, again and again            (the default; nothing more to install)
    dbos    an engine gives each to one of the workers, on any host   (broker.worker.dbos_queue)

In both cases the store alone says whose an operation is, by a lease with an epoch: what a queue knows besides may be
lost, given twice or given late.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from broker.errors import Misconfigured
from broker.settings import Settings
from broker.store import Lease, Store, operations

SIDE_BY_SIDE = 8
"""Operations that one worker carries out at once."""


class Queue(Protocol):
    """What the worker's loop asks. `start` is called once, before `take`, and `end` once, after it."""

    def start(self) -> None:
        """Be ready to give what there is."""

    def take(self) -> bool:
        """One look at what waits; False: there is nothing to do, or no place to do it."""

    def end(self, seconds: float) -> None:
        """Begin nothing more; wait so long for what goes on, and let go of everything."""


class Walks:
    """The places of this worker's walks. `walk` is what happens to a lease; it never raises."""

    def __init__(self, walk: Callable[[Lease], None]) -> None:
        self._walk = walk
        self._places = threading.Semaphore(SIDE_BY_SIDE)
        self._threads = ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="operation")

    def begin(self, give: Callable[[], Lease | None]) -> bool:
        """If there is a place: walk, in a thread of its own, what is given. Whether there was a place and a lease."""
        if not self._places.acquire(blocking=False):
            return False
        lease = None
        try:
            lease = give()
        finally:
            if lease is None:
                self._places.release()
        if lease is not None:
            self._threads.submit(self._in_place, lease)
        return lease is not None

    def walk(self, give: Callable[[], Lease | None]) -> None:
        """When there is a place: walk, in this thread, what is given then."""
        with self._places:
            lease = give()
            if lease is not None:
                self._walk(lease)

    def end(self, seconds: float) -> None:
        """Wait so long for walks that go on; the others lose their lease to the next worker."""
        ends = time.monotonic() + seconds
        for _ in range(SIDE_BY_SIDE):  # a place is free when its walk has ended
            self._places.acquire(timeout=max(0.0, ends - time.monotonic()))
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _in_place(self, lease: Lease) -> None:
        try:
            self._walk(lease)
        finally:
            self._places.release()


class StoreQueue:
    """The worker takes what it can from the store itself. `owner` is how leases name it."""

    def __init__(self, store: Store, owner: str, seconds: float, walks: Walks) -> None:
        self._store = store
        self._owner = owner
        self._seconds = seconds
        self._walks = walks

    def start(self) -> None:
        """Nothing: the store is open."""

    def take(self) -> bool:
        return self._walks.begin(self._next)

    def end(self, seconds: float) -> None:
        self._walks.end(seconds)

    def _next(self) -> Lease | None:
        with self._store.write() as tx:
            return operations.take(tx, self._owner, self._seconds)


def queue_of(settings: Settings, store: Store, owner: str, walks: Walks) -> Queue:
    """The one that the settings name. Misconfigured when it is not installed, or the store is not for it."""
    if settings.worker_queue == "store":
        return StoreQueue(store, owner, settings.lease, walks)
    try:
        from broker.worker.dbos_queue import DbosQueue
    except ModuleNotFoundError as missing:
        hint = "install it with the package: pip install 'accords[dbos]'; or leave the setting at `store`"
        raise Misconfigured(f"worker_queue is dbos, and {missing.name} is not installed", hint=hint) from missing
    return DbosQueue(settings, store, owner, walks)
