"""What takes longer than a call may: building layers, stopping gently, copying a disk. A process of its own does it.

A job holds the lock on `job` in the folder of the thing it is about, where it also leaves its process id: a second job
for the same thing ends, and whoever deletes the thing can end the job first.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import providers
from providers.errors import Unavailable
from providers.local.locks import is_held, locked
from providers.local.programs import Deadline, run
from providers.local.site import Site

JOB = "job"
TURN = 0.5  # seconds until another's lock is a job's: who looks whether there is one has it for a moment


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
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(locked(path, Deadline(TURN)))
        except Unavailable:
            yield False
            return
        path.write_text(str(os.getpid()), encoding="ascii")
        yield True


def under_way(folder: Path) -> bool:
    try:
        return is_held(folder / JOB)
    except FileNotFoundError:
        return False


def end(folder: Path) -> None:
    """End the job on this thing with all it runs. The lock says that the process id is still the job's."""
    if under_way(folder):
        with contextlib.suppress(ProcessLookupError, ValueError):
            os.killpg(int((folder / JOB).read_text(encoding="ascii")), signal.SIGKILL)
