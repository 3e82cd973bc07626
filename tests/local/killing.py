"""Work that is killed at an exact place: in a child, with SIGKILL, just before its n-th change of this machine.

A change is a file opened for writing, made, moved or removed, and a program that is started. The interpreter itself
says when one comes (PEP 578), so that no place is forgotten and the code under test knows nothing of it. Not a test.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterator

CHANGES = frozenset(
    {"os.rename", "os.link", "os.mkdir", "os.rmdir", "os.remove", "os.chmod", "os.chown", "subprocess.Popen"}
)
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
CHILDREN = multiprocessing.get_context("forkserver")  # from a process without threads, so that no lock is inherited
CHILDREN.set_forkserver_preload(["providers.local", "pytest"])


def kills(work: Callable[..., None], *arguments: object) -> Iterator[int]:
    """Kill the work before its first change, its second and so on, until it comes to its end: a test goes on from what
    was left each time. The last time nothing was killed."""
    position = 0
    while _killed(position, work, arguments):
        yield position
        position += 1
    assert position, "it changes something"
    yield position


def whole(work: Callable[..., None], *arguments: object) -> None:
    """The work, in a child like those that are killed."""
    assert not _killed(sys.maxsize, work, arguments)


def _killed(position: int, work: Callable[..., None], arguments: tuple[object, ...]) -> bool:
    child = CHILDREN.Process(target=_work, args=(position, work, arguments))
    child.start()
    child.join()
    assert child.exitcode in (0, -signal.SIGKILL), f"it failed by itself: {child.exitcode}"
    return child.exitcode != 0


def _work(position: int, work: Callable[..., None], arguments: tuple[object, ...]) -> None:
    left = position

    def count(event: str, values: tuple[object, ...]) -> None:
        nonlocal left
        if event in CHANGES or (event == "open" and isinstance(values[2], int) and values[2] & WRITING):
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1

    sys.addaudithook(count)
    work(*arguments)
