"""What holds for all tests."""

from __future__ import annotations

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests with real nodes share this machine's kernel, and those of one module the nodes they have started: they run
    one after the other, in one process, while the others run beside them."""
    for item in items:
        if item.get_closest_marker("lxc"):
            item.add_marker(pytest.mark.xdist_group("lxc"))
