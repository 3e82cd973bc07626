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


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Who runs beside whom, where several processes share the tests: those of a file follow one another, and so do all
    with real nodes, which share this machine's kernel and have started some for others of their module."""
    for item in items:
        group = "lxc" if item.get_closest_marker("lxc") else str(item.path)
        item.add_marker(pytest.mark.xdist_group(group))
