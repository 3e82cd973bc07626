"""`accords up examples/pacs.xml` on real nodes: the archive answers DICOM, and its database answers nobody but it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pacs.archive import MANIFEST, SERVICE, UP, Pacs, demo
from tests.pacs.installation import EXAMPLES, OnThisMachine
from tests.pacs.neighbour import Neighbour

pytestmark = [pytest.mark.lxc, pytest.mark.slow, pytest.mark.timeout(1200)]


def test_one_command_deploys_the_archive_and_says_each_step(here: OnThisMachine) -> None:
    done = here.accords(*UP)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "create machine/pacs.0 on local" in done.stderr
    assert done.stdout.splitlines()[0] == "pacs: active"
    assert "tcp/5432 from pacs" in done.stdout


def test_real_slices_are_stored_and_found(pacs: Pacs) -> None:
    for patient, study in pacs.store().items():
        assert pacs.find(patient) == study


def test_the_index_is_in_the_database_and_the_images_are_on_the_volume(pacs: Pacs) -> None:
    stored = pacs.store()
    assert set(stored) <= set(pacs.query("select value from dicomidentifiers"))
    images = [each for each in Path(str(pacs.volume()["host"])).rglob("*") if each.is_file()]
    assert len(images) >= len(stored)
    slices = [Path(str(each.filename)).stat().st_size for each in demo.real_slices()]
    assert sum(each.stat().st_size for each in images) >= sum(slices)


def test_the_database_answers_the_archive_and_nobody_else(pacs: Pacs, neighbour: Neighbour) -> None:
    database, archive = pacs.address("pacs-db"), pacs.address("pacs")
    assert neighbour.connect(database, 5432, inside="pacs") == "open"
    assert neighbour.connect(database, 5432) == "closed"
    assert neighbour.connect(archive, 4242) == "open", "the node itself reaches others"
    assert demo.closed(database, 5432).startswith("is closed")


def test_forging_the_archives_address_opens_nothing(pacs: Pacs, neighbour: Neighbour) -> None:
    with neighbour.forging(pacs.address("pacs")) as forged:
        assert neighbour.connect(pacs.address("pacs-db"), 5432, source=forged) == "closed"
    assert neighbour.connect(pacs.address("pacs-db"), 5432, inside="pacs") == "open"


def test_root_in_a_node_is_nobody_here(pacs: Pacs) -> None:
    assert pacs.here.run("pacs", "id", "-u") == "0"
    pacs.here.run("pacs", "touch", "/srv/images/of-root")
    made = Path(str(pacs.volume()["host"]), "of-root")
    assert made.stat().st_uid == pacs.here.cloud.site.uid_base
    pacs.here.run("pacs", "rm", "/srv/images/of-root")


def test_both_forms_of_the_manifest_give_the_same_plan(here: OnThisMachine) -> None:
    xml, yaml = (here.told("plan", str(EXAMPLES / f"pacs.{form}")) for form in ("xml", "yaml"))
    assert xml == yaml
    assert xml.startswith((EXAMPLES / "pacs.plan").read_text())


def test_asking_again_for_what_runs_changes_nothing(pacs: Pacs) -> None:
    before = {name: each.id for name, each in pacs.here.machines().items()}
    pacs.here.told("up", MANIFEST, "--wait")
    assert {name: each.id for name, each in pacs.here.machines().items()} == before
    assert pacs.here.state(SERVICE) == "active"
