"""The shapes of the broker, each made once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.http.brokers import InProcess, Processes


@pytest.fixture(scope="session")
def in_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcess]:
    found = InProcess(tmp_path_factory.mktemp("in-process"))
    yield found
    found.close()


@pytest.fixture(scope="session")
def together(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processes]:
    found = Processes(tmp_path_factory.mktemp("together"), together=True)
    yield found
    found.close()


@pytest.fixture(scope="session")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processes]:
    found = Processes(tmp_path_factory.mktemp("apart"), together=False)
    yield found
    found.close()
