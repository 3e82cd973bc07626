"""Which machines a rule's `node:<name>` means, and that the firewalls of a service say so.

Whoever changes a service's machines or firewalls writes its firewalls anew from a list of its machines, one thread at a
time, and looks at the list again afterwards: where another process changed it meanwhile, Conflict says to come again,
and the same token finds what is to be completed. A machine is released (starts) only when the firewalls have it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from providers.errors import Conflict
from providers.groups import scope
from providers.opennebula.documents import Element, read, template, vectors, word
from providers.opennebula.firewalls import Members, as_rules, kept, lines, nodes, pool, there
from providers.opennebula.states import ENDING
from providers.opennebula.tags import NODE, tags_of
from providers.opennebula.wire import Session

OWN, NOT_DONE = -3, -1


def machines(session: Session) -> list[Element]:
    """All of this account that are not done, with their tags: one call, however many there are."""
    return list(read(session.ask("vmpool.infoextended", OWN, -1, -1, NOT_DONE, "")))


def spread(session: Session, tags: Mapping[str, str], there_are: Sequence[Element], leaving: str = "") -> None:
    """The firewalls of this service, brought to what its machines are now. Conflict where they changed meanwhile."""
    wanted = members(there_are, tags, leaving)
    if not _write(session, tags, wanted):
        return
    if members(machines(session), tags, leaving) != wanted:
        raise Conflict("machines of the same service came or went meanwhile; come again")


def members(there_are: Sequence[Element], tags: Mapping[str, str], leaving: str = "") -> Members:
    """Node -> addresses of its machines in the service of these tags, without the one that is leaving."""
    found: dict[str, list[str]] = {}
    for each in there_are:
        own = tags_of(each, "USER_TEMPLATE")
        if NODE in own and word(each, "ID") != leaving and scope(own) == scope(tags) and not _is_ending(each):
            found.setdefault(own[NODE], []).extend(addresses(each))
    return {node: sorted(held) for node, held in found.items()}


def addresses(machine: Element) -> list[str]:
    """In the order of its NICs."""
    both = (*vectors(machine, "TEMPLATE/NIC"), *vectors(machine, "TEMPLATE/NIC_ALIAS"))
    numbered = sorted(both, key=lambda each: int(each.get("NIC_ID", "0")))
    return [each["IP"] for each in numbered if each.get("IP")]


def _write(session: Session, tags: Mapping[str, str], wanted: Members) -> bool:
    """Whether a firewall had to be written."""
    written = False
    for each in pool(session):
        rules = kept(each)
        if not nodes(rules) or scope(tags_of(each)) != scope(tags):
            continue
        should = lines(rules, wanted)
        if there(each) != should:
            session.ask("secgroup.update", int(word(each, "ID")), template(as_rules(should)), 1)
            written = True
    return written


def _is_ending(machine: Element) -> bool:
    return int(word(machine, "STATE", "0")) == 3 and int(word(machine, "LCM_STATE", "0")) in ENDING
