"""How much one sender may ask of the door: a bucket each, that fills by `per_second` up to `burst`."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable

from broker.errors import AccordsError

REMEMBERED = 4096
"""Senders kept; who has been quiet the longest is forgotten first, and begins with a full bucket."""


class TooMuch(AccordsError):
    code = "agent.rate"
    status = 429


class Rate:
    """Safe to use from many threads."""

    def __init__(self, per_second: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second, self._burst, self._clock = per_second, burst, clock
        self._levels: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, sender: Hashable, cost: float = 1.0) -> None:
        """Take `cost` out of the sender's bucket, or TooMuch with the seconds after which it is there."""
        with self._lock:
            now = self._clock()
            level, at = self._levels.pop(sender, (self._burst, now))
            level = min(self._burst, level + (now - at) * self._per_second)
            enough = cost <= level
            self._levels[sender] = (level - cost if enough else level, now)
            if len(self._levels) > REMEMBERED:
                self._levels.popitem(last=False)
        if not enough:
            wait = int((cost - level) / self._per_second) + 1
            raise TooMuch("too much at once", hint=f"again after {wait} s", retry_after=wait)
