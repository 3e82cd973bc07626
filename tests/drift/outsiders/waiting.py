"""Waiting for what somebody asked of a cloud. Not a test."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE = 60.0


def until(good: Callable[[], bool], what: str) -> None:
    """Until it is so; fails when that takes too long."""
    ends = time.monotonic() + PATIENCE
    while not good():
        assert time.monotonic() < ends, f"not after {PATIENCE:.0f} s: {what}"
        time.sleep(0.05)
