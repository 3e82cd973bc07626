"""The fake cloud's addresses: 256 networks of 16,381 machines each, and public ones beside them.

All are loopback addresses (RFC 1122, 3.2.1.3): a probe of a machine that does not exist never leaves this machine.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

from providers.errors import Conflict, Quota, Refused

PREFIX = 18
POOL = tuple(IPv4Network("127.64.0.0/10").subnets(new_prefix=PREFIX))
PUBLIC = IPv4Network("127.16.0.0/12")
GATEWAY = 1


class Block:
    """One network's addresses. What is given back is given out again, last first."""

    def __init__(self, network: IPv4Network) -> None:
        self.network = network
        self.gateway = str(network[GATEWAY])
        self._next = GATEWAY + 1
        self._free: list[str] = []
        self._chosen: set[str] = set()

    def take(self, wanted: str | None = None) -> str:
        """A free address; Quota when there is none. `wanted`: that one; Refused outside the network, Conflict where a
        machine has it."""
        if wanted:
            return self._take(wanted)
        if self._free:
            return self._free.pop()
        while str(self.network[self._next]) in self._chosen:
            self._next += 1
        if self._next >= self.network.num_addresses - 1:
            raise Quota(f"network {self.network} has no free address left of {self._next - GATEWAY - 1}")
        self._next += 1
        return str(self.network[self._next - 1])

    def give_back(self, address: str) -> None:
        self._chosen.discard(address)
        if self._passed(address):
            self._free.append(address)

    def _take(self, wanted: str) -> str:
        if IPv4Address(wanted) not in self.network:
            raise Refused(f"{wanted} is not in the network {self.network}")
        if wanted in self._chosen or wanted == self.gateway or (self._passed(wanted) and wanted not in self._free):
            raise Conflict(f"{wanted} is in use in the network {self.network}; choose another")
        if wanted in self._free:
            self._free.remove(wanted)
        self._chosen.add(wanted)
        return wanted

    def _passed(self, address: str) -> bool:
        """Whether it was, or could have been, given out in turn."""
        return IPv4Address(address) < self.network[self._next]


class Addresses:
    """Which networks are in use, by the id of the network resource; None is the block of public addresses."""

    def __init__(self) -> None:
        self._blocks: dict[str | None, Block] = {None: Block(PUBLIC)}

    def block(self, network: str | None) -> Block:
        return self._blocks[network]

    def open(self, id: str, cidr: str | None) -> Block:
        """A block for the network `id`: the one asked for, or the first that is free."""
        used = [block.network for block in self._blocks.values()]
        wanted = _parsed(cidr) if cidr else _first_free(set(used))
        clash = next((other for other in used if other.overlaps(wanted)), None)
        if clash is not None:
            raise Conflict(f"network {wanted} overlaps {clash}, which is in use; choose another")
        return self._blocks.setdefault(id, Block(wanted))

    def give_back(self, network: str | None, address: str) -> None:
        """The address is free again; nothing happens where its network is gone already."""
        if network in self._blocks:
            self._blocks[network].give_back(address)

    def close(self, id: str) -> None:
        self._blocks.pop(id, None)


def _parsed(cidr: str) -> IPv4Network:
    try:
        return IPv4Network(cidr)
    except ValueError as error:
        raise Refused(f"{cidr!r} is not an IPv4 network: {error}") from error


def _first_free(used: set[IPv4Network]) -> IPv4Network:
    for network in POOL:
        if network not in used and not any(network.overlaps(other) for other in used if other.prefixlen != PREFIX):
            return network
    raise Quota(f"no network is free; all {len(POOL)} are in use")
