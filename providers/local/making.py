"""From a specification to a thing on disk and in the kernel. Each maker may be called again with the same token: it
finds what the call before it made, and mends what a crash left undone."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from ipaddress import IPv4Network
from typing import TypeVar

from providers.errors import Conflict, NotFound, Refused
from providers.local import claims, folders, host, layers, lifecycle, names, networks, snapshots, volumes
from providers.local.locks import locked
from providers.local.programs import Deadline
from providers.local.records import Records
from providers.local.site import Site
from providers.local.things import Firewall, Machine, Network, Port, Snapshot, Things, Volume
from providers.protocol import FirewallSpec, Kind, MachineSpec, NetworkSpec, SnapshotSpec, VolumeSpec
from providers.rules import check

HOSTNAME = re.compile(r"[a-zA-Z0-9]([a-zA-Z0-9-]{0,62})(\.[a-zA-Z0-9][a-zA-Z0-9-]{0,62})*\Z")  # RFC 1123
MOUNTPOINT = re.compile(r"/[A-Za-z0-9._/@+-]*[A-Za-z0-9]\Z")  # one word of an LXC configuration
PORTS = 10  # a device's name has one digit for its number
LEAST_MEMORY = 64 * 1024**2  # bytes; with less systemd does not start

T = TypeVar("T", Network, Firewall, Volume, Machine, Snapshot)


def network(site: Site, spec: NetworkSpec, token: str, tags: Mapping[str, str], deadline: Deadline) -> Network:
    records, id = Records(site.home), names.identity(site.prefix, Kind.NETWORK, token)
    with locked(site.home, deadline):
        found = _there(records, Network, id) or Network(id, token, tags, spec, _cidr(site, spec, records, deadline))
        records.put(found)
        claims.claim(site, deadline)
        networks.up(site, found, deadline)
        lifecycle.refresh(site, records, deadline)
    return found


def _cidr(site: Site, spec: NetworkSpec, records: Records, deadline: Deadline) -> str:
    """Those on disk count too: after a restart of this machine they are not up."""
    taken = [IPv4Network(one.cidr) for one in records.all(Network).values()] + networks.on_this_machine(deadline)
    chosen = networks.accept(spec.cidr, taken) if spec.cidr else networks.choose(site.pool, taken)
    return str(chosen)


def rules(site: Site, spec: FirewallSpec, token: str, tags: Mapping[str, str], deadline: Deadline) -> Firewall:
    records, id = Records(site.home), names.identity(site.prefix, Kind.FIREWALL, token)
    for rule in spec.rules:
        check(rule)
    with locked(site.home, deadline):
        found = _there(records, Firewall, id) or Firewall(id, token, tags, spec)
        records.put(found)
        lifecycle.refresh(site, records, deadline)
    return found


def volume(site: Site, spec: VolumeSpec, token: str, tags: Mapping[str, str], deadline: Deadline) -> Volume:
    records, id = Records(site.home), names.identity(site.prefix, Kind.VOLUME, token)
    if spec.size <= 0:
        raise Refused(f"a volume of {spec.size} bytes cannot be made; ask for at least one")
    with locked(site.home, deadline):
        found = _there(records, Volume, id) or Volume(id, token, tags, spec)
        records.put(found)
        volumes.make(site, found)
    return found


def machine(site: Site, spec: MachineSpec, token: str, tags: Mapping[str, str], deadline: Deadline) -> Machine:
    """Its start may follow in a process of its own. What failed before is tried again."""
    records, id = Records(site.home), names.identity(site.prefix, Kind.MACHINE, token)
    with locked(site.home, deadline):
        if not records.there(Kind.MACHINE, id):
            made = _new_machine(site, spec, id, (token, tags), records.things())
            folders.make(site.node(id))
            records.put(made)
        lifecycle.refresh(site, records, deadline)
    lifecycle.forgive(site, id, deadline)
    lifecycle.advance(site, id, deadline)
    return records.get(Machine, id)


def _new_machine(
    site: Site, spec: MachineSpec, id: str, marks: tuple[str, Mapping[str, str]], things: Things
) -> Machine:
    _check_machine(spec)
    _check_uses(spec, things)
    here = host.read()
    layers.stack(site, here, things.snapshots, spec)  # says now what image or package cannot be
    if spec.memory > here.memory or spec.cores > here.cores:
        raise Refused(f"this machine has {here.cores} cores and {here.memory} bytes of memory; ask for no more")
    ports = tuple(_port(id, index, things.networks[name], things) for index, name in enumerate(spec.networks))
    return Machine(id, *marks, spec, ports)


def _port(id: str, index: int, on: Network, things: Things) -> Port:
    address = networks.choose_address(on, things.machines.values())
    return Port(on.id, names.device(id, index), names.hardware_address(id, index), str(address))


def _check_machine(spec: MachineSpec) -> None:
    """Refused for what would not be one word of a configuration, or cannot work."""
    if not HOSTNAME.match(spec.hostname) or len(spec.hostname) > 64:
        raise Refused(f"{spec.hostname!r} is not a host name (RFC 1123)")
    if spec.size is not None:
        raise Refused(f"there is no size {spec.size!r} here: sizes are free, say cores and memory")
    if spec.cores < 1 or spec.memory < LEAST_MEMORY:
        raise Refused(f"a machine needs a core and {LEAST_MEMORY} bytes of memory at least")
    if len(spec.networks) > PORTS or len(set(spec.networks)) != len(spec.networks):
        raise Refused(f"a machine can be on at most {PORTS} networks, each once")
    for attached in spec.volumes:
        if not MOUNTPOINT.match(attached.mountpoint) or ".." in attached.mountpoint.split("/"):
            raise Refused(f"{attached.mountpoint!r} is not an absolute path a volume can be mounted at")


def _check_uses(spec: MachineSpec, things: Things) -> None:
    """NotFound for what is not there, Conflict for a volume that is in another machine."""
    wanted = [(Kind.NETWORK, id, things.networks) for id in spec.networks]
    wanted += [(Kind.FIREWALL, id, things.firewalls) for id in (spec.firewall,) if id]  # type: ignore[misc]  # same shape
    wanted += [(Kind.VOLUME, one.volume, things.volumes) for one in spec.volumes]  # type: ignore[misc]  # same shape
    for kind, id, there in wanted:
        if id not in there:
            raise NotFound(f"there is no {kind} {id}; create it first", thing=f"{kind}/{id}")
    mine = {one.volume for one in spec.volumes}
    for other in things.machines.values():
        for one in other.spec.volumes:
            if one.volume in mine:
                raise Conflict(f"volume {one.volume} is in use by machine {other.id}; delete that first")


def snapshot(site: Site, spec: SnapshotSpec, token: str, tags: Mapping[str, str], deadline: Deadline) -> Snapshot:
    """The copying follows in a process of its own."""
    records, id = Records(site.home), names.identity(site.prefix, Kind.SNAPSHOT, token)
    with locked(site.home, deadline):
        found = _there(records, Snapshot, id)
        if found is None or found.error:
            made = found or _new_snapshot(spec, id, token, tags, records)
            folders.make(site.snapshot(id))
            records.put(replace(made, error=""))
    snapshots.advance(site, records.get(Snapshot, id), deadline)
    return records.get(Snapshot, id)


def _new_snapshot(spec: SnapshotSpec, id: str, token: str, tags: Mapping[str, str], records: Records) -> Snapshot:
    source = records.get(Machine, spec.machine)
    snapshots.check(source)
    return Snapshot(id, token, tags, spec, source.layers)


def _there(records: Records, type_: type[T], id: str) -> T | None:
    try:
        return records.get(type_, id)
    except NotFound:
        return None


# A maker takes the specification of its own kind.
MAKERS: Mapping[type, tuple[Kind, Callable[..., Network | Firewall | Volume | Machine | Snapshot]]] = {
    NetworkSpec: (Kind.NETWORK, network),
    FirewallSpec: (Kind.FIREWALL, rules),
    VolumeSpec: (Kind.VOLUME, volume),
    MachineSpec: (Kind.MACHINE, machine),
    SnapshotSpec: (Kind.SNAPSHOT, snapshot),
}
