"""libcloud's driver objects: none is used by two threads at once, and none is made twice without need.

Most log in when they are first asked, and keep connections; so one that was used is given to the next call. A driver
that keeps what it made in its own memory is one object for all (`most` 1), and calls wait for their turn.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from providers.errors import Unavailable
from providers.transport import Clock

NodeDriver = Any
"""What libcloud calls so; it has few types."""


class Pool:
    """`make` makes one more. One whose credential was refused is put away by `renewed`, and another made."""

    def __init__(self, make: Callable[[], NodeDriver], most: int) -> None:
        self._make = make
        self._room = threading.BoundedSemaphore(most)
        self._idle: list[NodeDriver] = []

    @contextmanager
    def lent(self, clock: Clock) -> Iterator[Loan]:
        """One for a call. Unavailable where all are busy for as long as it may take."""
        if not self._room.acquire(timeout=clock.left()):
            raise Unavailable("all of libcloud's driver objects are busy; come again, or set a larger `most`")
        loan = Loan(self._idle, self._make)
        try:
            yield loan
        finally:
            loan.end()
            self._room.release()


class Loan:
    """A driver object, for one thread. `used`: it served before, and what it logged in with may have ended."""

    def __init__(self, idle: list[NodeDriver], make: Callable[[], NodeDriver]) -> None:
        self._idle = idle
        self._make = make
        self._driver: NodeDriver | None = None
        self.used = False

    @property
    def driver(self) -> NodeDriver:
        """The object; made here where none is idle, so that what its making says is an answer to this call."""
        if self._driver is None:
            try:
                self._driver, self.used = self._idle.pop(), True
            except IndexError:
                self._driver = self._make()
        return self._driver

    def renew(self) -> None:
        """A new object in place of this one."""
        self._driver, self.used = self._make(), False

    def end(self) -> None:
        if self._driver is not None:
            self._idle.append(self._driver)
