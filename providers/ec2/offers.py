"""What the region offers: sizes with prices out of a file, images, zones, and what is left of the quotas.

EC2 itself tells neither prices nor quotas (they are other services, with rights of their own): both are said in the
settings, and what is used of a quota is counted here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from providers.ec2.account import Account
from providers.ec2.looking import look
from providers.ec2.networks import LIVING
from providers.ec2.wire import Call
from providers.prices import prices
from providers.protocol import Ability, Kind, OfferedSize, Offering, Resource

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
"""No SUSPEND: EC2 hibernates what was prepared for it, of some types, some systems, on encrypted disks."""

Sizes = Mapping[str, OfferedSize]


def _cores(found: Resource, sizes: Sizes) -> int:
    size = sizes.get(str(found.facts["size"]))
    return size.cores if size else 0


def _memory(found: Resource, sizes: Sizes) -> int:
    size = sizes.get(str(found.facts["size"]))
    return size.memory if size else 0


# quota -> the kind whose things use it, and how much one does
USES: Mapping[str, tuple[Kind, Callable[[Resource, Sizes], int]]] = {
    "machines": (Kind.MACHINE, lambda found, _: 1),
    "cores": (Kind.MACHINE, _cores),
    "memory": (Kind.MACHINE, _memory),
    "volumes": (Kind.VOLUME, lambda found, _: 1),
    "storage": (Kind.VOLUME, lambda found, _: int(found.facts["size"])),
    "addresses": (Kind.ADDRESS, lambda found, _: 1),
    "networks": (Kind.NETWORK, lambda found, _: 1),
}
NARROWED: Mapping[Kind, Mapping[str, tuple[str, ...]]] = {Kind.MACHINE: {"instance-state-name": LIVING}}


def offers(call: Call, account: Account) -> list[Offering]:
    """One offering a zone: what differs between them, EC2 says only when a machine is made."""
    options = account.options
    costs = prices(options.prices)
    sizes = account.sizes(call)
    offering = Offering(
        zone="",
        sizes=tuple(replace(each, price=costs.get(name)) for name, each in sizes.items()),
        images=tuple(each.offered for each in account.images(call)),
        left=left(call, account, sizes),
        abilities=ABILITIES,
        delivery=options.delivery,
        currency=options.currency,
        operator=options.operator,
    )
    return [replace(offering, zone=zone) for zone in account.zones(call)]


def left(call: Call, account: Account, sizes: Sizes) -> dict[str, int]:
    """What of each quota is free: one list a kind that has one. The account's things count, whoever made them."""
    quotas = account.options.quotas
    kinds = {USES[what][0] for what in quotas}
    there = {kind: [each.resource for each in look(call, account, kind, NARROWED.get(kind, {}))] for kind in kinds}
    return {what: max(0, limit - _used(what, there, sizes)) for what, limit in quotas.items()}


def _used(what: str, there: Mapping[Kind, list[Resource]], sizes: Sizes) -> int:
    kind, uses = USES[what]
    return sum(uses(each, sizes) for each in there[kind])
