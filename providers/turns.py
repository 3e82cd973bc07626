"""One thread of this process at a time for each name: a token that is being made, the firewalls of a service."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from providers.errors import Conflict


class Turns:
    """Locks by name, kept as long as somebody has or wants one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}
        self._users: Counter[str] = Counter()

    @contextmanager
    def held(self, name: str, seconds: float) -> Iterator[None]:
        """Conflict where another has it for longer than `seconds`."""
        with self._lock:
            lock = self._locks.setdefault(name, threading.Lock())
            self._users[name] += 1
        try:
            if not lock.acquire(timeout=seconds):
                raise Conflict(f"{name} is being made or changed just now; come again")
            try:
                yield
            finally:
                lock.release()
        finally:
            self._leave(name)

    def _leave(self, name: str) -> None:
        with self._lock:
            self._users[name] -= 1
            if not self._users[name]:
                del self._locks[name], self._users[name]
