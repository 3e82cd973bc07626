"""One fixture, every cloud: a test that asks for `drifted` runs on each, with a service that is as it should be."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from broker.worker import drifting
from tests.drift.place import Place
from tests.drift.sites import SITES
from tests.providers.lab import LONG
from tests.providers.targets import Missing, absent

LATE = (pytest.mark.slow, pytest.mark.timeout(LONG))
TARGETS = (
    pytest.param("fake", id="fake"),
    pytest.param("server", id="fake-server"),
    pytest.param("azure", id="azure"),
    pytest.param("opennebula", id="opennebula"),
    pytest.param("occi", id="occi"),
    pytest.param("openstack", id="openstack", marks=LATE),
    pytest.param("moto", id="ec2-moto", marks=LATE),
    pytest.param("ministack", id="ec2-ministack", marks=LATE),
    pytest.param("kvm", id="kvm", marks=LATE),
    pytest.param("libcloud-ec2", id="libcloud-ec2", marks=LATE),
    pytest.param("local", id="local", marks=(*LATE, pytest.mark.lxc)),
)


@pytest.fixture(scope="module", params=TARGETS)
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A cloud, with a broker's worker beside it."""
    with ExitStack() as stack:
        stack.enter_context(pytest.MonkeyPatch.context()).setattr(drifting, "SETTLE", 0)
        try:
            site = stack.enter_context(SITES[request.param](tmp_path_factory.mktemp(request.param)))
        except Missing as reason:
            absent(request.param, reason, os.environ)
        found = Place(tmp_path_factory.mktemp("broker"), site)
        stack.callback(found.close)
        yield found
