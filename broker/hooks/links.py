"""What a compute is linked to by a client: the server fills in what the client left out (INF-06), and says no to what
joins nothing (INF-08).

A machine is joined to its networks and storages when it is made (`linked`). No driver can do that later, nor undo it: a
link that comes or goes by itself is refused where a machine is there, and an entity alone where none is.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from ipaddress import ip_interface, ip_network

from broker.errors import Clash, Invalid, Unable
from broker.hooks import owned
from broker.occi.model import INFRASTRUCTURE
from broker.services import Context
from broker.store import Record, Transaction, entities

COMPUTE, NETWORK, STORAGE = (f"{INFRASTRUCTURE}{term}" for term in ("compute", "network", "storage"))
FIREWALL = f"{INFRASTRUCTURE}securitygroup"
INTERFACE, STORAGE_LINK = f"{INFRASTRUCTURE}networkinterface", f"{INFRASTRUCTURE}storagelink"
GUARD = f"{INFRASTRUCTURE}securitygrouplink"
IP = "http://schemas.ogf.org/occi/infrastructure/networkinterface#ipnetworkinterface"
ADDRESS, GATEWAY = "occi.networkinterface.address", "occi.networkinterface.gateway"
ENDS: Mapping[str, str] = {INTERFACE: NETWORK, STORAGE_LINK: STORAGE, GUARD: FIREWALL}
_MOST = 10_000
_KEPT = (ADDRESS, GATEWAY, "occi.networkinterface.mac", "occi.storagelink.deviceid", "occi.storagelink.mountpoint")


def created(ctx: Context, tx: Transaction, record: Record) -> None:
    """In the transaction that stores it: Invalid for wrong ends, Unable to join a machine that is there; else what was
    left out."""
    _check(record)
    if record.id not in {link.id for link in ctx.links}:
        _must_be_entity(tx, record, "joined to")
    there = entities.page(tx, record.account, kind=record.kind, source=record.source, limit=_MOST).records
    entities.update(tx, replace(record, attributes={**_assigned(tx, record, len(there)), **record.attributes}))


def update(ctx: Context, before: Record, after: Record) -> Record:
    """Unable to change what a machine was made with. Title and mixins change."""
    changed = {
        name for name in _KEPT if after.attributes.get(name, before.attributes.get(name)) != before.attributes.get(name)
    }
    with ctx.store.read() as tx:
        if changed:
            _must_be_entity(tx, before, f"given another {', '.join(sorted(changed))} at")
        kept = _KEPT if _machine(tx, before) else ()
    return replace(
        after,
        attributes={
            **{name: before.attributes[name] for name in kept if name in before.attributes},
            **after.attributes,
        },
    )


def leave(ctx: Context, records: Sequence[Record]) -> None:
    """Unable to part a machine from anything."""
    with ctx.store.read() as tx:
        for record in records:
            _must_be_entity(tx, record, "parted from")


def _must_be_entity(tx: Transaction, record: Record, how: str) -> None:
    compute = _machine(tx, record)
    if compute is not None:
        term, at = ENDS[record.kind].rpartition("#")[2], compute.attributes.get(owned.PROVIDER)
        raise Unable(
            f"{owned.name_of(compute)} is a machine at {at}, and no provider's is {how} a {term} once it is there",
            hint=f"POST a compute with the {term}s it shall have as its links",
        )


def _machine(tx: Transaction, record: Record) -> Record | None:
    """The compute that the link begins at, if a service makes it."""
    kind, _, id = str(record.source).partition(" ")
    found = entities.find(tx, record.account, kind, id)
    return found if found is not None and owned.service_of(found.attributes) else None


def _check(record: Record) -> None:
    source, target = (str(end).partition(" ") for end in (record.source, record.target))
    term, wanted = record.kind.rpartition("#")[2], ENDS[record.kind]
    if source[0] != COMPUTE or (target[1] and target[0] != wanted):
        raise Invalid(f"a {term} leads from a compute to a {wanted.rpartition('#')[2]}")


def _assigned(tx: Transaction, record: Record, count: int) -> dict[str, object]:
    if record.kind == INTERFACE:
        return _interface(tx, record, count)
    return _device(count) if record.kind == STORAGE_LINK else {}


def _device(count: int) -> dict[str, object]:
    """The disks after the first, which is the machine's own: `vdb`."""
    return {"occi.storagelink.deviceid": f"vd{chr(ord('a') + min(count, 25))}"}


def _interface(tx: Transaction, record: Record, count: int) -> dict[str, object]:
    mac = bytes([0x02, *uuid.UUID(record.id).bytes[:5]])  # the bit of addresses that no vendor gives
    found: dict[str, object] = {
        "occi.networkinterface.interface": f"eth{count - 1}",
        "occi.networkinterface.mac": mac.hex(":"),
    }
    return {**found, **_address(tx, record)} if IP in record.mixins else found


def _address(tx: Transaction, record: Record) -> dict[str, object]:
    """INF-09: there is always one, the client's or the next that is free on the network. Invalid without either."""
    given = record.attributes.get(ADDRESS)
    if given is not None:
        _must_be_address(str(given))
        return {}
    kind, _, id = str(record.target).partition(" ")
    network = entities.find(tx, record.account, kind, id)
    known = {} if network is None else network.attributes
    if owned.service_of(known):
        return {}  # the provider gives one, and it is seen as soon as the machine is
    if "occi.network.address" not in known:
        raise Invalid(f"{ADDRESS} is required: the network has no range to take one from")
    links = entities.page(tx, record.account, kind=INTERFACE, target=record.target, limit=_MOST).records
    taken = {str(each.attributes.get(ADDRESS)).partition("/")[0] for each in links} | {
        known.get("occi.network.gateway")
    }
    hosts = map(str, ip_network(str(known["occi.network.address"]), strict=False).hosts())
    gateway = {GATEWAY: known["occi.network.gateway"]} if "occi.network.gateway" in known else {}
    free = next((host for host in hosts if host not in taken), None)
    if free is None:
        raise Clash(f"no address of {known['occi.network.address']} is free", hint="remove an interface of the network")
    return {ADDRESS: free, **gateway}


def _must_be_address(text: str) -> None:
    try:
        ip_interface(text)
    except ValueError as error:
        raise Invalid(f"{ADDRESS} {text[:60]!r} is no address", hint="192.0.2.7, or with its prefix") from error
