"""A machine for an agent on this one: mounts, /dev and /etc of its own, and disks that are loop devices. Not a test."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

SIZE = 64 * 1024**2
# $1 is the machine's folder.
_BOOT = """set -e
mount -t overlay -o "lowerdir=/etc,upperdir=$1/etc,workdir=$1/work" overlay /etc
mount -t tmpfs run /run
mount -t tmpfs dev "$1/dev"
for node in null zero urandom tty; do cp -a "/dev/$node" "$1/dev/"; done
mount --bind "$1/sbin" /usr/local/sbin
mount --move "$1/dev" /dev
echo up
exec sleep infinity
"""


@dataclass(frozen=True)
class Disk:
    """The block device behind it, and udev's links to it, below /dev."""

    device: str
    links: tuple[str, ...] = ()


@dataclass
class Guest:
    """`disks`: what the machine has, by the name of its kernel."""

    folder: Path
    disks: dict[str, Disk] = field(default_factory=dict)
    first: subprocess.Popen[bytes] | None = None

    def boot(self) -> None:
        """Up, with what its /etc/fstab says."""
        for name in ("etc", "work", "dev", "sbin"):
            self.folder.joinpath(name).mkdir(parents=True, exist_ok=True)
        told = ["unshare", "--mount", "--propagation", "private", "sh", "-c", _BOOT, "guest", str(self.folder)]
        self.first = subprocess.Popen(told, stdout=subprocess.PIPE)
        assert self.first.stdout
        assert self.first.stdout.readline() == b"up\n"
        for name, disk in self.disks.items():
            self._show(name, disk)
        self.run("mount", "-a")

    def power_off(self) -> None:
        """Everything in it ends at once; its disks and its /etc stay."""
        if self.first is None:
            return
        own = Path(f"/proc/{self.first.pid}/ns/mnt").readlink()
        for entry in Path("/proc").iterdir():
            with suppress(OSError):
                if entry.name.isdigit() and (entry / "ns/mnt").readlink() == own:
                    os.kill(int(entry.name), signal.SIGKILL)
        self.first.wait()
        self.first = None

    def plug(self, name: str, device: str, *links: str) -> None:
        """A disk that is there from now on."""
        self.disks[name] = Disk(device, links)
        self._show(name, self.disks[name])

    def _show(self, name: str, disk: Disk) -> None:
        number = Path(disk.device).stat().st_rdev
        self.run("mknod", f"/dev/{name}", "b", str(os.major(number)), str(os.minor(number)))
        for link in disk.links:
            self.run("mkdir", "-p", str(Path("/dev", link).parent))
            self.run("ln", "-s", f"/dev/{name}", f"/dev/{link}")

    @property
    def inside(self) -> tuple[str, ...]:
        """What a command is begun with to be in it."""
        assert self.first
        return ("nsenter", f"--mount=/proc/{self.first.pid}/ns/mnt", "--")

    def run(self, *command: str) -> str:
        done = subprocess.run([*self.inside, *command], text=True, capture_output=True, check=False)
        assert done.returncode == 0, (command, done.stderr)
        return done.stdout.strip()


@contextmanager
def loop(image: Path) -> Iterator[str]:
    """A block device of `SIZE` zeros."""
    with image.open("wb") as file:
        file.truncate(SIZE)
    shown = subprocess.run(["losetup", "--find", "--show", str(image)], text=True, capture_output=True, check=True)
    try:
        yield shown.stdout.strip()
    finally:
        subprocess.run(["losetup", "--detach", shown.stdout.strip()], check=True)


def required() -> None:
    """Skips the test where no such machine can be; in CI that is a failure."""
    there = {
        "root": os.geteuid() == 0,
        "loop devices": Path("/dev/loop-control").exists(),
        "e2fsprogs": shutil.which("mkfs.ext4") is not None,
    }
    if missing := ", ".join(what for what, is_there in there.items() if not is_there):
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"a machine with disks of its own needs {missing}")
