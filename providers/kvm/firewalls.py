"""Firewalls: a filter of libvirt's each (nwfilter), that lets in what its rules say and drops the rest.

Filters name addresses and no groups. What a rule's `node:<name>` means is kept in the firewall's record; the addresses
that it stands for are written into the filter, and written anew whenever a machine of the service comes or goes
(`spread`): libvirt brings what changed to the machines that run. The digest of a filter's rules is the comment of its
last rule, so that only what changed is written.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from ipaddress import ip_network
from typing import Any, TypeAlias

from providers.errors import Conflict, NotFound
from providers.groups import scope
from providers.kvm import domains
from providers.kvm.documents import Element, element, read, written
from providers.kvm.domains import same_service
from providers.kvm.marks import LEAVING, NODE, Marks
from providers.kvm.names import shown
from providers.kvm.recorded import Seen
from providers.kvm.records import Records
from providers.kvm.wire import Session
from providers.protocol import FirewallSpec, Kind, Rule, State
from providers.rules import check
from providers.turns import Turns

MEMBER = "node:"
ANY = frozenset({"any", "all"})
Members: TypeAlias = Mapping[str, Sequence[str]]
"""Node -> the addresses of its machines."""
NOBODY = "0.0.0.0"  # noqa: S104 - the address of who asks for one by DHCP
HONEST, USUAL, LAST = -500, 500, 900
"""Priorities: what keeps a machine from speaking with another's address, what is let through, what is dropped."""


@dataclass(frozen=True, slots=True)
class Firewalls:
    turns: Turns
    kind = Kind.FIREWALL

    def kept(self, session: Session, spec: FirewallSpec) -> Mapping[str, Any]:
        for rule in spec.rules:
            check(rule)
        return {"rules": [asdict(each) for each in spec.rules]}

    def make(self, session: Session, id: str, marks: Marks) -> None:
        with self.turns.held(_turn(marks), session.clock.left()):
            follows = bool(nodes(kept(marks)))
            there = members(session, marks) if follows else {}
            session.change(session.host.nwfilterDefineXML, document(id, marks.name, kept(marks), there))
            if follows:
                _settled(session, marks, there)

    def see(self, session: Session, id: str, marks: Marks) -> Seen | None:
        try:
            session.ask(session.host.nwfilterLookupByUUIDString, id)
        except NotFound:
            return None
        return State.ACTIVE, {"rules": len(kept(marks))}

    def remove(self, session: Session, id: str) -> None:
        if used := [each.id for each in domains.every(session) if each.marks.more.get("firewall") == id]:
            raise Conflict(f"firewall {id} is used by machine {used[0]}; delete that first")
        with suppress(NotFound):
            session.change(session.ask(session.host.nwfilterLookupByUUIDString, id).undefine)


def spread(session: Session, turns: Turns, records: Records, marks: Marks) -> None:
    """The filters of these marks' service, brought to what its machines are now. Conflict where another process changed
    those meanwhile."""
    own = {id: each for id, each in records.look(session, Kind.FIREWALL).items() if same_service(each, marks)}
    following = {id: each for id, each in own.items() if nodes(kept(each))}
    if not following:
        return
    with turns.held(_turn(marks), session.clock.left()):
        there = members(session, marks)
        for id, each in following.items():
            _bring(session, id, each, there)
        _settled(session, marks, there)


def members(session: Session, marks: Marks) -> Members:
    """Node -> addresses of its machines in the service of these marks, without those that are leaving."""
    found: dict[str, list[str]] = {}
    for each in domains.every(session):
        if NODE in each.marks.tags and not each.marks.more.get(LEAVING) and same_service(each.marks, marks):
            found.setdefault(each.marks.tags[NODE], []).extend(each.marks.more.get("addresses", ()))
    return {node: sorted(addresses) for node, addresses in found.items()}


def kept(marks: Marks) -> list[Rule]:
    """The rules as they were asked for."""
    return [Rule(**each) for each in marks.more.get("rules", ())]


