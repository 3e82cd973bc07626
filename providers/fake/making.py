"""What the fake cloud makes of each kind of specification: the rules by which it is refused, and its facts.

One function a kind, in `MAKERS`. They look at the site and answer a Draft; the cloud's book keeps what was made.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from providers import devices
from providers.errors import Conflict, NotFound, Quota, Refused
from providers.fake.addresses import Addresses
from providers.fake.knobs import Knobs, Quotas
from providers.protocol import (
    Ability,
    AddressSpec,
    ApplicationSpec,
    FirewallSpec,
    KeySpec,
    Kind,
    MachineSpec,
    NetworkSpec,
    OfferedImage,
    OfferedSize,
    Resource,
    SnapshotSpec,
    Spec,
    VolumeSpec,
)
from providers.rules import check, refusal, refuse_beyond

KINDS: Mapping[type, Kind] = {
    NetworkSpec: Kind.NETWORK,
    FirewallSpec: Kind.FIREWALL,
    VolumeSpec: Kind.VOLUME,
    KeySpec: Kind.KEY,
    MachineSpec: Kind.MACHINE,
    AddressSpec: Kind.ADDRESS,
    SnapshotSpec: Kind.SNAPSHOT,
    ApplicationSpec: Kind.APPLICATION,
}


@dataclass(slots=True)
class Usage:
    """What the machines that are there take of the quotas."""

    machines: int = 0
    cores: int = 0
    memory: int = 0

    def add(self, size: OfferedSize, sign: int = 1) -> None:
        self.machines += sign
        self.cores += sign * size.cores
        self.memory += sign * size.memory

    def beside(self, quotas: Quotas) -> Iterator[tuple[str, int, int]]:
        """(what, its limit, how much is used) for each quota that there is."""
        for what, limit, used in (
            ("machines", quotas.machines, self.machines),
            ("cores", quotas.cores, self.cores),
            ("memory", quotas.memory, self.memory),
        ):
            if limit is not None:
                yield what, limit, used


@dataclass(frozen=True, slots=True)
class Site:
    """What a maker may look at: `there` finds a resource, `users` counts what uses one."""

    knobs: Knobs
    addresses: Addresses
    usage: Usage
    there: Callable[[Kind, str], Resource | None]
    users: Callable[[Kind, str], int]
    images: Callable[[], tuple[OfferedImage, ...]]


@dataclass(frozen=True, slots=True)
class Draft:
    """What will be made: its facts, its addresses with the network each is of, what it uses, its size."""

    facts: Mapping[str, str | int] = field(default_factory=dict)
    addresses: tuple[tuple[str | None, str], ...] = ()
    uses: tuple[tuple[Kind, str], ...] = ()
    size: OfferedSize | None = None


def network(site: Site, spec: NetworkSpec, id: str) -> Draft:
    block = site.addresses.open(id, spec.cidr)
    facts: dict[str, str | int] = {"cidr": str(block.network), "gateway": block.gateway, "label": spec.label or ""}
    if spec.subnets:
        facts["subnets"] = ",".join(spec.subnets)
    return Draft(facts if spec.vlan is None else {**facts, "vlan": spec.vlan})


def firewall(site: Site, spec: FirewallSpec, id: str) -> Draft:
    for rule in spec.rules:
        check(rule)
    uses = ((Kind.NETWORK, spec.network),) if spec.network else ()
    _there(site, uses)
    return Draft({"rules": len(spec.rules)}, uses=uses)


def volume(site: Site, spec: VolumeSpec, id: str) -> Draft:
    if spec.size <= 0:
        raise Refused(f"a volume of {spec.size} bytes cannot be made; ask for at least one")
    return Draft({"size": spec.size, "type": spec.type or "", "host": f"/fake/{id}"})


def key(site: Site, spec: KeySpec, id: str) -> Draft:
    return Draft({"public_key": spec.public_key})


def address(site: Site, spec: AddressSpec, id: str) -> Draft:
    _there(site, ((Kind.MACHINE, spec.machine),))
    return Draft({"machine": spec.machine}, ((None, site.addresses.block(None).take()),))


def snapshot(site: Site, spec: SnapshotSpec, id: str) -> Draft:
    _there(site, ((Kind.MACHINE, spec.machine),))
    return Draft({"machine": spec.machine})


def application(site: Site, spec: ApplicationSpec, id: str) -> Draft:
    """It has an address, and remembers the document that it came with by its SHA-256; nothing more is known of it."""
    facts = {"category": spec.category, "type": spec.type}
    if spec.document:
        facts["document"] = hashlib.sha256(spec.document.encode()).hexdigest()
    return Draft(facts, ((None, site.addresses.block(None).take()),))


def machine(site: Site, spec: MachineSpec, id: str) -> Draft:
    size, image = _size(site.knobs, spec), _image(site.images(), spec.image)
    if spec.zone is not None and spec.zone not in site.knobs.zones:
        raise Refused(f"there is no zone {spec.zone!r}; there are {', '.join(site.knobs.zones)}")
    uses = _uses(spec)
    _there(site, uses)
    for attached in spec.volumes:
        if site.users(Kind.VOLUME, attached.volume):
            raise Conflict(f"volume {attached.volume} is in use by another machine; detach it first")
    _check_quotas(site, size)
    facts: dict[str, str | int] = {
        "hostname": spec.hostname,
        "image": image.id,
        "size": size.name or "",
        "cores": size.cores,
        "memory": size.memory,
        "disk": size.disk,
        "console": f"fake://{id}/console",
    }
    if Ability.DEVICES in site.knobs.abilities:
        facts |= devices.told({each.volume: devices.by_serial(each.volume) for each in spec.volumes})
    if size.price is not None:
        facts["price"] = str(size.price)
    return Draft(facts, _take_addresses(site, spec), uses, size)


# A maker takes the specification of its own kind: MAKERS[KINDS[type(spec)]](site, spec, id).
MAKERS: Mapping[Kind, Callable[[Site, Any, str], Draft]] = {
    Kind.NETWORK: network,
    Kind.FIREWALL: firewall,
    Kind.VOLUME: volume,
    Kind.KEY: key,
    Kind.MACHINE: machine,
    Kind.ADDRESS: address,
    Kind.SNAPSHOT: snapshot,
    Kind.APPLICATION: application,
}


def draft(site: Site, spec: Spec, id: str) -> Draft:
    """What this specification becomes; Refused, NotFound, Conflict or Quota when it cannot."""
    refuse_beyond(spec, site.knobs.abilities, site.knobs.categories)
    return MAKERS[KINDS[type(spec)]](site, spec, id)


def resized(site: Site, made: Draft, size: OfferedSize) -> Draft:
    """The draft of a machine that has this size from now on."""
    if Ability.RESIZE not in site.knobs.abilities:
        raise refusal(Ability.RESIZE)
    asked = MachineSpec("", "", "", size.cores, size.memory, size.disk, size.name)
    found = _size(site.knobs, asked)
    facts: dict[str, str | int] = {
        "size": found.name or "",
        "cores": found.cores,
        "memory": found.memory,
        "disk": found.disk,
    }
    return replace(made, facts={**made.facts, **facts}, size=found)


def _uses(spec: MachineSpec) -> tuple[tuple[Kind, str], ...]:
    firewalls = (spec.firewall,) if spec.firewall else ()
    keys = (spec.key,) if spec.key else ()
    return (
        *((Kind.NETWORK, id) for id in spec.networks),
        *((Kind.FIREWALL, id) for id in firewalls),
        *((Kind.KEY, id) for id in keys),
        *((Kind.VOLUME, attached.volume) for attached in spec.volumes),
    )


def _there(site: Site, uses: tuple[tuple[Kind, str], ...]) -> None:
    for kind, id in uses:
        if site.there(kind, id) is None:
            raise NotFound(f"there is no {kind} {id}; create it first", thing=f"{kind}/{id}")


def _size(knobs: Knobs, spec: MachineSpec) -> OfferedSize:
    if spec.size is None and knobs.flexible:
        return _cut(knobs, spec)
    for size in knobs.sizes:
        if size.name == spec.size and size.name is not None:
            return size
    names = ", ".join(size.name or "-" for size in knobs.sizes)
    raise Refused(f"there is no size {spec.size!r}; there are {names}")


def _cut(knobs: Knobs, spec: MachineSpec) -> OfferedSize:
    """Exactly what was asked for, where some size is at least that."""
    for size in knobs.sizes:
        if size.cores >= spec.cores and size.memory >= spec.memory and size.disk >= spec.disk:
            return OfferedSize(None, spec.cores, spec.memory, spec.disk, size.architecture, size.price)
    raise Refused(f"no size has {spec.cores} cores, {spec.memory} bytes of memory and {spec.disk} of disk")


def _image(images: tuple[OfferedImage, ...], wanted: str) -> OfferedImage:
    for image in images:
        if wanted in (image.id, image.name, *image.aliases):
            return image
    names = ", ".join(image.name for image in images)
    raise Refused(f"there is no image {wanted!r}; there are {names}")


def _check_quotas(site: Site, size: OfferedSize) -> None:
    asked = {"machines": 1, "cores": size.cores, "memory": size.memory}
    for what, limit, used in site.usage.beside(site.knobs.quotas):
        if used + asked[what] > limit:
            raise Quota(f"quota of {what} is {limit}, {used} used and {asked[what]} asked for; give something back")


def _take_addresses(site: Site, spec: MachineSpec) -> tuple[tuple[str | None, str], ...]:
    """One address in each network, in order, and a public one when asked for or where there is no network."""
    public = (None,) if spec.public or not spec.networks else ()
    fixed = dict(zip(spec.networks, spec.addresses, strict=False))
    return tuple((id, site.addresses.block(id).take(fixed.get(id or "") or None)) for id in (*spec.networks, *public))
