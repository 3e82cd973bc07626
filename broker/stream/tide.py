"""One look at the database for all who listen: when anything happened, all of them look for what is theirs."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable

from broker.errors import AccordsError

PERIOD = 0.2
"""Seconds between two looks, while anybody listens: one query of one row."""

log = logging.getLogger(__name__)


class Tide:
    """`look` gives a number that grows when anything happens; it is called in a thread."""

    def __init__(self, look: Callable[[], int]) -> None:
        self._look = look
        self._listeners = 0
        self._turn = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Looks go on while anybody is in here."""
        self._listeners += 1
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        try:
            yield
        finally:
            self._listeners -= 1
            if not self._listeners and self._task is not None:
                self._task.cancel()
                self._task = None

    def turn(self) -> asyncio.Event:
        """Set when something happens after now. Take it before looking, so that nothing falls between."""
        return self._turn

    async def _run(self) -> None:
        seen: int | None = None
        while True:
            try:
                newest = await asyncio.to_thread(self._look)
            except AccordsError as error:  # busy or away: those who listen wait on
                log.warning("stream.look", extra={"why": error.message})
            else:
                if newest != seen:
                    seen, turned = newest, self._turn
                    self._turn = asyncio.Event()
                    turned.set()
            await asyncio.sleep(PERIOD)
