"""A machine's interfaces: one in each of its networks, with an address that nobody else has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from ipaddress import IPv4Interface

from providers.errors import NotFound, Refused
from providers.kvm import leases, names, networks
from providers.kvm.documents import Element, word
from providers.kvm.seed import Nic
from providers.kvm.wire import Session
from providers.protocol import MachineSpec
from providers.turns import Turns


def can_be(session: Session, spec: MachineSpec, id: str) -> None:
    """NotFound, Refused, Conflict or Quota where a network or an address cannot be had."""
    if len(spec.networks) > names.MOST:
        raise Refused(f"machine {spec.name} is in {len(spec.networks)} networks; it can be in {names.MOST}")
    for number, (network, wanted) in enumerate(_asked(spec)):
        root = networks.described(session, networks.network(session, network))
        leases.chosen(leases.held(root), networks.blocks(root), names.mac(id, number), wanted)


def claimed(session: Session, turns: Turns, spec: MachineSpec, id: str) -> tuple[Nic, ...]:
    """The interfaces, with their addresses: those that an earlier call got for this machine, or new ones."""
    found = []
    for number, (network, wanted) in enumerate(_asked(spec)):
        with turns.held(leases.turn(network), session.clock.left()):
            found.append(_claimed(session, network, names.mac(id, number), wanted))
    return tuple(found)


def release(session: Session, turns: Turns, id: str) -> None:
    """Give back all the addresses that this machine has, whatever is known of its interfaces."""
    for each in session.ask(session.host.listAllNetworks):
        with suppress(NotFound):
            network = session.ask(each.UUIDString)
            own = [mac for mac in leases.held(networks.described(session, each)) if mac in names.macs(id)]
            for mac in own:
                with turns.held(leases.turn(network), session.clock.left()):
                    leases.release(session, each, networks.described(session, each), mac)


def _asked(spec: MachineSpec) -> Iterator[tuple[str, str]]:
    wanted = (*spec.addresses, *([""] * len(spec.networks)))
    return zip(spec.networks, wanted, strict=False)


def _claimed(session: Session, network: str, mac: str, wanted: str) -> Nic:
    found = networks.network(session, network)
    root = networks.described(session, found)
    blocks = networks.blocks(root)
    address = leases.chosen(leases.held(root), blocks, mac, wanted)
    leases.claim(session, found, root, mac, address)
    return nic(root, blocks, mac, address)


def nic(root: Element, blocks: Sequence[IPv4Interface], mac: str, address: IPv4Interface) -> Nic:
    """The interface with that address in the network of this document. Pure."""
    block = next(each for each in blocks if each.network == address.network)
    return Nic(mac, word(root, "name"), address, str(block.ip), served=block == blocks[0])
