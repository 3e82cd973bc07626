"""Building layers: a base by mmdebstrap, packages by apt in an overlay on it. One builder of a layer at a time.

Everything runs in a user namespace with the nodes' ids and in mount and process namespaces of its own: no package's
script is ever root on this machine, files have the nodes' owners from the start, and nothing stays mounted when a
builder dies.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from providers.errors import Refused
from providers.local import whole
from providers.local.host import Host
from providers.local.layers import BASE_FILES, MASKED, Layer
from providers.local.locks import locked, try_lock
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
    _sweep(site)
    lock = _lock(layer.path)
    lock.touch()
    with locked(lock, Deadline(PATIENCE)) as held:
        if not layer.ready:
            with _workshop(site, layer) as shop:
                _build(site, host, layer, shop, held)


def _lock(path: Path) -> Path:
    return path.with_name(f"{path.name}.lock")


def _sweep(site: Site) -> None:
    """What builders left that were killed, whichever layer they were at: nobody may ever want that one again."""
    for shop in site.cache.glob("*.part"):
        with contextlib.suppress(FileNotFoundError):
            if (held := try_lock(_lock(shop.with_suffix("")))) is not None:
                shutil.rmtree(shop, ignore_errors=True)
                os.close(held)


@contextlib.contextmanager
def _workshop(site: Site, layer: Layer) -> Iterator[Path]:
    """The folder beside its place that a layer is built in. The caller holds the layer's lock."""
    shop = whole.part(layer.path)
    shutil.rmtree(shop, ignore_errors=True)
    shop.mkdir(mode=0o755)
    try:
        for name in ("layer", "work", "root", "empty"):
            _make(shop / name, site.uid_base)
        yield shop
    finally:
        shutil.rmtree(shop, ignore_errors=True)


def _build(site: Site, host: Host, layer: Layer, shop: Path, lock: int) -> None:
    """In the workshop, then renamed. `lock` is inherited by what runs: a builder that is killed while its programs
    still write keeps the next one waiting."""
    if layer.lower:
        _build_packages(site, host, layer, shop, lock)
    elif layer.packages:
        _build_base(site, host, layer, shop, lock)
    else:
        raise Refused(f"layer {layer.key} is gone from this machine; what stands on it cannot be started")
    run(["sync", "-f", shop], Deadline(PATIENCE))  # once, in place of each package's own
    (shop / "layer").replace(layer.path)


def _build_base(site: Site, host: Host, layer: Layer, shop: Path, lock: int) -> None:
    include = f"--include={','.join(layer.packages)}"
    words = ["base", *_folders(shop, str(shop / "empty")), host.codename, *BASE_OPTIONS, include]
    _run(site, layer, [BASE_SCRIPT, *words], host.sources, lock)
    for name, text in BASE_FILES.items():
        path = shop / "layer" / name
        path.write_text(text, encoding="utf-8")
        os.chown(path, site.uid_base, site.uid_base)


def _build_packages(site: Site, host: Host, layer: Layer, shop: Path, lock: int) -> None:
    lower = ":".join(str(below.path) for below in reversed(layer.lower))
    text = "".join(f"nameserver {address}\n" for address in host.resolvers)
    words = ["packages", *_folders(shop, lower), *layer.packages]
    _run(site, layer, [PACKAGES_SCRIPT, *words], text, lock)


def _folders(shop: Path, lower: str) -> list[str]:
    return [lower, *(str(shop / name) for name in ("layer", "work", "root"))]


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
