"""A node that this machine cannot start says why, in a line, and can be looked at and given back like any other."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from providers.local import Local
from providers.protocol import Attachment, Kind, MachineSpec, Resource, State, VolumeSpec

pytestmark = pytest.mark.lxc

PATIENCE = 300.0  # seconds; the base layer may have to be built first


@pytest.fixture
def broken(local: Local) -> Resource:
    """Its volume's folder is gone, so that LXC cannot mount it."""
    volume = local.create(VolumeSpec("data", 10**9), token="data", tags={}, deadline=20)
    shutil.rmtree(Path(str(volume.facts["host"])))
    spec = MachineSpec("broken", "broken", "linux", volumes=(Attachment(volume.id, "/srv/data"),))
    made = local.create(spec, token="broken", tags={}, deadline=20)
    ends = time.monotonic() + PATIENCE
    while made.state is State.PENDING:
        assert time.monotonic() < ends
        time.sleep(0.1)
        made = local.observe(Kind.MACHINE, made.id, deadline=20)
    return made


def test_a_node_that_does_not_start_is_broken_with_a_reason_of_one_line(local: Local, broken: Resource) -> None:
    assert broken.state is State.ERROR
    reason = str(broken.facts["error"])
    assert reason.startswith("node broken does not start: ")
    assert "\n" not in reason
    assert len(reason) < 400


def test_looking_at_a_broken_node_raises_nothing_and_it_is_given_back(local: Local, broken: Resource) -> None:
    assert local.find(Kind.MACHINE, "broken", deadline=20) == broken
    assert broken in local.list({}, deadline=20)
    local.delete(Kind.MACHINE, broken.id, deadline=20)
    assert local.find(Kind.MACHINE, "broken", deadline=20) is None
    local.delete(Kind.VOLUME, next(each.id for each in local.list({}, deadline=20)), deadline=20)
    assert local.list({}, deadline=20) == []
