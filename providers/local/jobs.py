"""What takes longer than a call may: building layers, stopping gently, copying a disk. A process of its own does it.

A job holds the lock on `job` in the folder of the thing it is about, where it also leaves its process id: a second job
for the same thing ends at once, and whoever deletes the thing can end the job first.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import providers
from providers.local.locks import try_lock
from providers.local.programs import Deadline, run
from providers.local.site import Site

JOB = "job"


def spawn(site: Site, verb: str, id: str, folder: Path, deadline: Deadline) -> None:
    """Begin `verb` (a name in `__main__`) for the thing of this folder, unless a job is at it. Does not wait, and
    leaves no child of this process."""
    if under_way(folder):
        return
    root = str(Path(providers.__file__).parents[1])
    job = ["env", f"PYTHONPATH={root}", sys.executable, "-m", "providers.local", site.name, site.options, verb, id]
    run(["setsid", "--fork", "sh", "-c", 'exec "$@" </dev/null >/dev/null 2>&1', "sh", *job], deadline)


@contextlib.contextmanager
def only(folder: Path) -> Iterator[bool]:
    """False when another job is at work on the thing of this folder."""
    path = folder / JOB
    path.touch()
    held = try_lock(path)
    if held is None:
        yield False
        return
    try:
        path.write_text(str(os.getpid()), encoding="ascii")
        yield True
    finally:
        os.close(held)


def under_way(folder: Path) -> bool:
    try:
        held = try_lock(folder / JOB)
    except FileNotFoundError:
        return False
    if held is not None:
        os.close(held)
    return held is None


def end(folder: Path) -> None:
    """End the job on this thing with all it runs. The lock says that the process id is still the job's."""
    if under_way(folder):
        with contextlib.suppress(ProcessLookupError, ValueError):
            os.killpg(int((folder / JOB).read_text(encoding="ascii")), signal.SIGKILL)
