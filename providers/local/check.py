"""What keeps nodes from working on this machine, each with the command or the change that mends it."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from providers.errors import ProviderError
from providers.local import cgroups
from providers.local.host import ARCHITECTURES, Host
from providers.local.programs import Deadline, run
from providers.local.site import Site
from providers.protocol import Problem

# program -> the package that has it
PROGRAMS = {
    "lxc-start": "lxc",
    "lxc-usernsexec": "lxc",
    "mmdebstrap": "mmdebstrap",
    "nft": "nftables",
    "ip": "iproute2",
    "unshare": "util-linux",
    "setsid": "util-linux",
}
PROBE = """\
add table inet accords_probe
add chain inet accords_probe c { type nat hook postrouting priority 100; }
add table bridge accords_probe
"""


def problems(site: Site, host: Host, deadline: Deadline) -> Sequence[Problem]:
    """Not root: that alone, the others cannot be seen. Empty when everything is there."""
    if os.geteuid() != 0:
        return [Problem("local nodes need root", "run the worker as root, for example with sudo")]
    found = [*programs(), *groups(host.layout), *distribution(host), *kernel(), *folders(site), *ids(site)]
    return found or list(network(deadline))


def programs(which: Callable[[str], str | None] = shutil.which) -> Iterator[Problem]:
    missing = [program for program in PROGRAMS if which(program) is None]
    if missing:
        packages = " ".join(dict.fromkeys(PROGRAMS[program] for program in missing))
        yield Problem(f"missing: {', '.join(missing)}", f"apt-get install --no-install-recommends {packages}")


def groups(layout: cgroups.Layout) -> Iterator[Problem]:
    if layout is cgroups.Layout.NONE:
        yield Problem(
            "no memory control group is mounted on /sys/fs/cgroup, so nodes could have no limits",
            "mount -t cgroup2 none /sys/fs/cgroup, or start this machine with an init that mounts it",
        )


def distribution(host: Host) -> Iterator[Problem]:
    if host.architecture not in ARCHITECTURES:
        yield Problem(f"processor {host.architecture} is unknown", f"use one of {', '.join(ARCHITECTURES)}")
    if not host.sources:
        yield Problem(
            f"apt has no sources for {host.codename or host.title} on this machine, so a base cannot be built",
            "add the distribution's own archive or its mirror to /etc/apt/sources.list.d (Debian and Ubuntu only)",
        )


def kernel(root: Path = Path("/")) -> Iterator[Problem]:
    filesystems = (root / "proc/filesystems").read_text(encoding="ascii").split()
    if "overlay" not in filesystems:
        yield Problem("the kernel has no overlay file system", "modprobe overlay")
    if not (root / "proc/self/ns/user").exists():
        yield Problem("the kernel has no user namespaces", "use a kernel built with CONFIG_USER_NS")


def folders(site: Site) -> Iterator[Problem]:
    """The nodes' root is a stranger on this machine: it must be able to pass through the folders above its files."""
    for place in dict.fromkeys((site.home, site.cache)):
        for folder in (place, *place.parents):
            if folder.is_dir() and not folder.stat().st_mode & stat.S_IXOTH:
                yield Problem(f"nodes cannot pass through {folder}", f"chmod o+x {folder}")


def ids(site: Site, files: Sequence[Path] = (Path("/etc/subuid"), Path("/etc/subgid"))) -> Iterator[Problem]:
    """The nodes' user ids belong to nobody else."""
    for path in files:
        for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
            owner, first, count = [*line.split(":"), "", ""][:3]
            if first.isdigit() and count.isdigit() and _overlap(site.uid_base, int(first), int(count)):
                yield Problem(
                    f"{path}: ids {first}+{count} of {owner} overlap the nodes' ({site.uid_base}+65536)",
                    "set the provider's uid_base to another range",
                )


def _overlap(base: int, first: int, count: int) -> bool:
    return base < first + count and first < base + 65536


def network(deadline: Deadline) -> Iterator[Problem]:
    """Tried: a bridge, in a network namespace that ends with the trial, however that ends; and tables with what the
    rules need, which nft only checks."""
    try:
        run(["unshare", "--net", "ip", "link", "add", "probe", "type", "bridge"], deadline)
    except ProviderError as error:
        yield Problem(f"no bridge can be made: {error.message}", "modprobe bridge veth")
    try:
        run(["nft", "-c", "-f", "-"], deadline, text=PROBE)
    except ProviderError as error:
        yield Problem(f"nftables cannot filter: {error.message}", "modprobe nf_tables nft_chain_nat nf_tables_bridge")
