"""Giving things back: each kind's way, once nothing uses it any more. What is gone already is fine.

A kill may come at any point of it. What has a record is given back by asking again. What has none is either not made
yet or gone but for what is made of all records: `tidy` takes that away, and the folders that were made for it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path

from providers.errors import Conflict
from providers.local import claims, lifecycle, networks, snapshots, volumes
from providers.local.folders import discard
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
    records = Records(site.home)
    if kind is Kind.MACHINE:
        lifecycle.end(site, id, deadline)
    with locked(site.home, deadline):
        if records.there(kind, id):
            if found := users(kind, id, records.things()):
                raise Conflict(f"{kind} {id} is used by {', '.join(found)}; delete those first", thing=f"{kind}/{id}")
            REMOVERS[kind](site, records, id, deadline)
        _forget(site, records, kind, id, deadline)


def tidy(site: Site, kind: Kind, id: str, deadline: Deadline) -> None:
    """Nothing of what has no record is left. What has one stays as it is."""
    records = Records(site.home)
    with locked(site.home, deadline):
        if not records.there(kind, id):
            _forget(site, records, kind, id, deadline)


def _forget(site: Site, records: Records, kind: Kind, id: str, deadline: Deadline) -> None:
    """The record, and what is there because of it. The caller holds the home's lock."""
    if kind in FOLDERS:
        discard(FOLDERS[kind](site, id))
    records.drop(kind, id)
    things = lifecycle.refresh(site, records, deadline)
    if not things.networks:
        claims.release(site, deadline)
    for folder in (site.home / "nodes", site.home / "volumes", site.home / "snapshots"):
        with contextlib.suppress(OSError):  # it is not empty, or was never made
            folder.rmdir()


def _network(site: Site, records: Records, id: str, deadline: Deadline) -> None:
    networks.down(records.get(Network, id), deadline)


def _firewall(site: Site, records: Records, id: str, deadline: Deadline) -> None:
    """It is nothing but its record and the ruleset that is made from all of them."""


def _volume(site: Site, records: Records, id: str, deadline: Deadline) -> None:
    volumes.remove(site, records.get(Volume, id))


def _snapshot(site: Site, records: Records, id: str, deadline: Deadline) -> None:
    snapshots.remove(site, records.get(Snapshot, id), deadline)


def _machine(site: Site, records: Records, id: str, deadline: Deadline) -> None:
    """It was ended before, without the home's lock: others are not to wait for that."""


REMOVERS: Mapping[Kind, Callable[[Site, Records, str, Deadline], None]] = {
    Kind.NETWORK: _network,
    Kind.FIREWALL: _firewall,
    Kind.VOLUME: _volume,
    Kind.SNAPSHOT: _snapshot,
    Kind.MACHINE: _machine,
}
# Folders that are made before the record is written. Not a volume's: that is made after, and holds what nobody can
# make again.
FOLDERS: Mapping[Kind, Callable[[Site, str], Path]] = {Kind.MACHINE: Site.node, Kind.SNAPSHOT: Site.snapshot}
