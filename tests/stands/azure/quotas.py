"""What is used of what the subscription may have, and who is refused for more."""

from __future__ import annotations

from collections.abc import Mapping

from tests.stands.azure.catalog import COMPUTE_LIMITS, NETWORK_LIMITS, Size
from tests.stands.azure.errors import refused
from tests.stands.azure.wire import Body
from tests.stands.azure.world import Record, World

MACHINE = "Microsoft.Compute/virtualMachines"
COUNTED: Mapping[str, str] = {
    "VirtualNetworks": "Microsoft.Network/virtualNetworks",
    "NetworkInterfaces": "Microsoft.Network/networkInterfaces",
    "NetworkSecurityGroups": "Microsoft.Network/networkSecurityGroups",
    "StandardSkuPublicIpAddresses": "Microsoft.Network/publicIPAddresses",
}
REFUSALS: Mapping[str, str] = {"StandardSkuPublicIpAddresses": "PublicIPCountLimitReached"}
"""Of Microsoft.Network; the others are refused by one sentence."""


def room(world: World, name: str, location: str) -> None:
    """Refused when one more of that network resource is one too many in the region."""
    limit = world.catalog.limits[name]
    if len(_in(world, COUNTED[name], location)) >= limit:
        raise refused(REFUSALS.get(name, "NetworkCountLimitReached"), limit=limit, name=name)


def cores(world: World, size: Size, location: str, besides: str = "") -> None:
    """Refused when a machine of that size takes more vCPUs than are left; `besides` is a machine that does not count,
    because it is the one that changes."""
    for name in (size.family, "cores"):
        used, limit = cores_used(world, location, name, besides), world.catalog.limits[name]
        if used + size.cores > limit:
            words = {"used": used, "limit": limit, "more": size.cores, "all": used + size.cores, "location": location}
            raise refused("OperationNotAllowed:quota", name=_words(name), **words)


def _words(name: str) -> str:
    return "Total Regional Cores" if name == "cores" else f"{name} Cores"


def cores_used(world: World, location: str, name: str, besides: str = "") -> int:
    """vCPUs of a family, or of all (`cores`), in a region: a machine that is deallocated counts, too."""
    sizes = (
        world.catalog.size(each.properties["hardwareProfile"]["vmSize"])
        for each in _in(world, MACHINE, location)
        if each.id.lower() != besides.lower()
    )
    return sum(each.cores for each in sizes if each and name in {"cores", each.family})


def _in(world: World, type: str, location: str) -> list[Record]:
    return [each for each in world.of(type) if each.location.lower() == location.lower()]


def compute_usages(world: World, location: str) -> list[Body]:
    """Microsoft.Compute/locations/usages."""
    used = {name: cores_used(world, location, name) for name in COMPUTE_LIMITS}
    used["virtualMachines"] = len(_in(world, MACHINE, location))
    for sku in ("Premium", "StandardSSD"):
        disks = _in(world, "Microsoft.Compute/disks", location)
        used[f"{sku}DiskCount"] = sum(each.body["sku"]["name"].startswith(sku) for each in disks)
    return [
        {"unit": "Count", "currentValue": used[name], "limit": world.catalog.limits[name], "name": _name(name, words)}
        for name, (words, _) in COMPUTE_LIMITS.items()
    ]


def network_usages(world: World, location: str) -> list[Body]:
    """Microsoft.Network/locations/usages, which have ids."""
    root = f"/subscriptions/{world.subscription}/providers/Microsoft.Network/locations/{location}/usages"
    return [
        {
            "id": f"{root}/{name}",
            "unit": "Count",
            "currentValue": len(_in(world, COUNTED[name], location)) if name in COUNTED else 0,
            "limit": world.catalog.limits[name],
            "name": _name(name, words),
        }
        for name, (words, _) in NETWORK_LIMITS.items()
    ]


def _name(name: str, words: str) -> Body:
    return {"value": name, "localizedValue": words}
