"""A writer that is killed, wherever it was, leaves nothing that does not go with the next step. Without nodes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from providers.local import building, claims, snapshots
from providers.local.layers import Layer
from providers.local.programs import Deadline
from providers.local.records import Records
from providers.local.site import Site
from providers.local.things import Firewall, Machine, Snapshot
from providers.protocol import FirewallSpec, Kind, MachineSpec, SnapshotSpec
from tests.local.killing import kills, whole

OLD = Firewall("f", "t", {}, FirewallSpec("old"))
NEW = Firewall("f", "t", {}, FirewallSpec("new"))


def put(home: Path, firewall: Firewall) -> None:
    Records(home).put(firewall)


def drop(home: Path) -> None:
    Records(home).drop(Kind.FIREWALL, "f")


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_a_record_that_was_being_written_is_there_whole_or_not_and_dropping_it_leaves_nothing(tmp_path: Path) -> None:
    records = Records(tmp_path)
    for _ in kills(put, tmp_path, NEW):
        assert records.all(Firewall) in ({}, {"f": NEW})
        drop(tmp_path)
        assert files(tmp_path) == []


def test_writing_a_record_again_leaves_nothing_of_a_writer_that_was_killed(tmp_path: Path) -> None:
    put(tmp_path, OLD)
    for _ in kills(put, tmp_path, NEW):
        assert Records(tmp_path).get(Firewall, "f") in (OLD, NEW)
        put(tmp_path, OLD)
        assert files(tmp_path / "records/firewall") == ["f.json"]


def test_dropping_a_record_is_finished_by_dropping_it_again(tmp_path: Path) -> None:
    put(tmp_path, OLD)
    for _ in kills(drop, tmp_path):
        drop(tmp_path)
        assert files(tmp_path) == []
        put(tmp_path, OLD)


# --- what sites share ------------------------------------------------------------------------------------------------


def claim(run: Path, site: Site) -> None:
    """The switch is a file: on or off."""
    claims.RUN, switch = run, run.with_name("switch")
    claims._claim(site, "switch", switch.read_text, lambda: _set(switch, "on"), Deadline(5))


def release(run: Path, site: Site) -> None:
    claims.RUN, switch = run, run.with_name("switch")
    claims._release(site, "switch", lambda before: _set(switch, before), Deadline(5))


def _set(switch: Path, state: str) -> None:
    switch.write_text(state)


@pytest.fixture
def switch(tmp_path: Path) -> Path:
    found = tmp_path / "switch"
    _set(found, "off")
    return found


def test_a_claim_that_was_killed_is_released_whole(tmp_path: Path, site: Site, switch: Path) -> None:
    run = tmp_path / "run"
    for _ in kills(claim, run, site):
        whole(release, run, site)
        assert switch.read_text() == "off"
        assert not run.exists()


def test_a_release_that_was_killed_is_finished_by_releasing_again(tmp_path: Path, site: Site, switch: Path) -> None:
    run = tmp_path / "run"
    whole(claim, run, site)
    for _ in kills(release, run, site):
        whole(release, run, site)
        assert switch.read_text() == "off"
        assert not run.exists()
        whole(claim, run, site)


# --- layers ----------------------------------------------------------------------------------------------------------


def build(site: Site, key: str) -> None:
    """A layer that takes no programs and no other user's rights."""
    building._make = lambda folder, owner: folder.mkdir()
    building._build_packages = lambda site, host, layer, shop, lock: (shop / "layer/whole").touch()
    lower = Layer("base", site.cache / "base", (), ())
    building.build(site, None, Layer(key, site.cache / key, (lower,), ("package",)))  # type: ignore[arg-type]  # unused


def test_what_a_killed_builder_left_goes_with_the_next_build_of_any_layer(site: Site) -> None:
    (site.cache / "base").mkdir(parents=True)
    for position in kills(build, site, "one"):
        one = site.cache / "one"
        assert not one.exists() or files(one) == ["whole"]
        whole(build, site, f"other-{position}")
        assert list(site.cache.glob("*.part")) == []
        if one.exists():
            (one / "whole").unlink()
            one.rmdir()


def test_a_build_that_fails_leaves_nothing(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "_make", lambda folder, owner: folder.mkdir())
    gone = Layer("gone", site.cache / "gone")
    with pytest.raises(building.Refused):
        building.build(site, None, gone)  # type: ignore[arg-type]  # it is not looked at
    assert files(site.cache) == ["gone.lock"]


# --- snapshots -------------------------------------------------------------------------------------------------------


def save(site: Site) -> None:
    os.setpgid(0, 0)  # a job leads its own group
    snapshots.save(site, "s")


def test_a_copy_that_was_killed_is_made_by_the_next_job(site: Site) -> None:
    records = Records(site.home)
    machine = Machine("m", "t", {}, MachineSpec("m", "m", "linux"), booted=True)
    snapshot = Snapshot("s", "t", {}, SnapshotSpec("s", "m"))
    (site.node("m") / "disk/upper").mkdir(parents=True)
    (site.node("m") / "disk/upper/kept").touch()
    site.snapshot("s").mkdir(parents=True)
    records.put(machine)
    records.put(snapshot)
    for _ in kills(save, site):
        whole(save, site)
        assert records.get(Snapshot, "s").done
        assert files(site.snapshot("s")) == ["job", "layer", "layer/kept"]
        assert files(site.home / "records/snapshot") == ["s.json"]
        (site.snapshot("s") / "layer/kept").unlink()
        (site.snapshot("s") / "layer").rmdir()
        records.put(snapshot)
