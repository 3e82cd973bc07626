"""What the region has: sizes, platform images, zones, and the limits of the subscription."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Size:
    """`hardware` names the clusters that run it: a machine that is not deallocated takes sizes of its own only."""

    name: str
    family: str
    cores: int
    memory: float
    temporary: int
    data_disks: int
    price: str
    hardware: str = "intel"
    architecture: str = "x64"


SIZES: tuple[Size, ...] = (
    Size("Standard_B1s", "standardBSFamily", 1, 1, 4, 2, "0.0120"),
    Size("Standard_B2s", "standardBSFamily", 2, 4, 8, 4, "0.0480"),
    Size("Standard_D2s_v3", "standardDSv3Family", 2, 8, 16, 4, "0.1200"),
    Size("Standard_D4s_v3", "standardDSv3Family", 4, 16, 32, 8, "0.2400"),
    Size("Standard_D8s_v3", "standardDSv3Family", 8, 32, 64, 16, "0.4800"),
    Size("Standard_D2as_v5", "standardDASv5Family", 2, 8, 0, 4, "0.1040", hardware="amd"),
    Size("Standard_D4as_v5", "standardDASv5Family", 4, 16, 0, 8, "0.2080", hardware="amd"),
    Size("Standard_D2ps_v5", "standardDPSv5Family", 2, 8, 0, 4, "0.0880", hardware="arm", architecture="Arm64"),
)
"""Cores; memory in GiB; temporary disk in GiB; data disks; dollars an hour."""


@dataclass(frozen=True, slots=True)
class Platform:
    """A platform image: its urn is publisher:offer:sku:version."""

    publisher: str
    offer: str
    sku: str
    version: str
    architecture: str = "x64"
    disk: int = 30


IMAGES: tuple[Platform, ...] = (
    Platform("Canonical", "0001-com-ubuntu-server-jammy", "22_04-lts-gen2", "22.04.202411010"),
    Platform("Canonical", "0001-com-ubuntu-server-jammy", "22_04-lts-gen2", "22.04.202512010"),
    Platform("Canonical", "ubuntu-24_04-lts", "server", "24.04.202601010"),
    Platform("Canonical", "ubuntu-24_04-lts", "server-arm64", "24.04.202601010", architecture="Arm64"),
    Platform("Debian", "debian-12", "12-gen2", "0.20260101.2001"),
)

COMPUTE_LIMITS: Mapping[str, tuple[str, int]] = {
    "cores": ("Total Regional vCPUs", 40),
    "virtualMachines": ("Virtual Machines", 25000),
    "standardBSFamily": ("Standard BS Family vCPUs", 20),
    "standardDSv3Family": ("Standard DSv3 Family vCPUs", 20),
    "standardDASv5Family": ("Standard DASv5 Family vCPUs", 20),
    "standardDPSv5Family": ("Standard DPSv5 Family vCPUs", 10),
    "PremiumDiskCount": ("Premium Storage Managed Disks", 50000),
    "StandardSSDDiskCount": ("StandardSSD Managed Disks", 50000),
}
NETWORK_LIMITS: Mapping[str, tuple[str, int]] = {
    "VirtualNetworks": ("Virtual Networks", 1000),
    "NetworkInterfaces": ("Network Interfaces", 65536),
    "NetworkSecurityGroups": ("Network Security Groups", 5000),
    "StandardSkuPublicIpAddresses": ("Public IP Addresses - Standard", 20),
    "IPv4BasicSkuPublicIpCount": ("Public IPv4 Addresses - Basic", 0),
}
"""Name -> what the portal calls it, and the limit."""


@dataclass(slots=True)
class Catalog:
    """A test may change all of it. `restricted`: sizes this subscription may not use here; `limits` by name."""

    locations: tuple[str, ...] = ("westeurope", "northeurope")
    zones: tuple[str, ...] = ("1", "2", "3")
    sizes: tuple[Size, ...] = SIZES
    images: tuple[Platform, ...] = IMAGES
    restricted: frozenset[str] = frozenset()
    limits: dict[str, int] = field(
        default_factory=lambda: {name: limit for name, (_, limit) in {**COMPUTE_LIMITS, **NETWORK_LIMITS}.items()}
    )

    def size(self, name: str) -> Size | None:
        return next((each for each in self.sizes if each.name.lower() == name.lower()), None)

    def image(self, publisher: str, offer: str, sku: str, version: str) -> Platform | None:
        """`latest` is the last of them."""
        wanted = (publisher.lower(), offer.lower(), sku.lower())
        found = [
            each for each in self.images if (each.publisher.lower(), each.offer.lower(), each.sku.lower()) == wanted
        ]
        if version.lower() == "latest":
            return max(found, key=lambda each: each.version, default=None)
        return next((each for each in found if each.version == version), None)
