"""Folders of things: made so that the nodes' root can pass, removed out of the way of whoever looks into them."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

from providers.errors import Unavailable


def make(folder: Path) -> None:
    """With the one above it. Passable whatever the umask: the nodes' root, a stranger here, goes through both."""
    for each in (folder.parent, folder):
        each.mkdir(mode=0o711, exist_ok=True)
        each.chmod(0o711)


def discard(folder: Path) -> None:
    """Nothing when it is gone. Out of the way first, in one move, then away. A job that begins late finds no folder to
    write into; what a crash left half removed goes the next time. Unavailable while something in it cannot go."""
    away = folder.with_name(f".{folder.name}")
    shutil.rmtree(away, ignore_errors=True)  # what another removes at the same time is no error
    with contextlib.suppress(FileNotFoundError):
        folder.rename(away)
    shutil.rmtree(away, ignore_errors=True)
    if away.exists():
        raise Unavailable(f"{away} cannot be removed yet: something in it is mounted or open; delete again")
