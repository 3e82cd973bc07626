"""Machines as libvirt has them: read from its documents, and looked at all together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

import libvirt

from providers.errors import NotFound
from providers.groups import scope
from providers.kvm import names
from providers.kvm.documents import Element, read, word
from providers.kvm.marks import Marks, marked
from providers.kvm.wire import Session


@dataclass(frozen=True, slots=True)
class Domain:
    """A machine of ours: its handle, its marks, and its document as it is when it is off."""

    id: str
    handle: libvirt.virDomain
    marks: Marks
    document: Element


def handle(session: Session, id: str) -> libvirt.virDomain:
    return session.ask(session.host.lookupByUUIDString, id)


def domain(session: Session, id: str) -> Domain:
    """NotFound where there is none, or it is not ours."""
    found = _read(session, handle(session, id))
    if found is None:
        raise NotFound(f"machine {id} is none that was made here")
    return found


def every(session: Session) -> Iterator[Domain]:
    """Ours, of whoever's account: one call, and one for each."""
    for each in session.ask(session.host.listAllDomains):
        with suppress(NotFound):  # gone since the list was made
            if found := _read(session, each):
                yield found


def users(session: Session, path: str) -> list[str]:
    """The ids of machines that a file is a disk of."""
    return [each.id for each in every(session) if path in disks(each.document)]


def of_image(session: Session, path: str) -> list[str]:
    """The ids of machines whose disk is what has changed of that image."""
    return [each.id for each in every(session) if each.marks.more.get("image") == path]


def disks(document: Element) -> list[str]:
    return [str(each.get("file")) for each in document.iterfind("devices/disk/source") if each.get("file")]


def networks(document: Element) -> list[tuple[str, str]]:
    """(hardware address, name of its network) of each interface."""
    found = document.iterfind("devices/interface")
    return [(word(each, "mac", "address"), word(each, "source", "network")) for each in found]


def macs(session: Session) -> frozenset[str]:
    """The hardware addresses of all machines of the host, whoever made them; of ours also those that they may get."""
    found: set[str] = set()
    for each in session.ask(session.host.listAllDomains):
        with suppress(NotFound):  # gone since the list was made
            document = read(session.ask(each.XMLDesc, libvirt.VIR_DOMAIN_XML_INACTIVE))
            found |= {mac for mac, _ in networks(document)} | names.macs(word(document, "uuid"))
    return frozenset(found)


def same_service(one: Marks, other: Marks) -> bool:
    return scope(one.tags) == scope(other.tags)


def _read(session: Session, found: libvirt.virDomain) -> Domain | None:
    document = read(session.ask(found.XMLDesc, libvirt.VIR_DOMAIN_XML_INACTIVE))
    marks = marked(document)
    return Domain(word(document, "uuid"), found, marks, document) if marks else None
