from __future__ import annotations

from pathlib import Path

import pytest

from providers.local import host
from providers.local.cgroups import Layout

MACHINES = {
    "debian 12, hybrid, intel": ("debian", "12", "bookworm", "x86_64", ("memory", "unified"), Layout.HYBRID),
    "ubuntu 24.04, version 2, intel": ("ubuntu", "24.04", "noble", "x86_64", (), Layout.V2),
    "debian 12, version 2, arm": ("debian", "12", "bookworm", "aarch64", (), Layout.V2),
    "debian 12, version 1, arm": ("debian", "12", "bookworm", "aarch64", ("memory",), Layout.V1),
}


def machine(root: Path, distribution: str, version: str, codename: str, groups: tuple[str, ...]) -> Path:
    """The files of a machine that facts are read from. Without groups: version 2 alone."""
    (root / "etc/apt").mkdir(parents=True)
    (root / "proc").mkdir()
    (root / "sys/fs/cgroup").mkdir(parents=True)
    (root / "etc/os-release").write_text(
        f'# who we are\nPRETTY_NAME="{distribution.title()} {version}"\nID={distribution}\n'
        f'VERSION_ID="{version}"\nVERSION_CODENAME={codename}\n'
    )
    (root / "etc/apt/sources.list").write_text(f"deb http://mirror.example/{distribution} {codename} main\n")
    (root / "etc/resolv.conf").write_text("nameserver 127.0.0.53\nnameserver ::1\nnameserver 192.0.2.53\n")
    (root / "proc/meminfo").write_text("MemTotal:       16384 kB\n")
    for group in groups:
        (root / "sys/fs/cgroup" / group).mkdir()
    if not groups:
        (root / "sys/fs/cgroup/cgroup.controllers").write_text("cpu memory pids\n")
    return root


@pytest.mark.parametrize("name", MACHINES)
def test_a_machine_is_read_from_its_files(tmp_path: Path, name: str) -> None:
    distribution, version, codename, architecture, groups, layout = MACHINES[name]
    found = host.read(machine(tmp_path, distribution, version, codename, groups), architecture)
    assert found.layout is layout
    assert found.architecture == architecture
    assert found.memory == 16384 * 1024
    assert found.sources == f"deb http://mirror.example/{distribution} {codename} main\n"
    assert found.image.id == f"{distribution}-{version}"
    assert found.image.aliases == ("linux", distribution, codename, f"{distribution}-{codename}")


def test_a_name_server_on_loopback_is_no_use_to_a_node(tmp_path: Path) -> None:
    assert host.read(machine(tmp_path, "debian", "12", "bookworm", ())).resolvers == ("192.0.2.53",)


def test_behind_a_local_stub_the_real_name_servers_are_found(tmp_path: Path) -> None:
    root = machine(tmp_path, "ubuntu", "24.04", "noble", ())
    (root / "run/systemd/resolve").mkdir(parents=True)
    (root / "run/systemd/resolve/resolv.conf").write_text("nameserver 192.0.2.1\nnameserver 192.0.2.2\n")
    assert host.read(root).resolvers == ("192.0.2.1", "192.0.2.2")


def test_apparmor_is_seen_where_it_is_on(tmp_path: Path) -> None:
    root = machine(tmp_path, "ubuntu", "24.04", "noble", ())
    (root / "sys/module/apparmor/parameters").mkdir(parents=True)
    (root / "sys/module/apparmor/parameters/enabled").write_text("Y\n")
    assert host.read(root).apparmor
