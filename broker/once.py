"""Files of the home that are made once and kept for good: the installation's key, the door's certificate.

Several processes may start together, and one may be killed while it makes the file. The home's lock lets one at a time
make it, and what is not whole yet has one name, which the next start replaces: no copy of a secret is left beside it.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


def make(path: Path, content: Callable[[], bytes]) -> bool:
    """The file is there, whole, and its owner's only (0600). False when it was there before."""
    if path.exists():
        return False
    with _alone(path.parent):
        first = not path.exists()
        if first:
            _write(path.with_name(f"{path.name}.part"), content()).replace(path)
    return first


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(number, fcntl.LOCK_EX)
        yield
    finally:
        os.close(number)


def _write(path: Path, content: bytes) -> Path:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return path
