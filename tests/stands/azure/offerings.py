"""What can be asked about a region without any resource: sizes, platform images, usages, locations, retail prices."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from tests.stands.azure.catalog import Size
from tests.stands.azure.errors import refused
from tests.stands.azure.power import brief
from tests.stands.azure.quotas import compute_usages, network_usages
from tests.stands.azure.resources import page
from tests.stands.azure.wire import Answer, Body, Request
from tests.stands.azure.world import World

Asked: TypeAlias = Callable[[World, Request, "re.Match[str]", int], Answer]


def _skus(world: World, request: Request, found: re.Match[str], size: int) -> Answer:
    """`$filter=location eq 'x'`, the only one there is."""
    wanted = re.search(r"location eq '([^']+)'", request.query.get("$filter", ""))
    places = [wanted[1]] if wanted else world.catalog.locations
    return page([_sku(world, each, place) for place in places for each in world.catalog.sizes], request, size)


def _sku(world: World, size: Size, location: str) -> Body:
    restriction = {
        "type": "Location",
        "values": [location],
        "restrictionInfo": {"locations": [location]},
        "reasonCode": "NotAvailableForSubscription",
    }
    _, tier, *_ = ("virtualMachines", *size.name.split("_"))
    return {
        "resourceType": "virtualMachines",
        "name": size.name,
        "tier": tier,
        "size": size.name.split("_", 1)[1],
        "family": size.family,
        "locations": [location],
        "locationInfo": [{"location": location, "zones": list(world.catalog.zones), "zoneDetails": []}],
        "capabilities": [{"name": name, "value": value} for name, value in _capabilities(size).items()],
        "restrictions": [restriction] if size.name in world.catalog.restricted else [],
    }


def _capabilities(size: Size) -> Mapping[str, str]:
    """All of them texts, as there."""
    return {
        "MaxResourceVolumeMB": str(size.temporary * 1024),
        "OSVhdSizeMB": "1047552",
        "vCPUs": str(size.cores),
        "MemoryPreservingMaintenanceSupported": "True",
        "HyperVGenerations": "V1,V2",
        "MemoryGB": f"{size.memory:g}",
        "MaxDataDiskCount": str(size.data_disks),
        "CpuArchitectureType": size.architecture,
        "PremiumIO": "True",
        "vCPUsAvailable": str(size.cores),
        "vCPUsPerCore": "2",
        "HibernationSupported": "True",
    }


def _sizes(world: World, request: Request, found: re.Match[str], size: int) -> Answer:
    sizes = world.catalog.sizes
    return Answer(
        200, {"value": [brief(each.name, each.cores, each.memory, each.temporary, each.data_disks) for each in sizes]}
    )


def _usages(usages: Callable[[World, str], list[Body]]) -> Asked:
    def answer(world: World, request: Request, found: re.Match[str], size: int) -> Answer:
        return page(usages(world, found["location"].lower()), request, size)

    return answer


def _locations(world: World, request: Request, found: re.Match[str], size: int) -> Answer:
    root = f"/subscriptions/{world.subscription}/locations"
    bodies = [
        {"id": f"{root}/{name}", "name": name, "type": "Region", "displayName": name, "regionalDisplayName": name}
        for name in world.catalog.locations
    ]
    return Answer(200, {"value": bodies})


def _images(world: World, request: Request, found: re.Match[str], size: int) -> Answer:
    """One level of publishers, offers, skus, versions: a plain list, never a page."""
    words = [word for word in (found["publisher"], found["offer"], found["sku"], found["version"]) if word]
    known = [(each.publisher, each.offer, each.sku, each.version) for each in world.catalog.images]
    below = sorted({each[len(words)] for each in known if _same(each, words)}) if len(words) < 4 else []
    if len(words) == 4:
        return _image(world, found)
    if not below:
        raise refused("NotFound", name=":".join(words))
    place = f"/Subscriptions/{world.subscription}/Providers/Microsoft.Compute/Locations/{found['location']}/Publishers"
    levels = ("", "/ArtifactTypes/VMImage/Offers/", "/Skus/", "/Versions/")
    root = place + "".join(f"{level or '/'}{word}" for level, word in zip(levels, words, strict=False))
    tail = levels[len(words)] or "/"
    return Answer(200, [{"location": found["location"], "name": name, "id": f"{root}{tail}{name}"} for name in below])


def _same(each: Iterable[str], words: list[str]) -> bool:
    return all(one.lower() == two.lower() for one, two in zip(each, words, strict=False))


def _image(world: World, found: re.Match[str]) -> Answer:
    image = world.catalog.image(found["publisher"], found["offer"], found["sku"], found["version"])
    if image is None:
        raise refused("NotFound", name=":".join((found["publisher"], found["offer"], found["sku"], found["version"])))
    properties = {
        "architecture": image.architecture,
        "hyperVGeneration": "V2",
        "osDiskImage": {"operatingSystem": "Linux", "sizeInGb": image.disk},
        "dataDiskImages": [],
        "automaticOSUpgradeProperties": {"automaticOSUpgradeSupported": True},
    }
    return Answer(200, {"location": found["location"], "name": image.version, "properties": properties})


def prices(world: World, request: Request) -> Answer:
    """The retail prices' API, which needs no token: `$filter=armRegionName eq 'x' and ...`."""
    place = re.search(r"armRegionName eq '([^']+)'", request.query.get("$filter", ""))
    region = place[1] if place else world.catalog.locations[0]
    items = [
        {
            "currencyCode": request.query.get("currencycode", "USD").strip("'"),
            "retailPrice": float(each.price),
            "unitPrice": float(each.price),
            "armRegionName": region,
            "armSkuName": each.name,
            "productName": f"Virtual Machines {each.family} Series",
            "skuName": each.name,
            "meterName": each.name,
            "serviceName": "Virtual Machines",
            "unitOfMeasure": "1 Hour",
            "type": "Consumption",
        }
        for each in world.catalog.sizes
    ]
    return Answer(200, {"BillingCurrency": "USD", "Items": items, "NextPageLink": None, "Count": len(items)})


_REGION = r"/subscriptions/[^/]+/providers/{}/locations/(?P<location>[^/]+)"
_COMPUTE, _NETWORK = _REGION.format("microsoft\\.compute"), _REGION.format("microsoft\\.network")
_IMAGES = (
    r"/publishers(?:/(?P<publisher>[^/]+)/artifacttypes/vmimage/offers(?:/(?P<offer>[^/]+)/skus"
    r"(?:/(?P<sku>[^/]+)/versions(?:/(?P<version>[^/]+))?)?)?)?"
)
TABLE: tuple[tuple[re.Pattern[str], Asked], ...] = tuple(
    (re.compile(pattern + "/?", re.IGNORECASE), asked)
    for pattern, asked in (
        (r"/subscriptions/[^/]+/providers/microsoft\.compute/skus", _skus),
        (r"/subscriptions/[^/]+/locations", _locations),
        (_COMPUTE + "/vmSizes", _sizes),
        (_COMPUTE + "/usages", _usages(compute_usages)),
        (_NETWORK + "/usages", _usages(network_usages)),
        (_COMPUTE + _IMAGES, _images),
    )
)
