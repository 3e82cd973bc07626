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
    """Tests with real nodes share this machine's kernel, and those of one module the nodes they have started: they run
    one after the other, in one process, while the others run beside them."""
    for item in items:
        if item.get_closest_marker("lxc"):
            item.add_marker(pytest.mark.xdist_group("lxc"))
