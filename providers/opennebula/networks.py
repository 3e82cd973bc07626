"""Networks: addresses reserved from a network of the site's, or a network of its own with a range for each subnet.

OpenNebula lets through what any group of a NIC or of its network lets through, and gives a network without groups its
group 0, which lets everything in. So each network has a group of its own that lets nothing in (the network is the root,
the group hangs on it): what is let in to a machine is its firewall's business alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, summarize_address_range
from itertools import islice
from zlib import crc32

from providers.errors import Conflict, NotFound, Quota, Refused
from providers.opennebula.documents import Element, Pairs, number, read, template, vector, vectors, word
from providers.opennebula.options import NUMBERED, Options
from providers.opennebula.states import NETWORKS
from providers.opennebula.tags import NAME, attributes, cloud_name, named, tags_of
from providers.opennebula.wire import Session
from providers.protocol import Kind, NetworkSpec, Resource, State

RANGES = "ACCORDS_RANGES"
PART = "ACCORDS_PART"
"""On a group that belongs to a network and is no firewall."""
CLOSED = vector("RULE", {"PROTOCOL": "ALL", "RULE_TYPE": "outbound"})
OWN, ALL = -3, -2
"""Whose things a pool shows: this account's, or all that it may use."""
COPIED = ("GATEWAY", "DNS", "NETWORK_ADDRESS", "NETWORK_MASK")
SMALLEST = 29


@dataclass(frozen=True, slots=True)
class Networks:
    options: Options
    kind = Kind.NETWORK

    def create(self, session: Session, spec: NetworkSpec, token: str, tags: Mapping[str, str]) -> Resource:
        found = next(self._bearing(session, token), None)
        id = word(found, "ID") if found is not None else str(self._begin(session, spec, token, tags))
        if found is None or _is_half(found):
            self._complete(session, spec, id, token, tags)
        return self.observe(session, id)

    def find(self, session: Session, token: str) -> Resource | None:
        return next((seen(each) for each in self._bearing(session, token)), None)

    def look(self, session: Session) -> Sequence[Resource]:
        return [seen(each) for each in pool(session, OWN) if named(each)[1]]

    def observe(self, session: Session, id: str) -> Resource:
        return seen(self._network(session, id))

    def delete(self, session: Session, id: str) -> None:
        """Its group first: of the network it is found, of the group the network would not be."""
        found = self._network(session, id)
        if number(found, "USED_LEASES"):
            raise Conflict(f"network {id} is used by machines; delete those first")
        for each in _groups(session, named(found)[1]):
            session.ask("secgroup.delete", int(word(each, "ID")))
        session.ask("vn.delete", int(id))

    def _bearing(self, session: Session, token: str) -> Iterator[Element]:
        return (each for each in pool(session, OWN) if named(each)[1] == token)

    def _network(self, session: Session, id: str) -> Element:
        found = read(session.ask("vn.info", int(id)))
        if not named(found)[1]:
            raise NotFound(f"network {id} is none that was made here")
        return found

    def _begin(self, session: Session, spec: NetworkSpec, token: str, tags: Mapping[str, str]) -> int:
        if self.options.parent is not None:
            asked = self._reserved(spec, token)
            return int(session.ask("vn.reserve", int(self.options.parent), template(asked)))
        taken = [] if spec.cidr else list(_taken(session))
        ranges = _ranges(spec) or [free(self.options.pool, taken, token)]
        return int(session.ask("vn.allocate", template(self._own(spec, ranges, token, tags)), -1))

    def _reserved(self, spec: NetworkSpec, token: str) -> Pairs:
        """A block of addresses: from the range's first where one is asked for."""
        asked: list[tuple[str, str | int]] = [("NAME", cloud_name(spec.name, token))]
        ranges = _ranges(spec)
        if not ranges:
            return [*asked, ("SIZE", self.options.reserve)]
        return [*asked, ("SIZE", ranges[0].num_addresses), ("IP", str(ranges[0].network_address))]

    def _own(self, spec: NetworkSpec, ranges: Sequence[IPv4Network], token: str, tags: Mapping[str, str]) -> Pairs:
        first = ranges[0]
        asked: list[tuple[str, str | int | Pairs]] = [
            ("NAME", cloud_name(spec.name, token)),
            ("VN_MAD", self.options.vn_mad),
            ("NETWORK_ADDRESS", str(first.network_address)),
            ("NETWORK_MASK", str(first.netmask)),
            (RANGES, " ".join(map(str, ranges))),
            *attributes(spec.name, token, tags),
        ]
        asked += [("PHYDEV", self.options.phydev)] if self.options.phydev else []
        asked += [("GATEWAY", str(first[1]))] if self.options.gateway == "first" else []
        asked += [("DNS", self.options.dns)] if self.options.dns else []
        if self.options.vn_mad in NUMBERED:
            asked.append(("VLAN_ID", spec.vlan) if spec.vlan is not None else ("AUTOMATIC_VLAN_ID", "YES"))
        return [*asked, *(_address_range(each) for each in ranges)]

    def _complete(self, session: Session, spec: NetworkSpec, id: str, token: str, tags: Mapping[str, str]) -> None:
        """The group that lets nothing in, and what a reservation could not be given with its name."""
        groups = [int(word(each, "ID")) for each in _groups(session, token)]
        if not groups:
            asked = [("NAME", cloud_name(spec.name, token)), (PART, "network"), *attributes(spec.name, token, tags)]
            groups = [int(session.ask("secgroup.allocate", template([*asked, CLOSED])))]
        more: list[tuple[str, str | int]] = [("SECURITY_GROUPS", groups[0]), *attributes(spec.name, token, tags)]
        if self.options.parent is not None:
            parent = read(session.ask("vn.info", int(self.options.parent)))
            more += [(each, word(parent, f"TEMPLATE/{each}")) for each in COPIED if word(parent, f"TEMPLATE/{each}")]
        session.ask("vn.update", int(id), template(more), 1)


