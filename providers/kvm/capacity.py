"""What a host has left for machines: counted from what libvirt says of all of them, whoever made them."""

from __future__ import annotations

import libvirt

from providers.errors import Quota
from providers.kvm import storage
from providers.kvm.options import MIB, Options
from providers.kvm.wire import Session
from providers.protocol import OfferedSize

KIB = 1024
STATS = libvirt.VIR_DOMAIN_STATS_BALLOON | libvirt.VIR_DOMAIN_STATS_VCPU


def largest(session: Session, options: Options) -> OfferedSize:
    """The machine that an empty host would take."""
    host = session.ask(session.host.getInfo)
    return OfferedSize(None, int(host[2]), max(0, int(host[1]) * MIB - options.reserve), 0)


def left(session: Session, options: Options) -> dict[str, int]:
    """cores, memory and storage. A machine counts whether it runs or not: it may be started again."""
    whole = largest(session, options)
    used = [stats for _, stats in session.ask(session.host.getAllDomainStats, STATS)]
    cores = sum(int(each.get("vcpu.maximum", 0)) for each in used)
    memory = sum(int(each.get("balloon.maximum", 0)) for each in used) * KIB
    return {
        "cores": max(0, int(whole.cores * options.overcommit) - cores),
        "memory": max(0, whole.memory - memory),
        "storage": int(session.ask(storage.pool(session, options.pool).info)[3]),
    }


def fits(session: Session, options: Options, size: OfferedSize) -> None:
    """Quota, with the numbers, where the host has not as much left."""
    there = left(session, options)
    for what, wanted in (("cores", size.cores), ("memory", size.memory), ("storage", size.disk)):
        if wanted > there[what]:
            raise Quota(f"no room: {wanted} {what} are asked for, {there[what]} are left on this host")
