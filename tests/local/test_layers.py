from __future__ import annotations

from dataclasses import replace

import pytest

from providers.errors import NotFound, Refused
from providers.local import layers
from providers.local.host import Host
from providers.local.site import Site
from providers.local.things import Snapshot
from providers.protocol import MachineSpec, SnapshotSpec


def keys(site: Site, host: Host, image: str = "linux", *packages: str) -> list[str]:
    spec = MachineSpec("n", "n", image, packages=packages)
    return [layer.key for layer in layers.stack(site, host, {}, spec)]


@pytest.mark.parametrize(
    "alias", ["debian", "bookworm", "debian-12", "debian-bookworm", "Debian GNU/Linux 12 (bookworm)"]
)
def test_every_name_of_this_machines_distribution_means_one_base(site: Site, debian: Host, alias: str) -> None:
    assert keys(site, debian, alias) == keys(site, debian)


def test_packages_in_any_order_are_one_layer_on_the_base(site: Site, debian: Host) -> None:
    assert keys(site, debian, "linux", "a1", "b1", "a1") == keys(site, debian, "linux", "b1", "a1")
    assert keys(site, debian, "linux", "a1")[0] == keys(site, debian)[0]


@pytest.mark.parametrize(
    "change", [{"codename": "trixie"}, {"architecture": "aarch64"}, {"sources": "deb http://x y z\n"}]
)
def test_another_release_processor_or_mirror_is_another_base(site: Site, debian: Host, change: dict[str, str]) -> None:
    assert keys(site, replace(debian, **change), debian.title) != keys(site, debian)  # type: ignore[arg-type]  # strings


def test_a_package_name_that_apt_would_take_as_an_option_is_refused(site: Site, debian: Host) -> None:
    for name in ("-o", "a b", "x;y", ""):
        with pytest.raises(Refused):
            keys(site, debian, "linux", name)


def test_an_image_that_is_not_here_is_named_with_those_that_are(site: Site, debian: Host) -> None:
    with pytest.raises(NotFound, match="debian-12"):
        keys(site, debian, "windows")


def test_a_snapshot_stands_on_the_layers_of_the_machine_it_was_taken_of(site: Site, debian: Host) -> None:
    saved = Snapshot("accsone", "t", {}, SnapshotSpec("good", "accm"), ("base-1", "packages-2"), done=True)
    spec = MachineSpec("n", "n", "good", packages=("postgresql",))
    found = layers.stack(site, debian, {saved.id: saved}, spec)
    assert [layer.key for layer in found[:3]] == ["base-1", "packages-2", "accsone"]
    assert found[2].path == site.snapshot("accsone") / "layer"
    assert found[3].packages == ("postgresql",)
