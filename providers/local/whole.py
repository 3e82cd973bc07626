"""Files that are written whole or not at all, by writers who may be killed at any moment.

A file has one writer at a time: whoever holds the lock it is under. So what is not whole yet needs no name of the
writer's own but has one that follows from the file's, and what a killed writer left is replaced by the next one or
removed with the file. It is never read.
"""

from __future__ import annotations

import os
from pathlib import Path


def part(path: Path) -> Path:
    """Where the file is while it is not whole."""
    return path.with_name(f"{path.name}.part")


def write(path: Path, content: bytes) -> None:
    """Its bytes are on the disk when this returns. The folder is there already."""
    unfinished = part(path)
    with unfinished.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


def remove(path: Path) -> None:
    """The file last, so that it is still known while anything is left of it. Nothing when there is none."""
    part(path).unlink(missing_ok=True)
    path.unlink(missing_ok=True)
