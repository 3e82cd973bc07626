"""What a local provider leaves on this machine: nothing is what must be left when all was given back. Not a test."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from providers.local import claims
from providers.local.site import Site

GROUPS = Path("/sys/fs/cgroup")
LOCKS = Path("/run/lxc/lock")


def traces(site: Site) -> dict[str, list[str]]:
    """Only what carries the site's names: others may be at work on this machine. Kinds without any are left
    out, so that `{}` is nothing."""
    found = {
        "processes": processes(site),
        "mounts": [line for line in Path("/proc/mounts").read_text().splitlines() if str(site.home) in line],
        "devices": [path.name for path in Path("/sys/class/net").iterdir() if path.name.startswith(site.prefix)],
        "tables": [each for each in _tables() if site.table in each],
        "addresses": [each for each in _addresses() if each == str(site.door_address)],
        "groups": _below(GROUPS, f".{site.prefix}m"),
        "files": sorted(str(path.relative_to(site.home)) for path in site.home.rglob("*")),
        "locks": _below(LOCKS, f"{site.prefix}m"),
        "claims": _below(claims.RUN, claims._holder(site)),
    }
    return {kind: each for kind, each in found.items() if each}


def processes(site: Site) -> list[str]:
    """Command lines of nodes' processes, and of those that look after nodes."""
    return [words for words, group in _processes() if str(site.home) in words or f".{site.prefix}m" in group]


def forwarding() -> str:
    """Whether this machine forwards packets, as it was before anybody's nodes wanted it."""
    before = claims.RUN / "forwarding" / claims.BEFORE
    return (before if before.exists() else claims.FORWARDING).read_text().strip()


def _below(folder: Path, word: str) -> list[str]:
    """What has the word in its name. What others remove meanwhile is passed over."""
    return [f"{at}/{name}" for at, folders, files in os.walk(folder) for name in (*folders, *files) if word in name]


def _processes() -> Iterator[tuple[str, str]]:
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            yield words, (folder / "cgroup").read_text()
        except OSError:  # it has ended
            continue


def _tables() -> list[str]:
    return subprocess.run(["nft", "list", "tables"], text=True, capture_output=True, check=True).stdout.splitlines()


def _addresses() -> list[str]:
    said = subprocess.run(["ip", "-j", "address", "show", "dev", "lo"], text=True, capture_output=True, check=True)
    return [entry["local"] for device in json.loads(said.stdout) for entry in device["addr_info"]]
