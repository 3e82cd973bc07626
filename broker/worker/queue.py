"""How operations come to this worker. The setting `worker_queue` says how; nothing else does.

    store   it looks for one in the store, again and again            (the default; nothing more to install)
    dbos    an engine gives each to one of the workers, on any host   (broker.worker.dbos_queue)

In both cases the store alone says whose an operation is, by a lease with an epoch: what a queue knows besides may be
lost, given twice or given late.
"""

from __future__ import annotations

from typing import Protocol

from broker.errors import Misconfigured
from broker.settings import Settings
from broker.store import Lease, Store, operations
from broker.worker.walks import Walks


class Queue(Protocol):
    """What the worker's loop asks. `start` is called once, before `take`, and `end` once, after it."""

    def start(self) -> None:
        """Be ready to give what there is."""

    def take(self) -> bool:
        """One look at what waits; False: there is nothing to do, or no place to do it."""

    def end(self, seconds: float) -> None:
        """Begin nothing more; wait so long for what goes on, and let go of everything."""


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
