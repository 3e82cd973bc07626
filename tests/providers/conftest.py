"""One fixture, every driver: a test that asks for `cloud` runs on `fake` in memory and as a server, `local`, `occi`.

A driver whose target is missing is skipped alone, with the reason; with `CI` set it fails instead, so that no driver
goes unproven without anybody noticing.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from providers import open_provider
from providers.protocol import Provider
from tests.providers.cloud import Cloud, Missing

TARGETS = {
    "fake": pytest.param("fake", id="fake"),
    "server": pytest.param("server", id="fake-server"),
    "local": pytest.param("local", id="local", marks=pytest.mark.lxc),
    "occi": pytest.param("occi", id="occi"),
}


@contextmanager
def fake_in_memory(folder: Path) -> Iterator[Provider]:
    yield open_provider("fake", "fake", {})


@contextmanager
def fake_server(folder: Path) -> Iterator[Provider]:
    command = [sys.executable, "-m", "providers.fake.server"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        provider = open_provider("server", "fake", {"url": process.stdout.readline().strip()})
        try:
            yield provider
        finally:
            provider.close()
            process.kill()


@contextmanager
def local(folder: Path) -> Iterator[Provider]:
    try:
        import providers.local as _  # noqa: F401 - only whether it is there
    except ImportError as error:
        raise Missing(f"the local driver cannot be imported: {error}") from error
    provider = open_provider("local", "local", {"home": str(folder / "local")})
    try:
        problems = provider.check(deadline=20.0)
        if problems:
            raise Missing("; ".join(f"{each.what}: {each.mend}" for each in problems))
        yield provider
    finally:
        provider.close()


@contextmanager
def occi(folder: Path) -> Iterator[Provider]:
    raise Missing("no second broker is started yet")
    yield  # pragma: no cover - makes it a generator


OPENERS: dict[str, Callable[[Path], AbstractContextManager[Provider]]] = {
    "fake": fake_in_memory,
    "server": fake_server,
    "local": local,
    "occi": occi,
}


@pytest.fixture(scope="session", params=TARGETS.values())
def target(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    """The provider under test, opened once a session."""
    opened = OPENERS[request.param](tmp_path_factory.mktemp(request.param))
    try:
        provider = opened.__enter__()
    except Missing as reason:
        if os.environ.get("CI"):
            pytest.fail(f"{request.param}: {reason}")
        pytest.skip(f"{request.param}: {reason}")
    yield provider
    opened.__exit__(None, None, None)


@pytest.fixture
def cloud(target: Provider, request: pytest.FixtureRequest) -> Iterator[Cloud]:
    """The provider with names, tokens and tags of this test's own; what it made is given back."""
    found = Cloud(target, request.node.name)
    yield found
    found.give_back()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A real machine takes seconds to boot: those tests run with the slow ones."""
    for item in items:
        spec = getattr(item, "callspec", None)
        if spec and spec.params.get("target") == "local" and item.path.stem == "test_contract_machines":
            item.add_marker(pytest.mark.slow)
