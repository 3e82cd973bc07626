"""Rows by their WSGI applications, and tokens for them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.http.brokers import InProcess


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcess]:
    found = InProcess(tmp_path_factory.mktemp("web"))
    yield found
    found.close()
