"""Giving things back: each kind's way, once nothing uses it any more. What is gone already is fine."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping

from providers.errors import Conflict
from providers.local import claims, lifecycle, networks, snapshots, volumes
from providers.local.locks import locked
from providers.local.programs import Deadline
from providers.local.records import Records
from providers.local.site import Site
from providers.local.things import Network, Snapshot, Things, Volume
from providers.protocol import Kind


def users(kind: Kind, id: str, things: Things) -> list[str]:
    """The ids of what cannot be without this thing."""
    machines = things.machines.values()
    if kind is Kind.NETWORK:
        return [machine.id for machine in machines if id in machine.spec.networks]
    if kind is Kind.FIREWALL:
        return [machine.id for machine in machines if machine.spec.firewall == id]
    if kind is Kind.VOLUME:
        return [machine.id for machine in machines if id in {one.volume for one in machine.spec.volumes}]
    if kind is Kind.SNAPSHOT:
        return [one.id for one in things.snapshots.values() if id in one.layers] + _started_from(id, things)
    return []


def _started_from(snapshot: str, things: Things) -> list[str]:
    names = {snapshot} | {one.spec.name for one in things.snapshots.values() if one.id == snapshot}
    return [one.id for one in things.machines.values() if snapshot in one.layers or one.spec.image in names]


def delete(site: Site, kind: Kind, id: str, deadline: Deadline) -> None:
    """Conflict while something else uses it."""
    if kind is Kind.MACHINE:
        lifecycle.delete(site, id, deadline)
    else:
        _delete(site, kind, id, deadline)
    for folder in (site.home / "nodes", site.home / "volumes", site.home / "snapshots"):
        with contextlib.suppress(OSError):  # it is not empty, or was never made
            folder.rmdir()


def _delete(site: Site, kind: Kind, id: str, deadline: Deadline) -> None:
    """What comes after the record went is done also when it was gone before: a kill may have come between the two."""
    records = Records(site.home)
    with locked(site.home, deadline):
        if records.there(kind, id):
            if found := users(kind, id, records.things()):
                raise Conflict(f"{kind} {id} is used by {', '.join(found)}; delete those first", thing=f"{kind}/{id}")
            REMOVERS[kind](site, records, id, deadline)
        records.drop(kind, id)
        things = lifecycle.refresh(site, records, deadline)
        if not things.networks:
            claims.release(site, deadline)


def _network(site: Site, records: Records, id: str, deadline: Deadline) -> None:
    networks.down(records.get(Network, id), deadline)


def _firewall(site: Site, records: Records, id: str, deadline: Deadline) -> None:
    """It is nothing but its record and the ruleset that is made from all of them."""


def _volume(site: Site, records: Records, id: str, deadline: Deadline) -> None:
    volumes.remove(site, records.get(Volume, id))


def _snapshot(site: Site, records: Records, id: str, deadline: Deadline) -> None:
    snapshots.remove(site, records.get(Snapshot, id), deadline)


REMOVERS: Mapping[Kind, Callable[[Site, Records, str, Deadline], None]] = {
    Kind.NETWORK: _network,
    Kind.FIREWALL: _firewall,
    Kind.VOLUME: _volume,
    Kind.SNAPSHOT: _snapshot,
}
