"""What sites share is put back by the last, also where a kill came in the middle of a claim or a release."""

from __future__ import annotations

from pathlib import Path

import pytest

from providers.local import claims
from providers.local.programs import Deadline
from providers.local.site import Site


class Switch:
    """Something of this machine that is on or off."""

    def __init__(self) -> None:
        self.state = "off"

    def look(self) -> str:
        return self.state

    def on(self) -> None:
        self.state = "on"

    def restore(self, before: str) -> None:
        self.state = before


@pytest.fixture
def switch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Switch:
    monkeypatch.setattr(claims, "RUN", tmp_path / "run")
    return Switch()


def claim(site: Site, switch: Switch) -> None:
    claims._claim(site, "switch", switch.look, switch.on, Deadline(5))


def release(site: Site, switch: Switch) -> None:
    claims._release(site, "switch", switch.restore, Deadline(5))


def test_the_last_site_puts_back_what_the_first_found(tmp_path: Path, switch: Switch) -> None:
    one, two = (Site.of(name, {"home": tmp_path / name}) for name in ("one", "two"))
    for site in (one, two, one):
        claim(site, switch)
    release(one, switch)
    assert switch.state == "on"
    release(two, switch)
    assert switch.state == "off"
    assert not claims.RUN.exists()


@pytest.mark.parametrize("left", [(), ("before.part",)])
def test_a_claim_that_was_cut_off_is_one_that_never_was(tmp_path: Path, switch: Switch, left: tuple[str, ...]) -> None:
    folder = claims.RUN / "switch"
    folder.mkdir(parents=True)
    for name in left:
        (folder / name).touch()
    site = Site.of("one", {"home": tmp_path})
    claim(site, switch)
    release(site, switch)
    assert switch.state == "off"
    assert not claims.RUN.exists()


def test_a_release_that_was_cut_off_is_finished_by_the_next(tmp_path: Path, switch: Switch) -> None:
    site = Site.of("one", {"home": tmp_path})
    claim(site, switch)
    next(path for path in (claims.RUN / "switch").iterdir() if path.name != "before").unlink()
    release(site, switch)
    assert switch.state == "off"
    assert not claims.RUN.exists()
