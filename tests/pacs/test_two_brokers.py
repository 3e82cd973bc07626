"""The demo through two brokers, both real: one has the document, the plan and the agents' door, and no cloud but the
other, whose nodes are containers here."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pacs.archive import MANIFEST, Pacs
from tests.pacs.conftest import can_run
from tests.pacs.installation import Installation, OnThisMachine, until
from tests.providers import chain

pytestmark = [pytest.mark.lxc, pytest.mark.slow, pytest.mark.timeout(1200)]

BESIDE = -10_000
"""How far the ports of one are from the other's."""


@pytest.fixture
def far() -> Iterator[OnThisMachine]:
    """The one that has nodes. They call another broker's door, whose port is all they are told of."""
    made = OnThisMachine.made()
    made.providers = {"local": {**made.providers["local"], "door_port": made.base_port + BESIDE + 30}}
    try:
        can_run(made)
        made.start()
        yield made
    finally:
        made.clear()


@pytest.fixture
def near(far: OnThisMachine) -> Iterator[Installation]:
    """The one that is asked. Its door is where nodes of this machine may call."""
    home = Path(f"/var/tmp/accords-near-{secrets.token_hex(3)}")  # noqa: S108 - as its neighbour's
    home.mkdir(mode=0o711)
    door = {"door_address": far.own["door_address"]}
    made = Installation(
        home, {"far": {"driver": "occi", **chain.options(far)}}, base_port=far.base_port + BESIDE, own=door
    )
    try:
        made.start()
        yield made
        made.accords("release", "pacs", "--volumes", "--yes", "pacs", "--wait")
    finally:
        made.stop()
        shutil.rmtree(home, ignore_errors=True)


def test_the_demo_runs_at_another_broker_and_leaves_nothing_there(near: Installation, far: OnThisMachine) -> None:
    done = near.accords("up", MANIFEST, "--wait")
    assert done.returncode == 0, done.stdout + done.stderr + far.log("work")[-3000:]
    assert "create machine/pacs.0 on far" in done.stderr
    pacs = Pacs(far)
    for patient, study in pacs.store().items():
        assert pacs.find(patient) == study
    assert set(far.machines()) == {"pacs", "pacs-db"}
    near.told("stop", "pacs", "--wait")
    near.told("start", "pacs", "--wait")
    assert until(pacs.answers, "C-ECHO is answered")
    near.told("release", "pacs", "--volumes", "--yes", "pacs", "--wait")
    assert far.cloud.list({}, deadline=30) == []
