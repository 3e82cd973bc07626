"""Connections that stay open between transactions, and transactions on them.

SQLAlchemy carries out statements; taking a connection from its pool, and having it begin and end a transaction, takes
longer than most transactions of ours. So a connection is had from it once and kept, and transactions are begun and
ended on the driver's own connection beneath. Which words begin one is the database's business (`sqlite`, `postgresql`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

from sqlalchemy import Engine
from sqlalchemy.engine import Connection

BUSY_SECONDS = 15
"""How long a transaction waits for its turn, and for a connection."""

READERS = 16
"""Reading transactions of one process side by side."""


class NoConnection(Exception):
    """All are in use, and none came back in time."""


class Kept(NamedTuple):
    """An open connection: SQLAlchemy's, and the driver's beneath it."""

    connection: Connection
    driver: Any


class Connections:
    """At most `most` at a time, of which `kept` stay open while nobody needs them; who waits for one waits `patience`
    seconds. Those used last are used first, so that a quiet server has few. `alive(driver)` says of one that was idle
    whether it is a connection still."""

    def __init__(
        self, engine: Engine, *, most: int, kept: int, patience: float, alive: Callable[[Any], bool] = lambda _: True
    ) -> None:
        self._engine = engine
        self._kept = kept
        self._patience = patience
        self._alive = alive
        self._free = threading.BoundedSemaphore(most)
        self._idle: list[Kept] = []

    @contextmanager
    def one(self) -> Iterator[Kept]:
        """A connection outside of transactions."""
        with self._lent(lambda _: 0) as (kept, _):
            yield kept

    @contextmanager
    def transaction(self, begin: Callable[[Any], int]) -> Iterator[tuple[Kept, int]]:
        """A connection in a transaction, and what `begin(driver)` gave, which begins it. Committed at the end, rolled
        back when the block raises."""
        with self._lent(begin) as (kept, now):
            try:
                yield kept, now
                kept.driver.commit()
            except BaseException:
                _undo(kept.driver)
                raise

    @contextmanager
    def _lent(self, begin: Callable[[Any], int]) -> Iterator[tuple[Kept, int]]:
        if not self._free.acquire(timeout=self._patience):
            raise NoConnection
        try:
            kept, now = self._begun(begin)
            try:
                yield kept, now
            finally:
                self._give(kept)
        finally:
            self._free.release()

    def _begun(self, begin: Callable[[Any], int], *, again: bool = True) -> tuple[Kept, int]:
        """A connection that ends just as it is taken was asked for nothing yet: another one is, once."""
        kept = self._taken()
        try:
            return kept, begin(kept.driver)
        except BaseException:
            ended = not self._alive(kept.driver)
            _close(kept)
            if not (ended and again):
                raise
        self.close()
        return self._begun(begin, again=False)

    def close(self) -> None:
        """Give back those that nobody uses."""
        while self._idle:
            _close(self._idle.pop())

    def _taken(self) -> Kept:
        while self._idle:
            with suppress(IndexError):  # another thread was quicker
                kept = self._idle.pop()
                if self._alive(kept.driver):
                    return kept
                _close(kept)
        connection = self._engine.connect()
        connection.begin()  # for ever, as far as SQLAlchemy knows
        return Kept(connection, connection.connection.driver_connection)

    def _give(self, kept: Kept) -> None:
        if len(self._idle) < self._kept:
            self._idle.append(kept)
        else:
            _close(kept)


def _close(kept: Kept) -> None:
    """Without another word to the database: there may be nobody to hear it."""
    kept.connection.invalidate()
    kept.connection.close()


def _undo(driver: Any) -> None:
    """A connection that cannot even do this is of no use to anybody."""
    try:
        driver.rollback()
    except Exception:  # noqa: BLE001 - whatever it is: what the block raised says more
        driver.close()
