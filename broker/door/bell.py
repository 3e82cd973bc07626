"""How long polls wait for instructions without each asking the store: one look for all who wait, and they are woken.

The worker that writes instructions is another process; looking is what SQLite and PostgreSQL both allow. One indexed
query every `PERIOD` while somebody waits and something goes on, every `QUIET` when nothing does, none otherwise.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import TypeAlias

from broker.errors import AccordsError

Node: TypeAlias = tuple[str, str, str]
"""account, service, node"""

PERIOD = 0.03
QUIET = 0.25
LIVELY = 10.0
"""Seconds after a stir in which more is expected: instructions come one upon another's outcome."""

log = logging.getLogger(__name__)


class Bell:
    """`look` gives the nodes that have something to fetch. At most `places` wait at once."""

    def __init__(self, look: Callable[[], Collection[Node]], places: int) -> None:
        self._look = look
        self._free = places
        self._waiting: Counter[Node] = Counter()
        self._due: frozenset[Node] = frozenset()
        self._changed = threading.Condition()
        self._watch: threading.Thread | None = None
        self._lively = 0.0

    def stir(self) -> None:
        """Something goes on: a node came, or ended something."""
        self._lively = time.monotonic() + LIVELY

    @contextmanager
    def place(self) -> Iterator[bool]:
        """A place to wait in, if there is one left: who gets none is answered at once and told to come again."""
        with self._changed:
            got = self._free > 0
            self._free -= got
        try:
            yield got
        finally:
            with self._changed:
                self._free += got

    def wait(self, node: Node, seconds: float) -> None:
        """Until the node has something to fetch, or the time is over."""
        with self._changed:
            self._due -= {node}  # what was seen before this wait may have been fetched by now
            self._waiting[node] += 1
            self._begin()
            self._changed.wait_for(lambda: node in self._due, seconds)
            self._waiting[node] -= 1
            self._waiting += Counter()  # drops the zeros

    def _begin(self) -> None:
        if self._watch is None:
            self._watch = threading.Thread(target=self._ring, name="bell", daemon=True)
            self._watch.start()
        self._changed.notify_all()

    def _ring(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting)
            found = self._seen()
            with self._changed:
                self._due = frozenset(found)
                if self._due & self._waiting.keys():
                    self._changed.notify_all()
            time.sleep(PERIOD if time.monotonic() < self._lively else QUIET)

    def _seen(self) -> Collection[Node]:
        try:
            return self._look()
        except AccordsError as error:  # a store that is busy now will answer later; those who wait go on waiting
            log.warning("door.look", extra={"code": error.code, "why": error.message})
            return ()
