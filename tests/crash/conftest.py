from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.scene import Scene


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    found = Scene(tmp_path)
    yield found
    found.close()
