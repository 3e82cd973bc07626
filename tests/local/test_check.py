from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from providers.local import check
from providers.local.cgroups import Layout
from providers.local.host import Host
from providers.local.programs import Deadline
from providers.local.site import Site


def test_missing_programs_are_named_with_one_command_that_installs_them() -> None:
    (problem,) = check.programs({"ip": "/sbin/ip", "unshare": "/bin/unshare", "setsid": "/bin/setsid"}.get)
    assert problem.what == "missing: lxc-start, lxc-usernsexec, mmdebstrap, nft"
    assert problem.mend == "apt-get install --no-install-recommends lxc mmdebstrap nftables"


def test_who_is_not_root_is_told_that_alone(site: Site, debian: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    (problem,) = check.problems(site, debian, Deadline(5))
    assert "root" in problem.what
    assert "sudo" in problem.mend


def test_a_machine_without_control_groups_is_told_what_to_mount() -> None:
    (problem,) = check.groups(Layout.NONE)
    assert "mount -t cgroup2" in problem.mend


def test_a_distribution_without_apt_sources_cannot_be_a_base(debian: Host) -> None:
    (problem,) = check.distribution(replace(debian, sources=""))
    assert "bookworm" in problem.what


def test_a_folder_that_nodes_cannot_pass_through_is_named(tmp_path: Path) -> None:
    home = tmp_path / "closed"
    home.mkdir()
    home.chmod(0o700)
    found = [problem.mend for problem in check.folders(Site.of("local", {"home": home / "local"}))]
    assert f"chmod o+x {home}" in found


def test_ids_that_belong_to_a_user_are_not_taken(site: Site, tmp_path: Path) -> None:
    subuid = tmp_path / "subuid"
    subuid.write_text("alice:100000:65536\nbob:1900000000:10\n")
    (problem,) = check.ids(site, (subuid,))
    assert "bob" in problem.what


def test_a_kernel_without_overlay_is_told_how_to_load_it(tmp_path: Path) -> None:
    (tmp_path / "proc/self/ns").mkdir(parents=True)
    (tmp_path / "proc/self/ns/user").touch()
    (tmp_path / "proc/filesystems").write_text("nodev\ttmpfs\n\text4\n")
    (problem,) = check.kernel(tmp_path)
    assert problem.mend == "modprobe overlay"
