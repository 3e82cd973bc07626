"""What holds for all tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import databases
from tests.postgresql import Server, server


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    """A PostgreSQL of this run's own, started when the first test asks for it."""
    with server() as running:
        yield running


@pytest.fixture(scope="session", autouse=True)
def _brokers_databases(request: pytest.FixtureRequest) -> None:
    if databases.ON_POSTGRESQL:
        databases.use(request.getfixturevalue("postgresql"))
