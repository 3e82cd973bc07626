"""What the processes that stay do about memory, in one place: garbage, heaps, and what need not stay.

Not here: which processes there are (`serve`, `worker`).
"""

from __future__ import annotations

import ctypes
import gc
import os
from collections.abc import Callable

from broker.errors import AccordsError

_GARBAGE = (10_000, 20, 20)
"""Python looks for cycles after 700 new objects, and again and again at all there are: with a plan of 10,000 nodes in
memory that is a third of the worker's time. We make few cycles; looking at every 10,000 finds them as well."""
_ARENAS = 2
_M_ARENA_MAX = -8  # malloc.h


def settle() -> None:
    """Called once, by a process that will stay, before it starts threads."""
    gc.set_threshold(*_GARBAGE)
    # glibc gives each thread a heap of its own, and keeps what it had; two are enough for threads that wait
    ctypes.CDLL(None).mallopt(_M_ARENA_MAX, _ARENAS)


def apart(work: Callable[[], None]) -> None:
    """Open databases in a child, and wait: what it loads to migrate them is gone with it. Its failure is ours."""
    child = os.fork()
    if child == 0:
        work()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if status:
        raise AccordsError("the databases could not be opened", hint="the lines above say why", code="store.open")
