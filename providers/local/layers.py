"""What a node's file system is stacked from: a base, packages on it, perhaps a snapshot; then the node's own layer.

A layer is named by a hash of all that makes it, so that what is built once serves every node that asks for the same.
This module only says what is to be built; `building` builds it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from providers.errors import NotFound, Refused
from providers.local import names
from providers.local.host import Host
from providers.local.site import Site
from providers.local.things import Snapshot
from providers.protocol import MachineSpec

PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]+(:[a-z0-9]+)?\Z")  # Debian policy 5.6.7, with an architecture
RECIPE = 1  # raised when the commands in `building` change what they make
BASE_PACKAGES = ("systemd-sysv", "dbus", "iproute2", "netbase", "ca-certificates", "cloud-init")

# Files of the base. cloud-init looks nowhere but in the seed, and does only what user-data may ask for: every other of
# its modules would cost each node's start.
CLOUD_INIT = """\
datasource_list: [NoCloud]
network: {config: disabled}
apt_preserve_sources_list: true
manage_etc_hosts: false
preserve_hostname: true
disable_root: false
users: []
cloud_init_modules: [bootcmd, write-files, users-groups]
cloud_config_modules: [runcmd]
cloud_final_modules: [package-update-upgrade-install, write-files-deferred, scripts-user, final-message]
"""
BASE_FILES: Mapping[str, str] = {
    "etc/cloud/cloud.cfg.d/95_node.cfg": CLOUD_INIT,
    "etc/cloud/ds-identify.cfg": "policy: enabled\n",
    "etc/dpkg/dpkg.cfg.d/unsafe-io": "force-unsafe-io\n",
    "etc/machine-id": "",
}
# Units that a node has no use for: clocks, disks and consoles are this machine's.
MASKED = (
    "systemd-timesyncd.service",
    "systemd-udevd.service",
    "systemd-udev-trigger.service",
    "apt-daily.timer",
    "apt-daily-upgrade.timer",
    "dpkg-db-backup.timer",
    "e2scrub_reap.service",
    "e2scrub_all.timer",
    "fstrim.timer",
    "cloud-init-hotplugd.socket",
    "sys-kernel-debug.mount",
    "sys-kernel-tracing.mount",
    "modprobe@.service",
    "systemd-networkd-wait-online.service",
)


@dataclass(frozen=True, slots=True)
class Layer:
    """`path` is its folder; `lower` those beneath it, lowest first. `packages` of the base are its own list."""

    key: str
    path: Path
    lower: tuple[Layer, ...] = ()
    packages: tuple[str, ...] = ()

    @property
    def ready(self) -> bool:
        """It is put at its place whole, by a rename."""
        return self.path.is_dir()


def base(site: Site, host: Host) -> Layer:
    """This machine's own distribution and release, small."""
    made_of = [RECIPE, site.uid_base, host.codename, host.architecture, host.sources, BASE_PACKAGES, BASE_FILES, MASKED]
    key = f"base-{_hash(made_of)}"
    return Layer(key, site.cache / key, (), BASE_PACKAGES)


def with_packages(site: Site, lower: tuple[Layer, ...], packages: Iterable[str]) -> Layer:
    """The layer that has the packages. Refused when a name is none: it would be an argument of apt's."""
    wanted = tuple(sorted(set(packages)))
    for name in wanted:
        if not PACKAGE.match(name):
            raise Refused(f"{name!r} is not a package's name")
    key = f"packages-{_hash([RECIPE, [layer.key for layer in lower], wanted])}"
    return Layer(key, site.cache / key, lower, wanted)


def stack(site: Site, host: Host, snapshots: Mapping[str, Snapshot], spec: MachineSpec) -> tuple[Layer, ...]:
    """The layers under a new machine's own, lowest first. NotFound when there is no such image."""
    below = _image(site, host, snapshots, spec.image)
    return (*below, with_packages(site, below, spec.packages)) if spec.packages else below


def made(site: Site, keys: Iterable[str]) -> tuple[Layer, ...]:
    """Layers that were built before, by their keys: a machine's disk fits on no others."""
    return tuple(Layer(key, _place(site, key)) for key in keys)


def _image(site: Site, host: Host, snapshots: Mapping[str, Snapshot], image: str) -> tuple[Layer, ...]:
    own = host.image
    if image in {own.id, own.name, *own.aliases}:
        return (base(site, host),)
    for snapshot in snapshots.values():
        if image in {snapshot.id, snapshot.spec.name} and snapshot.done:
            return made(site, (*snapshot.layers, snapshot.id))
    known = ", ".join((own.id, *own.aliases, *(snapshot.id for snapshot in snapshots.values())))
    raise NotFound(f"there is no image {image!r} on this machine; there are {known}")


def _place(site: Site, key: str) -> Path:
    """A snapshot's layer is in its own folder, every other in the cache."""
    return site.snapshot(key) / "layer" if key.startswith(names.snapshots(site.prefix)) else site.cache / key


def _hash(made_of: object) -> str:
    return hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()[:16]
