"""A study that was stored is found again, whatever its service goes through; a restart of the machine included."""

from __future__ import annotations

import subprocess

import pytest

from providers.local import claims
from providers.local.programs import Deadline
from providers.protocol import Kind, State
from tests.pacs.archive import SERVICE, Pacs
from tests.pacs.installation import OnThisMachine, until

pytestmark = [pytest.mark.lxc, pytest.mark.slow, pytest.mark.timeout(1200)]


@pytest.mark.parametrize(
    ("asked", "state"), [("stop", "stopped"), ("suspend", "suspended"), ("restart", "active"), ("save", "active")]
)
def test_a_stored_study_is_found_again_after(pacs: Pacs, asked: str, state: str) -> None:
    stored = pacs.store()
    pacs.here.told(asked, SERVICE, "--wait")
    assert pacs.here.state(SERVICE) == state
    if state != "active":
        assert not pacs.answers()
        pacs.here.told("start", SERVICE, "--wait")
    assert {patient: pacs.find(patient) for patient in stored} == stored


def test_a_saved_node_is_kept_as_an_image(pacs: Pacs) -> None:
    pacs.here.told("save", SERVICE, "--wait")
    kept = [each for each in pacs.here.cloud.list({}, deadline=30) if each.kind is Kind.SNAPSHOT]
    assert {each.state for each in kept} == {State.ACTIVE}
    assert len(kept) >= len(pacs.here.machines())


def test_after_a_restart_of_the_machine_a_start_brings_back_the_stored_study(pacs: Pacs) -> None:
    stored = pacs.store()
    restart(pacs.here)
    until(lambda: pacs.here.state(SERVICE) == "stopped", "the nodes are reported stopped")
    assert {node["state"] for node in pacs.report["nodes"]} == {"stopped"}
    pacs.here.told("start", SERVICE, "--wait")
    assert {patient: pacs.find(patient) for patient in stored} == stored
    assert pacs.here.state(SERVICE) == "active"


def restart(here: OnThisMachine) -> None:
    """What a restart of this machine leaves of an installation: its files. Then broker and worker start anew."""
    here.kill()
    site = here.cloud.site
    for machine in here.machines().values():
        _run("lxc-stop", "-P", str(site.home / "nodes"), "-n", machine.id, "-k")
    for link in _run("ip", "-br", "link").split():
        if link.startswith(f"{site.prefix}n"):
            _run("ip", "link", "del", link)
    for family in ("inet", "bridge"):
        _run("nft", "delete", "table", family, site.table)
    claims.release(site, Deadline(20))  # it empties /run, and undoes forwarding and the address on lo
    here.start()


def _run(*argv: str) -> str:
    return subprocess.run(argv, text=True, capture_output=True, check=False).stdout
