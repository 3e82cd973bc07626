"""What this machine is: the facts that offers, layers and configurations are made from. Read, never guessed."""

from __future__ import annotations

import os
import platform
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from providers.local import cgroups, sources
from providers.protocol import OfferedImage

# the kernel's name of a processor -> Debian's
ARCHITECTURES = {
    "x86_64": "amd64",
    "aarch64": "arm64",
    "armv7l": "armhf",
    "ppc64le": "ppc64el",
    "riscv64": "riscv64",
    "s390x": "s390x",
}
RESOLVERS = ("run/systemd/resolve/resolv.conf", "etc/resolv.conf")  # the first has those behind a local stub


@dataclass(frozen=True, slots=True)
class Host:
    """`sources`: apt's lines for the distribution's own release. `resolvers`: name servers a node can reach.
    `apparmor`: nodes need a profile. `memory` in bytes."""

    distribution: str
    version: str
    codename: str
    title: str
    architecture: str
    sources: str
    resolvers: tuple[str, ...]
    layout: cgroups.Layout
    apparmor: bool
    cores: int
    memory: int

    @property
    def image(self) -> OfferedImage:
        """The one image there is without a snapshot: this machine's own distribution and release."""
        release = f"{self.distribution}-{self.version}" if self.version else f"{self.distribution}-{self.codename}"
        aliases = ("linux", self.distribution, self.codename, f"{self.distribution}-{self.codename}")
        return OfferedImage(
            id=release,
            name=self.title,
            distribution=self.distribution,
            version=self.version or None,
            architecture=self.architecture,
            aliases=tuple(alias for alias in dict.fromkeys(aliases) if alias not in {"", release}),
        )


def read(root: Path = Path("/"), architecture: str = "") -> Host:
    """The facts of the machine whose file system is at `root`."""
    release = parse_release(_text(root / "etc/os-release") or _text(root / "usr/lib/os-release"))
    codename = release.get("VERSION_CODENAME", "")
    return Host(
        distribution=release.get("ID", "linux"),
        version=release.get("VERSION_ID", ""),
        codename=codename,
        title=release.get("PRETTY_NAME", release.get("ID", "linux")),
        architecture=architecture or platform.machine(),
        sources=sources.select(_apt_files(root), codename),
        resolvers=resolvers(root),
        layout=cgroups.layout(root / "sys/fs/cgroup"),
        apparmor=_text(root / "sys/module/apparmor/parameters/enabled").startswith("Y"),
        cores=os.cpu_count() or 1,
        memory=_memory(_text(root / "proc/meminfo")),
    )


def parse_release(text: str) -> Mapping[str, str]:
    """os-release(5): shell assignments."""
    pairs = (word.split("=", 1) for word in shlex.split(text, comments=True) if "=" in word)
    return {name: value for name, value in pairs}  # noqa: C416 - dict() would hide that these are pairs


def resolvers(root: Path) -> tuple[str, ...]:
    """Name servers that nodes reach too: none on loopback, where a node would ask itself."""
    for name in RESOLVERS:
        lines = (line.split() for line in _text(root / name).splitlines())
        found = [words[1] for words in lines if len(words) > 1 and words[0] == "nameserver" and _reachable(words[1])]
        if found:
            return tuple(found)
    return ()


def _reachable(address: str) -> bool:
    try:
        found = ip_address(address)
    except ValueError:
        return False
    return found.version == 4 and not found.is_loopback


def _apt_files(root: Path) -> dict[str, str]:
    folder = root / "etc/apt"
    paths = [folder / "sources.list", *folder.glob("sources.list.d/*.list"), *folder.glob("sources.list.d/*.sources")]
    return {path.name: _text(path) for path in paths if path.is_file()}


def _memory(meminfo: str) -> int:
    for line in meminfo.splitlines():
        if line.startswith("MemTotal:"):
            return int(line.split()[1]) * 1024
    return 0


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
