"""One fixture, every driver: a test that asks for `cloud` runs on `fake` in memory and as a server, `local`, `occi`.

A driver whose target is missing is skipped alone, with the reason; with `CI` set it fails instead, so that no driver
goes unproven without anybody noticing.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from providers import Provider
from tests.providers import ec2, nodes
from tests.providers.cloud import Cloud
from tests.providers.lab import LONG
from tests.providers.targets import OPENERS, Missing, absent

TARGETS = (
    pytest.param("fake", id="fake"),
    pytest.param("server", id="fake-server"),
    pytest.param("local", id="local", marks=pytest.mark.lxc),
    pytest.param("kvm", id="kvm", marks=pytest.mark.slow),
    pytest.param("occi", id="occi"),
    pytest.param("occi-processes", id="occi-processes", marks=pytest.mark.slow),
    pytest.param("occi-rocci", id="occi-rocci"),
    pytest.param("occi-ooi", id="occi-ooi"),
    pytest.param("azure", id="azure"),
    pytest.param("opennebula", id="opennebula"),
    pytest.param("openstack", id="openstack", marks=(pytest.mark.slow, pytest.mark.timeout(LONG))),
    pytest.param("moto", id="ec2-moto", marks=pytest.mark.slow),
    pytest.param("ministack", id="ec2-ministack", marks=pytest.mark.slow),
    pytest.param("libcloud-dummy", id="libcloud-dummy"),
    pytest.param("libcloud-openstack", id="libcloud-openstack", marks=(pytest.mark.slow, pytest.mark.timeout(LONG))),
    pytest.param("libcloud-ec2", id="libcloud-ec2", marks=pytest.mark.slow),
)
BEYOND = {**ec2.BEYOND, **nodes.BEYOND}
REAL_MACHINES = "test_contract_machines"


@pytest.fixture(scope="session", params=TARGETS)
def target(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    """The provider under test, opened once a session."""
    with ExitStack() as stack:
        try:
            yield stack.enter_context(OPENERS[request.param](tmp_path_factory.mktemp(request.param)))
        except Missing as reason:
            absent(request.param, reason, os.environ)


@pytest.fixture
def cloud(target: Provider, request: pytest.FixtureRequest) -> Iterator[Cloud]:
    """The provider with names, tokens and tags of this test's own; what it made is given back."""
    found = Cloud(target)
    yield found
    found.give_back()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A real machine takes seconds to boot: those tests run with the slow ones."""
    for item in items:
        spec = getattr(item, "callspec", None)
        if spec and spec.params.get("target") == "local" and item.path.stem == REAL_MACHINES:
            item.add_marker(pytest.mark.slow)
        lacking = BEYOND.get(spec.params.get("target", ""), {}) if spec else {}
        if (name := getattr(item, "originalname", item.name)) in lacking:
            item.add_marker(pytest.mark.skip(reason=f"the server lacks it: it {lacking[name]}"))
