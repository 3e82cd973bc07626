"""Where pages begin, remembered for a while.

OCCI asks for pages by their number. Which entity a page begins with is known to the store only by walking to it; but
who asks for page 7 has mostly been shown page 6, and begins behind its last entity. So where a page ended is kept: the
next page costs what the first did, and whoever goes on within a minute sees each entity that stays exactly once,
whatever is made and removed meanwhile. Each process remembers for itself; without a mark the walk is done anew.
"""

from __future__ import annotations

import time
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from threading import Lock

LISTINGS, PLACES = 256, 1000
"""Listings that are remembered, and places in each."""

LASTS = 60.0
"""Seconds that a place is remembered."""


@dataclass(frozen=True, slots=True)
class _Mark:
    cursor: str
    until: float


@dataclass(slots=True)
class Marks:
    """A listing is an account, a filter and the size of its pages; a place is how many entities are before it."""

    clock: Callable[[], float] = time.monotonic
    _known: OrderedDict[Hashable, dict[int, _Mark]] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def nearest(self, listing: Hashable, place: int) -> tuple[int, str | None]:
        """The last place known at or before this one, and its cursor; the beginning when there is none."""
        with self._lock:
            marks = self._living(listing)
            places = sorted(marks)
            at = bisect_right(places, place)
            return (places[at - 1], marks[places[at - 1]].cursor) if at else (0, None)

    def keep(self, listing: Hashable, place: int, cursor: str) -> None:
        with self._lock:
            marks = self._living(listing)
            if len(marks) < PLACES or place in marks:
                marks[place] = _Mark(cursor, self.clock() + LASTS)
            self._known[listing] = marks
            self._known.move_to_end(listing)
            if len(self._known) > LISTINGS:
                self._known.popitem(last=False)

    def _living(self, listing: Hashable) -> dict[int, _Mark]:
        now = self.clock()
        return {place: mark for place, mark in self._known.get(listing, {}).items() if mark.until > now}
