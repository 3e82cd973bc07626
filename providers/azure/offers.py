"""What the region offers to this subscription: sizes that it may use, images by name, what is left of its quotas."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from fnmatch import fnmatchcase

from azure.mgmt.compute.models import ResourceSku

from providers.azure.account import Account
from providers.azure.asking import GIB, image, offered_zone
from providers.azure.retail import Retail
from providers.azure.snapshots import Snapshots
from providers.azure.states import word
from providers.protocol import Ability, OfferedImage, OfferedSize, Offering

ABILITIES = frozenset(
    {
        Ability.VOLUMES,
        Ability.FIREWALLS,
        Ability.SNAPSHOTS,
        Ability.RESIZE,
        Ability.CONSOLE,
        Ability.KEYS,
        Ability.ADDRESSES,
        Ability.FIXED,
        Ability.SUBNETS,
        Ability.DEVICES,
    }
)
"""Hibernation takes sizes, images and disks that are made for it: suspending is not offered."""
ARCHITECTURES: Mapping[str, str] = {"x64": "x86_64", "Arm64": "aarch64"}
COMPUTE: Mapping[str, str] = {"cores": "cores", "virtualMachines": "machines"}
NETWORK: Mapping[str, str] = {"VirtualNetworks": "networks", "StandardSkuPublicIpAddresses": "addresses"}
"""Azure's name of a quota -> what the offering calls it."""
DISKS = "DiskCount"
DISTRIBUTIONS: Mapping[str, str] = {"canonical": "ubuntu", "debian": "debian", "redhat": "rhel", "suse": "suse"}
"""Publisher -> distribution."""


def offers(account: Account, snapshots: Snapshots, prices: Mapping[str, Decimal], retail: Retail) -> Sequence[Offering]:
    """The one offering of this provider. A price of the file wins over the published one."""
    options, found = account.options, sizes(account, prices)
    known = {**retail.prices([str(each.name) for each in found if each.price is None]), **prices}
    return [
        Offering(
            zone=offered_zone(options),
            sizes=tuple(replace(each, price=known.get(str(each.name))) for each in found),
            images=tuple(_images(account, snapshots)),
            left=left(account),
            abilities=ABILITIES,
            delivery=options.delivery,
            currency=options.currency,
            operator=options.operator,
        )
    ]


def sizes(account: Account, prices: Mapping[str, Decimal]) -> Sequence[OfferedSize]:
    """Those that the settings name, that are in the zone, and that the subscription is not kept from."""
    place, patterns = account.options.location, account.options.sizes
    every = account.compute.resource_skus.list(filter=f"location eq '{place}'")
    wanted = [
        each
        for each in every
        if each.resource_type == "virtualMachines" and any(fnmatchcase(str(each.name), one) for one in patterns)
    ]
    disk = account.options.disk
    return [_size(each, prices, disk) for each in wanted if _is_free(each, place, account.options.zone)]


def left(account: Account) -> dict[str, int]:
    """By quota. Of disks only those of the usual type count."""
    place, disk = account.options.location, account.options.disk_type.partition("_")[0]
    names = {**COMPUTE, f"{disk}{DISKS}": "volumes"}
    found = {}
    for usages, known in ((account.compute.usage.list(place), names), (account.network.usages.list(place), NETWORK)):
        for each in usages:
            name = known.get(str(each.name.value) if each.name else "")
            if name:
                found[name] = max(int(each.limit or 0) - int(each.current_value or 0), 0)
    return found


def _size(sku: ResourceSku, prices: Mapping[str, Decimal], disk: int) -> OfferedSize:
    """`disk` in GiB: a size says nothing of the disk that a machine starts from."""
    has = {str(each.name): str(each.value) for each in sku.capabilities or ()}
    name = str(sku.name)
    return OfferedSize(
        name,
        cores=int(has.get("vCPUs", "1")),
        memory=int(Decimal(has.get("MemoryGB", "0")) * GIB),
        disk=disk * GIB,
        architecture=ARCHITECTURES.get(has.get("CpuArchitectureType", "x64"), "x86_64"),
        price=prices.get(name),
    )


def _is_free(sku: ResourceSku, location: str, zone: str | None) -> bool:
    """Not kept from this subscription in the region or, where one is named, in the zone."""
    infos = [each for each in sku.location_info or () if str(each.location).lower() == location]
    if zone and not any(zone in (each.zones or ()) for each in infos):
        return False
    for each in sku.restrictions or ():
        zones = (each.restriction_info.zones if each.restriction_info else None) or ()
        if word(each.type) == "Location" or (zone and zone in zones):
            return False
    return True


def _images(account: Account, snapshots: Snapshots) -> Iterable[OfferedImage]:
    """Those that the settings name, and those of the group."""
    own = {str(each.name): each for each in snapshots.images()}
    aliases: dict[str, list[str]] = {}
    for alias, id in account.options.images.items():
        aliases.setdefault(id, []).append(alias)
    for id in {**aliases, **own}:
        words = image(account, id)
        name = words.get("offer", (own[id].tags or {}).get("accords-name", id) if id in own else id)
        distribution = DISTRIBUTIONS.get(words.get("publisher", "").lower())
        yield OfferedImage(id, name, distribution, _version(words), aliases=tuple(aliases.get(id, ())))


def _version(words: Mapping[str, str]) -> str | None:
    """`24.04` out of `ubuntu-24_04-lts`, `12` out of `debian-12`; None where it is not said."""
    numbers = [part for part in words.get("offer", "").replace("_", ".").split("-") if part[:1].isdigit()]
    return next((each for each in numbers if each.strip("0")), None) if "publisher" in words else None
