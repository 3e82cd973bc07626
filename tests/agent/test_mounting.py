"""Volumes that are block devices: the real agent, told what the broker tells, where disks are loop devices."""

from __future__ import annotations

import hashlib
import shutil
import struct
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from broker.agent import mounting
from broker.store import logs
from broker.store.instructions import Instruction
from providers import devices
from tests.agent.conftest import DoorProcess, Node, until
from tests.agent.guest import Disk, Guest, loop, required

VOLUME = "8cce64fe-d0cb-5be0-9d46-670961d81cb3"
LINK = devices.by_serial(VOLUME)[0]
AT = "/srv/studies"


@pytest.fixture
def guest(tmp_path: Path) -> Iterator[Guest]:
    required()
    found = Guest(tmp_path / "guest")
    found.boot()
    yield found
    found.power_off()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Callable[[], str]]:
    """Makes empty disks."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(loop(tmp_path / f"{len(list(tmp_path.iterdir()))}.img"))


@pytest.fixture
def node(guest: Guest, make_node: Callable[..., Node], door: DoorProcess) -> Node:
    return make_node(inside=guest.inside).start()


def told(node: Node, link: str = LINK, at: str = AT) -> str:
    return node.tell("install", script=mounting.script([f"no-{link}", link], at))


def mounted(node: Node, link: str = LINK, at: str = AT) -> Instruction:
    return node.ended(told(node, link, at))


def content(device: str) -> str:
    with Path(device).open("rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def label(device: str) -> str:
    return subprocess.run(["e2label", device], text=True, capture_output=True, check=True).stdout.strip()


def fstab(guest: Guest) -> list[str]:
    return [line for line in guest.run("cat", "/etc/fstab").splitlines() if "x-accords" in line]


def test_an_empty_volume_gets_a_file_system_and_is_an_empty_folder_at_its_place(
    guest: Guest, node: Node, disk: Callable[[], str]
) -> None:
    guest.plug("vdb", disk(), LINK)
    found = mounted(node)
    assert found.exit == 0, found.output
    assert found.output.endswith(f"/dev/vdb is mounted at {AT}\n")
    assert node.does("run", script=f"ls -A {AT}; touch {AT}/scan; findmnt -rno SOURCE,FSTYPE -M {AT}").output == (
        "/dev/vdb ext4\n"
    )
    assert label(guest.disks["vdb"].device) == ""


def test_told_again_it_changes_nothing(guest: Guest, node: Node, disk: Callable[[], str]) -> None:
    guest.plug("vdb", disk(), LINK)
    assert mounted(node).exit == 0
    guest.run("touch", f"{AT}/scan")
    before = fstab(guest)
    assert mounted(node).exit == 0
    assert guest.run("ls", AT) == "scan"
    assert fstab(guest) == before
    assert len(before) == 1


def test_it_is_there_again_when_the_machine_boots_whatever_its_disks_are_called_then(
    guest: Guest, node: Node, disk: Callable[[], str]
) -> None:
    guest.plug("vdb", disk(), LINK)
    assert mounted(node).exit == 0
    guest.run("sh", "-c", f"echo kept >{AT}/scan")
    guest.power_off()
    guest.disks = {"vdc": guest.disks["vdb"], "vdb": Disk(disk())}
    guest.boot()
    assert guest.run("cat", f"{AT}/scan") == "kept"


GENERATOR = Path("/usr/lib/systemd/system-generators/systemd-fstab-generator")


@pytest.mark.skipif(not GENERATOR.exists(), reason="needs systemd's programs, not systemd")
def test_a_boot_mounts_it_before_services_and_goes_on_without_it(
    guest: Guest, node: Node, disk: Callable[[], str], tmp_path: Path
) -> None:
    guest.plug("vdb", disk(), LINK)
    assert mounted(node).exit == 0
    (tmp_path / "fstab").write_text("\n".join(fstab(guest)) + "\n")
    (units := tmp_path / "units").mkdir()
    subprocess.run([GENERATOR, *[units] * 3], env={"SYSTEMD_FSTAB": str(tmp_path / "fstab")}, check=True)
    assert "Before=local-fs.target" in (units / "srv-studies.mount").read_text().splitlines()
    assert (units / "local-fs.target.wants/srv-studies.mount").exists()
    assert not (units / "local-fs.target.requires").exists()


def test_a_volume_that_was_kept_has_its_data_in_another_machine(
    guest: Guest, node: Node, disk: Callable[[], str], make_node: Callable[..., Node], tmp_path: Path
) -> None:
    guest.plug("vdb", disk(), LINK)
    assert mounted(node).exit == 0
    guest.run("sh", "-c", f"echo kept >{AT}/scan")
    guest.power_off()
    other = Guest(tmp_path / "other")
    other.disks = {"sda": guest.disks["vdb"]}
    other.boot()
    try:
        assert mounted(make_node(inside=other.inside).start(), at="/data").exit == 0
        assert other.run("cat", "/data/scan") == "kept"
    finally:
        other.power_off()


def test_a_volume_that_comes_late_is_waited_for_and_that_is_said(
    guest: Guest, node: Node, disk: Callable[[], str]
) -> None:
    id = told(node)

    def said() -> str:
        with node.store.read() as tx:
            return "".join(line.text for line in logs.after(tx, node.account, node.service) if line.instruction == id)

    until(lambda: f"waiting for the device of {AT}" in said(), "the wait is said")
    assert LINK in said()
    guest.plug("vdb", disk(), LINK)
    assert node.ended(id).exit == 0


def _swap(device: str) -> None:
    subprocess.run(["mkswap", device], check=True, capture_output=True)


def _partitions(device: str) -> None:
    """A DOS table with one partition of Linux."""
    entry = struct.pack("<B3sB3sII", 0, b"\0\2\0", 0x83, b"\xff" * 3, 2048, 8192)
    with Path(device).open("r+b") as file:
        file.seek(446)
        file.write(entry + bytes(48) + b"\x55\xaa")


def _encrypted(device: str) -> None:
    """The head of LUKS, version 1."""
    with Path(device).open("r+b") as file:
        file.write(b"LUKS\xba\xbe" + struct.pack(">H", 1) + b"aes".ljust(32, b"\0"))


def _damaged(device: str) -> None:
    """A file system whose superblock has a wrong checksum."""
    subprocess.run(["mkfs.ext4", "-q", device], check=True)
    with Path(device).open("r+b") as file:
        file.seek(1024 + 0x48)
        file.write(b"\x07")


HELD = "it has no file system and is not empty"


@pytest.mark.parametrize(
    ("fill", "why"), [(_swap, HELD), (_partitions, HELD), (_encrypted, HELD), (_damaged, "mount refuses")]
)
def test_a_device_that_holds_what_cannot_be_mounted_is_left_as_it_is_and_that_is_said(
    guest: Guest, node: Node, disk: Callable[[], str], fill: Callable[[str], None], why: str
) -> None:
    device = disk()
    fill(device)
    before = content(device)
    guest.plug("vdb", device, LINK)
    found = mounted(node)
    assert found.exit == 1
    assert f"/dev/vdb cannot be mounted at {AT}: {why}" in found.output
    assert content(device) == before
    assert fstab(guest) == []


def test_a_file_system_of_others_is_mounted_as_it_is(guest: Guest, node: Node, disk: Callable[[], str]) -> None:
    device = disk()
    subprocess.run(["mkfs.ext2", "-q", "-L", "theirs", device], check=True)
    guest.plug("vdb", device, LINK)
    assert mounted(node).exit == 0
    assert guest.run("findmnt", "-rno", "FSTYPE,LABEL", "-M", AT).startswith("ext2")
    assert label(device) == "theirs"


def test_what_is_mounted_there_already_is_not_hidden(guest: Guest, node: Node, disk: Callable[[], str]) -> None:
    guest.plug("vdb", disk(), LINK)
    guest.run("sh", "-c", f"mkdir -p {AT} && mount -t tmpfs theirs {AT}")
    found = mounted(node)
    assert found.exit == 1
    assert f"/dev/vdb cannot be mounted at {AT}: theirs is mounted there" in found.output


# What mkfs was doing when the machine died: before it wrote the superblock, and after all of it.
CUTS = {"half": 'dd if=/dev/zero of="$device" bs=1024 seek=1 count=1 conv=notrunc status=none', "whole": ":"}


@pytest.mark.parametrize("cut", CUTS)
def test_a_file_system_whose_making_was_cut_off_is_made_again(
    guest: Guest, node: Node, disk: Callable[[], str], cut: str
) -> None:
    real = shutil.which("mkfs.ext4")
    stub = guest.folder / "sbin/mkfs.ext4"
    stub.write_text(f'#!/bin/sh\n{real} "$@"; for device; do :; done; {CUTS[cut]}; sync; touch /run/cut; sleep 600\n')
    stub.chmod(0o755)
    guest.plug("vdb", disk(), LINK)
    id = told(node)
    until(lambda: guest.run("sh", "-c", "ls /run/cut 2>/dev/null || :"), "the file system is nearly there")
    guest.power_off()
    stub.unlink()
    guest.boot()
    node.inside = guest.inside
    node.start()
    assert node.ended(id).exit == 0, node.look(id).output
    assert guest.run("ls", AT) == ""
    assert label(guest.disks["vdb"].device) == ""


def test_a_volume_stays_when_the_agent_is_killed(guest: Guest, node: Node, disk: Callable[[], str]) -> None:
    guest.plug("vdb", disk(), LINK)
    assert mounted(node).exit == 0
    node.kill()
    assert guest.run("findmnt", "-rno", "SOURCE", "-M", AT) == "/dev/vdb"
    assert node.start().does("run", script=f"findmnt -rno SOURCE -M {AT}").output == "/dev/vdb\n"
