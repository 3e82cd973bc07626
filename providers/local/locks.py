"""Locks between processes and threads, on the folder they are about: none outlives its holder."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from providers.errors import Unavailable
from providers.local.programs import Deadline

PERIOD = 0.01  # seconds between two tries for a lock that another holds


def try_lock(path: Path) -> int | None:
    """An open descriptor that holds the lock until it is closed; None when another has it. FileNotFoundError when
    there is no such path (any more)."""
    found = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(found, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(found).st_ino == path.stat().st_ino:
            return found
    except BlockingIOError:
        pass
    except BaseException:
        os.close(found)
        raise
    os.close(found)  # another's, or the lock of a folder that was removed and made again meanwhile
    return None


def is_held(path: Path) -> bool:
    """Whether somebody has the lock, without taking it from anybody: those who look do not see each other."""
    found = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(found, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(found)
    return False


@contextlib.contextmanager
def locked(path: Path, deadline: Deadline) -> Iterator[int]:
    """Hold the lock on `path`. Unavailable when others hold it until the deadline."""
    while (held := try_lock(path)) is None:
        if deadline.over:
            raise Unavailable(f"another process is busy with {path}; try again")
        time.sleep(PERIOD)
    try:
        yield held
    finally:
        os.close(held)
