"""Building layers: a base by mmdebstrap, packages by apt in an overlay on it. One builder of a layer at a time.

Everything runs in a user namespace with the nodes' ids and in mount and process namespaces of its own: no package's
script is ever root on this machine, files have the nodes' owners from the start, and nothing stays mounted when a
builder dies.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from providers.errors import Refused
from providers.local.host import Host
from providers.local.layers import BASE_FILES, MASKED, Layer
from providers.local.locks import locked
from providers.local.programs import Deadline
from providers.local.site import IDS, Site

PATIENCE = 3600.0  # seconds that one builder waits for another's layer, and that a layer may take
TAIL = 1200  # characters of a failed build that are kept as its reason

BASE_OPTIONS = (
    "--quiet",
    "--mode=root",  # root of the user namespace
    "--variant=apt",
    "--format=directory",
    "--skip=cleanup/apt/lists",  # packages are put on it next
    '--aptopt=Acquire::Languages "none"',
    '--aptopt=Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled "false"',
    "--dpkgopt=path-exclude=/usr/share/doc/*",
    "--dpkgopt=path-exclude=/usr/share/man/*",
    "--dpkgopt=path-exclude=/usr/share/locale/*",
    "--dpkgopt=path-exclude=/usr/share/info/*",
    "--dpkgopt=force-unsafe-io",  # a build that a power cut breaks is made again
)
BASE_SCRIPT = """\
base=$1; shift
rm -f "$base/etc/hostname" "$base/etc/resolv.conf" "$base/etc/machine-id"
for unit in "$@"; do ln -sf /dev/null "$base/etc/systemd/system/$unit"; done
"""
PACKAGES_SCRIPT = """\
lower=$1; layer=$2; work=$3; root=$4; shift 4
mount -t overlay overlay -o "lowerdir=$lower,upperdir=$layer,workdir=$work,userxattr,volatile" "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
cat > "$root/etc/resolv.conf"
printf '#!/bin/sh\\nexit 101\\n' > "$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
chroot "$root" env DEBIAN_FRONTEND=noninteractive apt-get -y -q --no-install-recommends install -- "$@"
chroot "$root" apt-get clean
rm -f "$root/usr/sbin/policy-rc.d" "$root/etc/resolv.conf"
"""


def build(site: Site, host: Host, layer: Layer) -> None:
    """The layer is there when this returns, whoever built it. Refused, with the reason, when it cannot be."""
    for lower in layer.lower:
        build(site, host, lower)
    if layer.ready:
        return
    site.cache.mkdir(mode=0o711, parents=True, exist_ok=True)
    lock = site.cache / f"{layer.key}.lock"
    lock.touch()
    with locked(lock, Deadline(PATIENCE)) as held:
        if not layer.ready:
            _build(site, host, layer, held)


def _build(site: Site, host: Host, layer: Layer, lock: int) -> None:
    """In a folder beside its place, then renamed. `lock` is inherited by what runs: a builder that is killed while its
    programs still write keeps the next one waiting."""
    part = layer.path.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(mode=0o755)
    for name in ("layer", "work", "root"):
        _make(part / name, site.uid_base)
    if layer.lower:
        _build_packages(site, host, layer, part, lock)
    elif layer.packages:
        _build_base(site, host, layer, part / "layer", lock)
    else:
        raise Refused(f"layer {layer.key} is gone from this machine; what stands on it cannot be started")
    (part / "layer").replace(layer.path)
    shutil.rmtree(part, ignore_errors=True)


def _build_base(site: Site, host: Host, layer: Layer, folder: Path, lock: int) -> None:
    include = f"--include={','.join(layer.packages)}"
    argv = ["mmdebstrap", *BASE_OPTIONS, include, host.codename, str(folder), "-"]
    _run(site, layer, [*argv], host.sources, lock)
    _run(site, layer, ["sh", "-ec", BASE_SCRIPT, "base", str(folder), *MASKED], "", lock)
    for name, text in BASE_FILES.items():
        path = folder / name
        path.write_text(text, encoding="utf-8")
        os.chown(path, site.uid_base, site.uid_base)


def _build_packages(site: Site, host: Host, layer: Layer, part: Path, lock: int) -> None:
    lower = ":".join(str(below.path) for below in reversed(layer.lower))
    folders = [lower, *(str(part / name) for name in ("layer", "work", "root"))]
    text = "".join(f"nameserver {address}\n" for address in host.resolvers)
    _run(site, layer, ["sh", "-ec", PACKAGES_SCRIPT, "packages", *folders, *layer.packages], text, lock)


def _run(site: Site, layer: Layer, argv: Sequence[str], text: str, lock: int) -> None:
    """Run as the nodes' root, killed with its first process."""
    ids = [word for kind in "ug" for word in ("-m", f"{kind}:0:{site.uid_base}:{IDS}")]
    apart = ["unshare", "--mount", "--pid", "--fork", "--kill-child"]
    done = subprocess.run(
        ["lxc-usernsexec", *ids, "--", *apart, *argv],
        input=text,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=PATIENCE,
        pass_fds=(lock,),
        env=os.environ | {"HOME": "/nonexistent", "LC_ALL": "C"},
        check=False,
    )
    if done.returncode:
        what = "base" if not layer.lower else f"packages {' '.join(layer.packages)}"
        raise Refused(
            f"the layer {what} cannot be built ({argv[0]} ended with {done.returncode}): {done.stdout[-TAIL:]}"
        )


def _make(folder: Path, owner: int) -> None:
    folder.mkdir(mode=0o755)
    os.chown(folder, owner, owner)