def pool(session: Session, whose: int) -> Element:
    return read(session.ask("vnpool.info", whose, -1, -1))


def free(space: IPv4Network, taken: Sequence[IPv4Network], token: str) -> IPv4Network:
    """A /24 of the pool that overlaps none that is taken; where it begins to look follows from the token, so that two
    who look at the same time find different ones. Quota where there is none."""
    count = 1 << (24 - space.prefixlen) if space.prefixlen < 24 else 1
    start = crc32(token.encode()) % count
    for step in range(count):
        found = IPv4Network((int(space.network_address) + ((start + step) % count) * 256, max(24, space.prefixlen)))
        if not any(found.overlaps(each) for each in taken):
            return found
    raise Quota(f"no range of {space} is free: {len(taken)} networks are there; set `pool` to another")


def _taken(session: Session) -> Iterator[IPv4Network]:
    for each in pool(session, ALL):
        yield from _known(each) or _covered(each)


def _ranges(spec: NetworkSpec) -> list[IPv4Network]:
    """The ranges that were asked for. Refused where OpenNebula's machines could not be in them."""
    found = []
    for text in (spec.cidr, *spec.subnets):
        try:
            found += [IPv4Network(text)] if text else []
        except ValueError as error:
            raise Refused(f"{text} is no range of IPv4 addresses: {error}") from error
    small = next((each for each in found if each.prefixlen > SMALLEST), None)
    if small:
        raise Refused(f"{small} is too small: ask for a /{SMALLEST} or larger")
    return found


def _address_range(of: IPv4Network) -> tuple[str, Pairs]:
    """All but the network's own, the router's and the broadcast address."""
    return vector("AR", {"TYPE": "IP4", "IP": str(of[2]), "SIZE": of.num_addresses - 3})


def _groups(session: Session, token: str) -> list[Element]:
    """The group that hangs on the network of a token."""
    found = read(session.ask("secgrouppool.info", OWN, -1, -1))
    return [each for each in found if word(each, f"TEMPLATE/{PART}") and named(each)[1] == token]


def _is_half(found: Element) -> bool:
    return "0" in word(found, "TEMPLATE/SECURITY_GROUPS", "0").split(",") or not word(found, f"TEMPLATE/{NAME}")


def _known(found: Element) -> list[IPv4Network]:
    """Ranges as they were asked for, where it is a network of ours."""
    try:
        return [IPv4Network(each) for each in word(found, f"TEMPLATE/{RANGES}").split()]
    except ValueError:
        return []


def _covered(found: Element) -> list[IPv4Network]:
    """The smallest ranges that hold all of its addresses."""
    covered = []
    for each in vectors(found, "AR_POOL/AR"):
        try:
            first = IPv4Address(each.get("IP", ""))
            last = first + int(each.get("SIZE", "1")) - 1
        except ValueError:
            continue  # IPv6, or by hardware address alone
        covered.append(_around(first, last))
    return covered


def _around(first: IPv4Address, last: IPv4Address) -> IPv4Network:
    exact = list(islice(summarize_address_range(first, last), 2))
    if len(exact) == 1:
        return exact[0]
    return IPv4Network((int(first), 32 - (int(first) ^ int(last)).bit_length()), strict=False)


def seen(found: Element) -> Resource:
    """A network as a resource. Pure."""
    name, token = named(found)
    state = NETWORKS.get(number(found, "STATE"), State.PENDING)
    ranges = _known(found) or _covered(found)
    facts: dict[str, str | int] = {"cidr": str(ranges[0])} if ranges else {}
    facts |= {"subnets": " ".join(map(str, ranges[1:]))} if ranges[1:] else {}
    facts |= {"gateway": word(found, "TEMPLATE/GATEWAY")} if word(found, "TEMPLATE/GATEWAY") else {}
    facts |= {"vlan": number(found, "VLAN_ID")} if word(found, "VLAN_ID").isdigit() else {}
    facts |= {"reserved": word(found, "PARENT_NETWORK_ID")} if word(found, "PARENT_NETWORK_ID") else {}
    if state is State.ACTIVE and _is_half(found):
        state = State.ERROR
        facts["error"] = "half made: it still lets in whatever comes, or has no tags"
    return Resource(Kind.NETWORK, word(found, "ID"), name, state, token, tags_of(found), (), facts)
