"""Limits of a node, in whichever layout of control groups this machine has; and what LXC leaves of them behind."""

from __future__ import annotations

import contextlib
import os
from enum import StrEnum
from pathlib import Path

PERIOD = 100_000  # microseconds over which CPU time is counted
PROCESSES = 4096  # a node that forks without end stops itself, not this machine
ROOT = Path("/sys/fs/cgroup")
PLACES = ("", "*/", "*/*/")  # where LXC may put groups, from the root of all hierarchies


class Layout(StrEnum):
    """`hybrid`: version 1 holds the controllers, version 2 is mounted beside it (systemd's, and this LXC's)."""

    NONE = "none"
    V1 = "v1"
    HYBRID = "hybrid"
    V2 = "v2"


# controller files in version 1 and 2: memory (bytes), CPU quota, processes
KEYS_V1 = ("memory.limit_in_bytes", "cpu.cfs_period_us", "cpu.cfs_quota_us", "pids.max")


def layout(root: Path = ROOT) -> Layout:
    """Seen from what is mounted: `cgroup.controllers` at the root means version 2 alone."""
    if (root / "cgroup.controllers").is_file():
        return Layout.V2
    if not (root / "memory").is_dir():
        return Layout.NONE
    return Layout.HYBRID if (root / "unified").is_dir() else Layout.V1


def limits(found: Layout, cores: int, memory: int) -> list[tuple[str, str]]:
    """Lines of an LXC configuration. `memory` in bytes."""
    if found is Layout.V2:
        return [
            ("lxc.cgroup2.memory.max", str(memory)),
            ("lxc.cgroup2.cpu.max", f"{cores * PERIOD} {PERIOD}"),
            ("lxc.cgroup2.pids.max", str(PROCESSES)),
        ]
    values = (memory, PERIOD, cores * PERIOD, PROCESSES)
    return [(f"lxc.cgroup.{key}", str(value)) for key, value in zip(KEYS_V1, values, strict=True)]


def remove(name: str, root: Path = ROOT) -> bool:
    """The groups of a container that has ended: LXC leaves `lxc.monitor.NAME` in every hierarchy, and one `lxc.pivot`,
    which stays while it is another's. False while a process is still leaving them: then call again."""
    for group in _groups(name, root):
        for folder, _, _ in os.walk(group, topdown=False):
            with contextlib.suppress(OSError):
                Path(folder).rmdir()
    for place in PLACES:
        for group in root.glob(f"{place}lxc.pivot"):
            with contextlib.suppress(OSError):
                group.rmdir()
    return not _groups(name, root)


def _groups(name: str, root: Path) -> list[Path]:
    """LXC adds a number to the name when a group of that name was there already."""
    return [group for place in PLACES for end in ("", "-[0-9]*") for group in root.glob(f"{place}lxc.*.{name}{end}")]
