"""Everything apart, over the pretended cloud, for all tests that look at it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.apart.everything import Apart


@pytest.fixture(scope="session")
def all_of_it(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Apart]:
    found = Apart(tmp_path_factory.mktemp("apart"))
    try:
        found.start_all()
        yield found
    finally:
        found.close()


@pytest.fixture
def apart(all_of_it: Apart) -> Iterator[Apart]:
    """A test that fails in the middle leaves nothing that the next one would stumble over."""
    yield all_of_it
    all_of_it.tidy()
