"""Removing a folder that others may still look into: out of the way first, in one move, then away."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

from providers.errors import Unavailable


def discard(folder: Path) -> None:
    """Nothing when it is gone. A job that begins late finds no folder to write into; what a crash left half removed
    goes the next time. Unavailable when something in it cannot be removed."""
    away = folder.with_name(f".{folder.name}")
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(away)
    with contextlib.suppress(FileNotFoundError):
        folder.rename(away)
    with contextlib.suppress(OSError):
        shutil.rmtree(away)
    if away.exists():
        raise Unavailable(f"{away} cannot be removed yet: something in it is mounted or open; delete again")
