"""Whether a broker runs on a home: each of its processes holds a lock on it, shared; who restores wants it alone.

The lock goes with the process however it ends. A restore that was cut off leaves a mark, and nothing starts on half of
what was. Nor does anything that works beside the service row start where that row never was.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from broker.errors import Clash, Misconfigured
from broker.settings import Settings

LOCK, MARK = "broker.lock", "restore.unfinished"
SQLITE = "sqlite:///"

_HELD: list[int] = []
"""Never closed: the lock is held as long as the process, and those it starts, live."""


def stay(home: Path) -> None:
    """Hold the home until this process ends. Clash while somebody restores it, or where that was cut off."""
    held = _lock(home, fcntl.LOCK_SH, f"{home} is being restored", "try again when that is over")
    if (home / MARK).exists():
        os.close(held)
        hint = "run it again: accords restore FILE"
        raise Clash(f"the restore of {home} was cut off", hint=hint, code="restore.half")
    _HELD.append(held)


@contextmanager
def alone(home: Path) -> Iterator[None]:
    """Nobody else runs on the home meanwhile. Clash when somebody does."""
    held = _lock(home, fcntl.LOCK_EX, f"a broker runs on {home}", "end its processes first: rows, worker and door")
    try:
        yield
    finally:
        os.close(held)


def beside_service(settings: Settings) -> None:
    """The service row's database is there for the worker, the door and the stream, which work on it themselves.
    Misconfigured when it is a file that is not here: an empty one would be made, and nobody would ever write to it."""
    url = settings.database.format(home=settings.home, row="service")
    if url.startswith(SQLITE) and not Path(url.removeprefix(SQLITE)).exists():
        raise Misconfigured(
            f"there is no database of the service row at {url.removeprefix(SQLITE)}",
            hint="run this on the machine of the service row and with its home (ACCORDS_HOME), after `accords serve "
            "service` or `all` began there; elsewhere a database on PostgreSQL is needed (docs/apart.md)",
        )


def _lock(home: Path, how: int, why: str, hint: str) -> int:
    home.mkdir(parents=True, exist_ok=True, mode=0o711)
    found = os.open(home / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(found, how | fcntl.LOCK_NB)
    except OSError as error:
        os.close(found)
        raise Clash(why, hint=hint, code="home.busy") from error
    return found