def nodes(rules: Sequence[Rule]) -> frozenset[str]:
    return frozenset(each.source.removeprefix(MEMBER) for each in rules if each.source.startswith(MEMBER))


def document(id: str, name: str, rules: Sequence[Rule], there: Members) -> str:
    """The filter. A machine speaks with its own addresses only, may speak to anybody and hear the answer, and hears of
    others what the rules let in. Pure."""
    let_in = [line for rule in rules for line in _lines(rule, there)]
    mark = digest(rules, there)
    lines = [
        _rule("drop", "out", HONEST - 100, element("mac", match="no", srcmacaddr="$MAC")),
        _rule("accept", "out", HONEST - 50, element("ip", srcipaddr=NOBODY, protocol="udp", dstportstart=67)),
        _rule("drop", "out", HONEST, element("ip", match="no", srcipaddr="$IP")),
        _rule("accept", "out", USUAL, element("all")),
        _rule("accept", "out", USUAL, element("all-ipv6")),
        _rule("accept", "in", USUAL, element("udp", srcportstart=67, dstportstart=68)),
        *let_in,
        _rule("drop", "in", LAST, element("all-ipv6")),
        _rule("drop", "in", LAST, element("all", comment=mark)),
    ]
    return written(element("filter", element("uuid", id), *lines, name=shown(name, id), chain="root"))


def digest(rules: Sequence[Rule], there: Members) -> str:
    """What these rules come to with these members."""
    meant = [(rule, tuple(_sources(rule, there))) for rule in rules]
    return hashlib.sha256(repr(meant).encode()).hexdigest()[:16]


def _turn(marks: Marks) -> str:
    return f"firewalls of {sorted(scope(marks.tags).items())}"


def _settled(session: Session, marks: Marks, there: Members) -> None:
    if members(session, marks) != there:
        raise Conflict("machines of the same service came or went meanwhile; come again")


def _bring(session: Session, id: str, marks: Marks, there: Members) -> None:
    rules = kept(marks)
    try:
        found = session.ask(session.host.nwfilterLookupByUUIDString, id)
        if _mark(read(session.ask(found.XMLDesc))) == digest(rules, there):
            return
    except NotFound:
        return  # being made, with these members, or being removed
    session.change(session.host.nwfilterDefineXML, document(id, marks.name, rules, there))


def _mark(root: Element) -> str:
    return next((str(each.get("comment")) for each in root.iterfind("rule/all") if each.get("comment")), "")


def _lines(rule: Rule, there: Members) -> Iterator[Element]:
    for source in _sources(rule, there):
        block = ip_network(source, strict=False)
        for protocol in _protocols(rule):
            where: dict[str, str | int] = {}
            if block.prefixlen:
                where = {"srcipaddr": str(block.network_address), "srcipmask": block.prefixlen}
            if protocol in {"tcp", "udp"} and (rule.from_port, rule.to_port) != (0, 0):
                where |= {"dstportstart": rule.from_port, "dstportend": rule.to_port}
            yield _rule("accept", "in", USUAL, element(_of_version(protocol, block.version), **where))


def _sources(rule: Rule, there: Members) -> Sequence[str]:
    if rule.source.startswith(MEMBER):
        return there.get(rule.source.removeprefix(MEMBER), ())
    return (rule.source,)


def _protocols(rule: Rule) -> tuple[str, ...]:
    """Any protocol with ports is those that have them."""
    if rule.protocol.lower() not in ANY:
        return (rule.protocol.lower(),)
    return ("all",) if (rule.from_port, rule.to_port) == (0, 0) else ("tcp", "udp")


def _of_version(protocol: str, version: int) -> str:
    if version == 4:
        return protocol
    return "icmpv6" if protocol == "icmp" else f"{protocol}-ipv6"


def _rule(action: str, direction: str, priority: int, what: Element) -> Element:
    return element("rule", what, action=action, direction=direction, priority=priority)
