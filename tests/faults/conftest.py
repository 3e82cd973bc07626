from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from providers import Provider, open_provider
from tests.faults.site import Held, Site
from tests.faults.sites import SITES
from tests.faults.trial import Place, Trial, clean
from tests.providers.lab import Missing
from tests.providers.targets import absent


@dataclass(frozen=True, slots=True)
class Field:
    """A site, a driver there, and what a walk without faults asks and makes."""

    site: Site
    cloud: Provider
    places: tuple[Place, ...]
    held: Held


@pytest.fixture(scope="session")
def fields(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fields]:
    """Each site is opened when it is first asked for, and once."""
    with ExitStack() as stack:
        yield Fields(tmp_path_factory.mktemp("sites"), stack)


class Fields:
    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder, self._stack = folder, stack
        self._open: dict[str, Field] = {}

    def __getitem__(self, name: str) -> Field:
        if name not in self._open:
            self._open[name] = self._opened(name)
        return self._open[name]

    def _opened(self, name: str) -> Field:
        own = Path(tempfile.mkdtemp(prefix=name, dir=self._folder))
        (own / "clean").mkdir()
        try:
            site = self._stack.enter_context(SITES[name](own))
        except Missing as reason:
            absent(name, reason, os.environ)
        cloud = open_provider("paris", site.driver, site.options)
        self._stack.callback(cloud.close)
        site.begin()
        return Field(site, cloud, *clean(Trial(site, cloud, own / "clean")))


@pytest.fixture
def at(fields: Fields, request: pytest.FixtureRequest) -> Field:
    """The field that the test names."""
    return fields[request.param]
