"""Pages that were rendered lately, by their ETag: it is made of when the collections shown changed last, as the
database says, and of all that the request says. So a page with the same tag is the same page, whichever process changed
what. Its tag takes one question; making it anew takes a hundred entities.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Lock

from broker.occi.render import Rendered

MOST = 4_000_000
"""Bytes of bodies that are kept, the largest a fortieth of it."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A page, and the cursor behind its last entity; None: there are no more."""

    rendered: Rendered
    after: str | None


@dataclass(slots=True)
class Pages:
    _known: OrderedDict[str, Shown] = field(default_factory=OrderedDict)
    _size: int = 0
    _lock: Lock = field(default_factory=Lock)

    def find(self, tag: str) -> Shown | None:
        with self._lock:
            if (found := self._known.get(tag)) is not None:
                self._known.move_to_end(tag)
            return found

    def keep(self, tag: str, shown: Shown) -> None:
        size = len(shown.rendered.body)
        if size > MOST // 40:
            return
        with self._lock:
            if tag not in self._known:
                self._known[tag] = shown
                self._size += size
            while self._size > MOST:
                self._size -= len(self._known.popitem(last=False)[1].rendered.body)
