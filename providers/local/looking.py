"""Things as others see them: `Resource`, from what is on disk and what the kernel shows."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import assert_never

from providers.local import lifecycle, networks, volumes
from providers.local.programs import Deadline
from providers.local.site import Site
from providers.local.things import KINDS, Firewall, Machine, Network, Snapshot, Thing, Volume
from providers.protocol import Resource, State


def resource(site: Site, thing: Thing, deadline: Deadline) -> Resource:
    """The thing as it is now."""
    state, facts = _state(site, thing, deadline), _facts(site, thing)
    if isinstance(thing, Machine | Snapshot) and thing.error:
        facts["error"] = thing.error
    addresses = tuple(port.address for port in thing.ports) if isinstance(thing, Machine) else ()
    return Resource(KINDS[type(thing)], thing.id, thing.spec.name, state, thing.token, thing.tags, addresses, facts)


def _state(site: Site, thing: Thing, deadline: Deadline) -> State:
    match thing:
        case Machine():
            return lifecycle.state(site, thing, deadline)
        case Network():  # after a restart of this machine a start of its machines brings it back
            return State.ACTIVE if networks.is_up(thing) else State.STOPPED
        case Snapshot():
            return State.ERROR if thing.error else State.ACTIVE if thing.done else State.PENDING
        case Volume() | Firewall():
            return State.ACTIVE
        case _:
            assert_never(thing)


def _facts(site: Site, thing: Thing) -> dict[str, str | int]:
    match thing:
        case Machine():
            return _machine(site, thing)
        case Network():
            prefix = IPv4Network(thing.cidr).prefixlen
            return {"cidr": thing.cidr, "gateway": str(networks.gateway(thing)), "prefix": prefix, "bridge": thing.id}
        case Volume():
            return volumes.facts(site, thing)
        case Firewall():
            return {"rules": len(thing.spec.rules), "network": thing.spec.network or ""}
        case Snapshot():
            return {"machine": thing.spec.machine, "host": str(site.snapshot(thing.id))}
        case _:
            assert_never(thing)


def _machine(site: Site, machine: Machine) -> dict[str, str | int]:
    facts: dict[str, str | int] = {
        "hostname": machine.spec.hostname,
        "image": machine.spec.image,
        "cores": machine.spec.cores,
        "memory": machine.spec.memory,
        "console": str(site.node(machine.id) / "console"),
    }
    if machine.ports:
        facts["mac"] = machine.ports[0].mac
    return facts
