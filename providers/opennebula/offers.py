"""What the site can give now: its sizes and images in each cluster, and what is left of the account's quotas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from decimal import Decimal, InvalidOperation

from providers.errors import Refused
from providers.opennebula.documents import Element, number, read, word
from providers.opennebula.images import offered
from providers.opennebula.networks import ALL
from providers.opennebula.options import NUMBERED, Options
from providers.opennebula.wire import Session
from providers.protocol import Ability, OfferedSize, Offering

MIB = 1024**2
ALWAYS = frozenset(
    {
        Ability.VOLUMES,
        Ability.FIREWALLS,
        Ability.SNAPSHOTS,
        Ability.SUSPEND,
        Ability.RESIZE,
        Ability.FIXED,
        Ability.DEVICES,
    }
)
COSTS = {"CPU": "CPU_COST", "MEMORY": "MEMORY_COST"}
"""What a template has of something -> what one of it costs an hour (a core, a MB). Reference 7.x, "Showback"."""
LIMITED: Mapping[str, tuple[str, str, int]] = {
    "machines": ("VM_QUOTA/VM", "VMS", 1),
    "cores": ("VM_QUOTA/VM", "CPU", 1),
    "memory": ("VM_QUOTA/VM", "MEMORY", MIB),
    "volumes": ("DATASTORE_QUOTA/DATASTORE", "IMAGES", 1),
    "storage": ("DATASTORE_QUOTA/DATASTORE", "SIZE", MIB),
}
"""What is left -> where its quota stands, what it is called there, bytes or things of one."""
USUAL = -1
"""A limit that is the site's usual one."""


def abilities(options: Options) -> frozenset[Ability]:
    """What this account can do here: a reservation has no subnets and no number of its own."""
    found = set(ALWAYS)
    found |= {Ability.ADDRESSES} if options.public else set()
    if options.parent is None:
        found |= {Ability.SUBNETS} | ({Ability.VLAN} if options.vn_mad in NUMBERED else set())
    return frozenset(found)


def offers(session: Session, options: Options, prices: Mapping[str, Decimal]) -> Sequence[Offering]:
    """One offering a cluster."""
    clusters = [word(each, "NAME") for each in read(session.ask("clusterpool.info"))]
    named = _templates(session, prices) if options.sizes == "templates" else ()
    sizes = named or (_largest(session, options),)
    images, left = offered(session, options.images), _left(read(session.ask("user.info", -1)))
    return [
        Offering(
            zone=cluster,
            sizes=sizes,
            images=images,
            flexible=not named,
            left=left,
            abilities=abilities(options),
            delivery=options.delivery,
            currency=options.currency,
            operator=options.operator,
        )
        for cluster in clusters or ["default"]
    ]


def _templates(session: Session, prices: Mapping[str, Decimal]) -> tuple[OfferedSize, ...]:
    """The templates that say a capacity; of two of a name, the first."""
    found: dict[str, OfferedSize] = {}
    for each in read(session.ask("templatepool.info", ALL, -1, -1)):
        if word(each, "TEMPLATE/CPU") and number(each, "TEMPLATE/MEMORY"):
            found.setdefault(word(each, "NAME"), _size(each, prices))
    return tuple(found.values())


def _size(found: Element, prices: Mapping[str, Decimal]) -> OfferedSize:
    name = word(found, "NAME")
    return OfferedSize(
        name,
        number(found, "TEMPLATE/VCPU") or max(1, number(found, "TEMPLATE/CPU")),
        number(found, "TEMPLATE/MEMORY") * MIB,
        0,
        word(found, "TEMPLATE/OS/ARCH", "x86_64"),
        prices.get(name, _cost(found)),
    )


def _cost(found: Element) -> Decimal | None:
    """What its capacity costs an hour by the costs in the template; None where it says none."""
    total: Decimal | None = None
    for what, cost in COSTS.items():
        with suppress(InvalidOperation):
            each = Decimal(word(found, f"TEMPLATE/{what}")) * Decimal(word(found, f"TEMPLATE/{cost}"))
            total = each if total is None else total + each
    return total


def _largest(session: Session, options: Options) -> OfferedSize:
    """Any size up to the largest host, where hosts may be seen; else up to what the settings say."""
    try:
        hosts = list(read(session.ask("hostpool.info")))
    except Refused:
        hosts = []  # no right to look
    cores = max((number(each, "HOST_SHARE/MAX_CPU") // 100 for each in hosts), default=0)
    memory = max((number(each, "HOST_SHARE/MAX_MEM") * 1024 for each in hosts), default=0)
    return OfferedSize(None, cores or options.cores, memory or options.memory, 0)


def _left(user: Element) -> dict[str, int]:
    """What each quota has left; what has no limit is not in it. Of several quotas of a kind, the first."""
    found: dict[str, int] = {}
    for what, (path, metric, unit) in LIMITED.items():
        limit = number(user, f"{path}/{metric}", USUAL)
        if limit == USUAL:
            limit = number(user, f"DEFAULT_USER_QUOTAS/{path}/{metric}", USUAL)
        if limit >= 0:
            found[what] = max(0, limit - number(user, f"{path}/{metric}_USED")) * unit
    return found
