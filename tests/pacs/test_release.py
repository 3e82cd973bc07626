"""Giving back: all but the studies, and those too when that is said twice; then nothing is left on the machine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.local.traces import forwarding, traces
from tests.pacs import bare
from tests.pacs.archive import SERVICE, Pacs
from tests.pacs.installation import OnThisMachine, until

pytestmark = [pytest.mark.lxc, pytest.mark.slow, pytest.mark.timeout(1200)]

SEEN = {"processes", "devices", "tables", "addresses", "groups", "files", "claims"}
"""Kinds of traces that every running node leaves. Its mounts are in a namespace of its own."""


def test_release_keeps_the_studies_and_says_so(pacs: Pacs) -> None:
    stored, folder = pacs.store(), Path(str(pacs.volume()["host"]))
    said = pacs.here.told("release", SERVICE)
    (kept,) = (each for each in json.loads(pacs.here.told("volumes", "--json")) if each["name"] == "images")
    assert (kept["service"], kept["size"]) == (SERVICE, 10 * 10**9)
    assert f"accords volumes --remove {kept['id']}" in said.partition("kept, with what they hold:")[2]
    assert pacs.here.machines() == {}
    assert len([each for each in folder.rglob("*") if each.is_file()]) >= len(stored)
    left = {kind: what for kind, what in traces(pacs.here.cloud.site).items() if kind != "files"}
    assert left == {}, "only the volume's files are left"


def test_nothing_is_left_once_all_that_was_kept_is_removed(here: OnThisMachine) -> None:
    """The volume, and the images that were saved of the nodes."""
    for kept in json.loads(here.told("volumes", "--json")):
        here.told("volumes", "--remove", kept["id"])
    until(lambda: not json.loads(here.told("volumes", "--json")), "no volume is kept")
    until(lambda: traces(here.cloud.site) == {}, lambda: f"nothing is left: {traces(here.cloud.site)}")


def test_volumes_go_too_when_the_services_name_is_given_twice(here: OnThisMachine) -> None:
    before = forwarding()
    here.told("up", bare.manifest(here), "--wait")
    assert bare.things(here, "bare") == bare.THINGS
    assert set(traces(here.cloud.site)) >= SEEN, "what is looked for is there to be seen"
    refused = here.accords("release", "bare", "--volumes", "--yes", "bore")
    assert refused.returncode != 0
    assert "accords release bare --volumes --yes bare" in refused.stderr
    assert here.state("bare") == "active"
    here.told("release", "bare", "--volumes", "--yes", "bare")
    assert json.loads(here.told("volumes", "--json")) == []
    until(lambda: traces(here.cloud.site) == {}, lambda: f"nothing is left: {traces(here.cloud.site)}")
    assert forwarding() == before
