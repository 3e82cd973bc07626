"""The places in which this worker walks, a thread each."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from broker.store import Lease

SIDE_BY_SIDE = 8
"""Operations that one worker carries out at once."""


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
