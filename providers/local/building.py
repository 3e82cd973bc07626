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
from providers.local.programs import Deadline, run
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
# Both begin so: the layer is the upper folder of an overlay, which can be told to wait for no disk.
OVERLAY = """\
lower=$1; layer=$2; work=$3; root=$4; shift 4
mount -t overlay overlay -o "lowerdir=$lower,upperdir=$layer,workdir=$work,userxattr,volatile" "$root"
"""
BASE_SCRIPT = (
    OVERLAY
    + """\
codename=$1; shift
mmdebstrap "$@" "$codename" "$root" -
rm -f "$root/etc/hostname" "$root/etc/resolv.conf" "$root/etc/machine-id"
"""
    + "".join(f'ln -sf /dev/null "$root/etc/systemd/system/{unit}"\n' for unit in MASKED)
)
PACKAGES_SCRIPT = (
    OVERLAY
    + """\
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
cat > "$root/etc/resolv.conf"
printf '#!/bin/sh\\nexit 101\\n' > "$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
chroot "$root" env DEBIAN_FRONTEND=noninteractive apt-get -y -q --no-install-recommends install -- "$@"
chroot "$root" apt-get clean
rm -f "$root/usr/sbin/policy-rc.d" "$root/etc/resolv.conf"
"""
)


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
    for name in ("layer", "work", "root", "empty"):
        _make(part / name, site.uid_base)
    if layer.lower:
        _build_packages(site, host, layer, part, lock)
    elif layer.packages:
        _build_base(site, host, layer, part, lock)
    else:
        raise Refused(f"layer {layer.key} is gone from this machine; what stands on it cannot be started")
    run(["sync", "-f", part], Deadline(PATIENCE))  # once, in place of each package's own
    (part / "layer").replace(layer.path)
    shutil.rmtree(part, ignore_errors=True)


def _build_base(site: Site, host: Host, layer: Layer, part: Path, lock: int) -> None:
    include = f"--include={','.join(layer.packages)}"
    words = ["base", *_folders(part, str(part / "empty")), host.codename, *BASE_OPTIONS, include]
    _run(site, layer, [BASE_SCRIPT, *words], host.sources, lock)
    for name, text in BASE_FILES.items():
        path = part / "layer" / name
        path.write_text(text, encoding="utf-8")
        os.chown(path, site.uid_base, site.uid_base)


def _build_packages(site: Site, host: Host, layer: Layer, part: Path, lock: int) -> None:
    lower = ":".join(str(below.path) for below in reversed(layer.lower))
    text = "".join(f"nameserver {address}\n" for address in host.resolvers)
    words = ["packages", *_folders(part, lower), *layer.packages]
    _run(site, layer, [PACKAGES_SCRIPT, *words], text, lock)


def _folders(part: Path, lower: str) -> list[str]:
    return [lower, *(str(part / name) for name in ("layer", "work", "root"))]


def _run(site: Site, layer: Layer, script: Sequence[str], text: str, lock: int) -> None:
    """Run a script with its arguments as the nodes' root, killed with its first process. `text` is its input."""
    ids = [word for kind in "ug" for word in ("-m", f"{kind}:0:{site.uid_base}:{IDS}")]
    apart = ["unshare", "--mount", "--pid", "--fork", "--kill-child"]
    done = subprocess.run(
        ["lxc-usernsexec", *ids, "--", *apart, "sh", "-ec", *script],
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
        what = f"of packages {' '.join(layer.packages)}" if layer.lower else "of the base"
        raise Refused(f"the layer {what} cannot be built: {done.stdout[-TAIL:]}")


def _make(folder: Path, owner: int) -> None:
    folder.mkdir(mode=0o755)
    os.chown(folder, owner, owner)
