"""The first start, killed while it makes what it makes once: the next start makes it, and no secret lies beside it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from broker import auth
from broker.agent import certificate
from broker.settings import Settings
from tests.local.killing import kills


def key(home: Path) -> None:
    auth.installation(Settings(home=home))


def door(home: Path) -> None:
    certificate.path(Settings(home=home))


@pytest.mark.parametrize(("start", "file"), [(key, "installation.json"), (door, "door.pem")])
def test_a_first_start_that_was_killed_is_done_by_the_next(
    tmp_path: Path, start: Callable[[Path], None], file: str
) -> None:
    made = tmp_path / file
    for _ in kills(start, tmp_path):
        start(tmp_path)
        assert [path.name for path in tmp_path.iterdir()] == [file]
        assert made.stat().st_mode & 0o777 == 0o600
        before = made.read_bytes()
        start(tmp_path)
        assert made.read_bytes() == before
        made.unlink()
