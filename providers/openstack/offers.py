"""What the cloud can give now: its sizes and images in each zone, and what is left of the project's quotas."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from typing import Any

from openstack.compute.v2.flavor import Flavor
from openstack.exceptions import ForbiddenException

from providers.openstack.account import Account
from providers.openstack.images import offered
from providers.protocol import Ability, OfferedSize, Offering

MIB, GIB = 1024**2, 1024**3
ALWAYS = frozenset(Ability) - {Ability.PACKAGES, Ability.VOLUMES, Ability.ADDRESSES, Ability.VLAN}
Left = Iterator[tuple[str, int, int, int]]
"""(what, its limit, how much is used, bytes of one)"""


def abilities(account: Account) -> frozenset[Ability]:
    """What this cloud and this account can do."""
    found = set(ALWAYS)
    found |= {Ability.VOLUMES} if account.has_volumes() else set()
    found |= {Ability.ADDRESSES} if account.external() else set()
    found |= {Ability.VLAN} if account.options.physical else set()
    return frozenset(found)


def offers(account: Account, prices: Mapping[str, Decimal]) -> Sequence[Offering]:
    """One offering a zone that is up; six requests, whatever there is."""
    cloud, options = account.cloud, account.options
    zones = [str(each.name) for each in cloud.compute.availability_zones() if each.state.get("available")]
    sizes = tuple(_size(each, prices) for each in account.flavors())
    images = tuple(offered(each, options.images) for each in account.images.images(status="active"))
    left, able = _left(account), abilities(account)
    return [
        Offering(
            zone=zone,
            sizes=sizes,
            images=images,
            left=left,
            abilities=able,
            delivery=options.delivery,
            currency=options.currency,
            operator=options.operator,
        )
        for zone in zones
    ]


def _size(found: Flavor, prices: Mapping[str, Decimal]) -> OfferedSize:
    """nova does not say of which architecture a size is, unless somebody wrote it down."""
    name, extra = str(found.name), found.extra_specs or {}
    architecture = str(extra.get("hw_architecture") or extra.get("capabilities:cpu_info:arch") or "x86_64")
    return OfferedSize(
        name, int(found.vcpus), int(found.ram) * MIB, int(found.disk) * GIB, architecture, prices.get(name)
    )


def _left(account: Account) -> dict[str, int]:
    """What each quota has left; what has no limit, or what we may not see, is not in it."""
    found: dict[str, int] = {}
    for what, limit, used, unit in _quotas(account):
        if limit >= 0:
            found[what] = max(0, limit - used) * unit
    return found


def _quotas(account: Account) -> Left:
    yield from _compute(account.cloud.compute.get_limits().absolute)
    with suppress(ForbiddenException):
        yield from _network(account.cloud.network.get_quota(account.project, details=True))
    if account.has_volumes():
        yield from _storage(account.volumes.get_limits().absolute)


def _compute(limits: Any) -> Left:
    yield "machines", int(limits.instances), int(limits.instances_used), 1
    yield "cores", int(limits.total_cores), int(limits.total_cores_used), 1
    yield "memory", int(limits.total_ram), int(limits.total_ram_used), MIB


def _network(quota: Any) -> Left:
    named: Iterable[tuple[str, Mapping[str, int]]] = (
        ("networks", quota.networks),
        ("addresses", quota.floating_ips),
        ("firewalls", quota.security_groups),
    )
    for what, found in named:
        yield what, int(found["limit"]), int(found["used"]) + int(found["reserved"]), 1


def _storage(limits: Any) -> Left:
    yield "volumes", int(limits.max_total_volumes), int(limits.total_volumes_used), 1
    yield "storage", int(limits.max_total_volume_gigabytes), int(limits.total_gigabytes_used), GIB
