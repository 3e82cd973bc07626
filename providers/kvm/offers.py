"""What the host can give now: its sizes, images, and what is left of cores, memory and storage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from decimal import Decimal

from providers.errors import Conflict
from providers.kvm import storage
from providers.kvm.capacity import largest, left
from providers.kvm.images import offered
from providers.kvm.options import Options
from providers.kvm.records import Records
from providers.kvm.wire import Session
from providers.protocol import Ability, OfferedSize, Offering

ABILITIES = frozenset(
    {
        Ability.VOLUMES,
        Ability.DEVICES,
        Ability.FIREWALLS,
        Ability.SNAPSHOTS,
        Ability.SUSPEND,
        Ability.RESIZE,
        Ability.CONSOLE,
        Ability.KEYS,
        Ability.FIXED,
        Ability.SUBNETS,
    }
)
"""No VLAN: a bridge of a network's own is its isolation. No addresses of their own: the host's NAT is the way out."""


def offers(session: Session, options: Options, records: Records, prices: Mapping[str, Decimal]) -> Sequence[Offering]:
    """One: a host is a zone. Files that somebody put into the pool of images beside libvirt are looked for first."""
    with suppress(Conflict):  # something is being written there: then it was looked at lately
        session.ask(storage.pool(session, options.base).refresh)
    sizes = tuple(
        OfferedSize(name, each.cores, each.memory, each.disk, price=prices.get(name))
        for name, each in options.sizes.items()
    )
    return [
        Offering(
            zone=options.zone,
            sizes=sizes or (largest(session, options),),
            images=offered(session, options, records),
            flexible=not sizes,
            left=left(session, options),
            abilities=ABILITIES,
            delivery=options.delivery,
            currency=options.currency,
            operator=options.operator,
        )
    ]
