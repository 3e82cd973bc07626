"""Networks: libvirt's, with NAT as the way out and none in. The first range has DHCP; further ones are subnets on the
same bridge, whose machines are told their address by their seed: libvirt serves one range by DHCP.

A network that is defined and not started is half made; its token starts it, in another range where its own was taken
meanwhile and no machine has an address of it: libvirt itself refuses to start one whose range is routed already.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Interface, IPv4Network
from zlib import crc32

import libvirt

from providers.errors import Conflict, NotFound, Quota, Refused
from providers.kvm import domains, leases, names
from providers.kvm.documents import Element, element, read, word, written
from providers.kvm.marks import Marks, marked, metadata, remarked
from providers.kvm.options import Options
from providers.kvm.wire import Session
from providers.protocol import Kind, NetworkSpec, Resource, State
from providers.turns import Turns

PREFIX = 24
SMALLEST = 29
CHOOSING = "the range of a network"


@dataclass(frozen=True, slots=True)
class Networks:
    options: Options
    turns: Turns
    kind = Kind.NETWORK

    def create(self, session: Session, spec: NetworkSpec, id: str, tags: Mapping[str, str]) -> Resource:
        asked = ranges(spec)
        with self.turns.held(CHOOSING, session.clock.left()):
            found = _known(session, id)
            if found is None or not session.ask(found.isActive):
                if found is None or not leases.held(described(session, found)):
                    chosen = asked or [free(self.options.range, _taken(session, but=id), id)]
                    xml = document(id, spec.name, chosen, Marks(spec.name, tags))
                    found = session.change(session.host.networkDefineXML, xml)
                session.change(found.setAutostart, 1)  # it is there again when the host is
                session.change(found.create)
        return self.observe(session, id)

    def look(self, session: Session) -> Sequence[Resource]:
        every = (_seen(session, each) for each in session.ask(session.host.listAllNetworks))
        return [each for each in every if each]

    def observe(self, session: Session, id: str) -> Resource:
        found = _known(session, id)
        seen = _seen(session, found) if found else None
        if seen is None:
            raise NotFound(f"network {id} is none that was made here, or is gone")
        return seen

    def retag(self, session: Session, id: str, tags: Mapping[str, str]) -> Resource:
        """Its document is defined anew, and nobody gets an address meanwhile."""
        with self.turns.held(leases.turn(id), session.clock.left()):
            self.observe(session, id)
            root = described(session, network(session, id))
            marks = marked(root)
            if marks and marks != marks.with_tags(tags):
                session.change(session.host.networkDefineXML, remarked(root, marks.with_tags(tags)))
        return self.observe(session, id)

    def delete(self, session: Session, id: str) -> None:
        """Not while a machine has an address of it; an address that outlived its machine goes, too."""
        with self.turns.held(leases.turn(id), session.clock.left()):
            self.observe(session, id)
            found = network(session, id)
            if taken := leases.held(described(session, found)).keys() & domains.macs(session):
                raise Conflict(f"network {id} has {len(taken)} addresses of machines; delete those first")
            if session.ask(found.isActive):
                session.change(found.destroy)
            session.change(found.undefine)


def network(session: Session, id: str) -> libvirt.virNetwork:
    if not names.is_identity(id):
        raise NotFound(f"there is no network {id}")
    return session.ask(session.host.networkLookupByUUIDString, id)


def described(session: Session, found: libvirt.virNetwork) -> Element:
    """As it is kept: what is active may have older marks."""
    return read(session.ask(found.XMLDesc, libvirt.VIR_NETWORK_XML_INACTIVE))


def document(id: str, name: str, chosen: Sequence[IPv4Network], marks: Marks) -> str:
    """A network of these ranges. Pure."""
    return written(
        element(
            "network",
            element("name", names.shown(name, id)),
            element("uuid", id),
            metadata(marks),
            element("forward", mode="nat"),
            element("bridge", name=names.bridge(id), stp="off", delay=0),
            *(_range(each, first=each is chosen[0]) for each in chosen),
        )
    )


def _range(of: IPv4Network, *, first: bool) -> Element:
    dhcp = element("dhcp", element("range", start=str(of[2]), end=str(of[-2]))) if first else None
    return element("ip", dhcp, address=str(of[1]), prefix=of.prefixlen)


def ranges(spec: NetworkSpec) -> list[IPv4Network]:
    """Those that are asked for. Refused where machines could not be in them."""
    found = []
    for text in filter(None, (spec.cidr, *spec.subnets)):
        try:
            found.append(IPv4Network(text))
        except ValueError as error:
            raise Refused(f"{text} is no range of IPv4 addresses: {error}") from error
        if found[-1].prefixlen > SMALLEST:
            raise Refused(f"{text} is too small: ask for a /{SMALLEST} or larger")
    if spec.subnets and not spec.cidr:
        raise Refused(f"network {spec.name} names subnets and no range of its own: say it too")
    return found


def blocks(root: Element) -> list[IPv4Interface]:
    """The host's address in each range of a network's document, with the range. Pure."""
    return [found for each in root.iterfind("ip") if (found := _block(each)) is not None]


def free(space: IPv4Network, taken: Sequence[IPv4Network], id: str) -> IPv4Network:
    """A /24 that overlaps none that is taken; where it begins to look follows from the id, so that two who look at the
    same time find different ones. Quota where there is none."""
    size = max(PREFIX, space.prefixlen)
    count = 1 << (size - space.prefixlen)
    start = crc32(id.encode()) % count
    for step in range(count):
        first = int(space.network_address) + ((start + step) % count) * (1 << (32 - size))
        found = IPv4Network((first, size))
        if not any(found.overlaps(each) for each in taken):
            return found
    raise Quota(f"no range of {space} is free: {len(taken)} are taken; set `range` to another")


def seen(root: Element, *, active: bool) -> Resource | None:
    """A network as a resource; None where it is not ours. Pure."""
    marks, found = marked(root), blocks(root)
    if marks is None or not found:
        return None
    facts: dict[str, str | int] = {"cidr": str(found[0].network), "gateway": str(found[0].ip)}
    facts |= {"subnets": " ".join(str(each.network) for each in found[1:])} if found[1:] else {}
    facts |= {"bridge": word(root, "bridge", "name")}
    facts |= {} if active else {"error": "not started: virsh net-start, or ask for it again"}
    state = State.ACTIVE if active else State.ERROR
    return Resource(Kind.NETWORK, word(root, "uuid"), marks.name, state, marks.token, marks.tags, (), facts)


def _known(session: Session, id: str) -> libvirt.virNetwork | None:
    try:
        return network(session, id)
    except NotFound:
        return None


def _seen(session: Session, found: libvirt.virNetwork) -> Resource | None:
    try:
        return seen(described(session, found), active=bool(session.ask(found.isActive)))
    except NotFound:
        return None  # gone since it was looked up


def _taken(session: Session, but: str) -> list[IPv4Network]:
    return list(_ranges_of_others(session, but))


def _ranges_of_others(session: Session, but: str) -> Iterator[IPv4Network]:
    for each in session.ask(session.host.listAllNetworks):
        try:
            root = described(session, each)
        except NotFound:
            continue
        if word(root, "uuid") != but:
            yield from (block.network for block in blocks(root))


def _block(of: Element) -> IPv4Interface | None:
    """Either a prefix or a netmask says how long it is; IPv6 is not ours."""
    try:
        return IPv4Interface(f"{of.get('address')}/{of.get('prefix') or of.get('netmask')}")
    except ValueError:
        return None
