"""The stand-in's time: it passes as the machine's does, or as the test says."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

START = datetime(2026, 1, 1, tzinfo=UTC)


class Clock:
    """Seconds since the start. `driven`: they pass by `advance` only."""

    def __init__(self, *, driven: bool = False) -> None:
        self._began = time.monotonic()
        self._driven = driven
        self._added = 0.0

    def now(self) -> float:
        return self._added if self._driven else time.monotonic() - self._began + self._added

    def advance(self, seconds: float) -> None:
        """Let that much pass at once."""
        self._added += seconds

    def text(self, at: float | None = None) -> str:
        """A moment as Azure writes it, with seven digits after the point."""
        moment = START + timedelta(seconds=self.now() if at is None else at)
        return moment.strftime("%Y-%m-%dT%H:%M:%S.%f0+00:00")
