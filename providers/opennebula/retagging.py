"""Tags put back on what is there: they are one attribute, which is written anew."""

from __future__ import annotations

from collections.abc import Mapping

from providers.errors import Refused
from providers.opennebula.documents import template
from providers.opennebula.tags import TAGS, packed
from providers.opennebula.wire import Session
from providers.protocol import Kind, Resource

METHODS: Mapping[Kind, str] = {
    Kind.NETWORK: "vn.update",
    Kind.FIREWALL: "secgroup.update",
    Kind.VOLUME: "image.update",
    Kind.SNAPSHOT: "image.update",
    Kind.MACHINE: "vm.update",
}
"""What takes new attributes. A NIC, which an address is, keeps those that it was attached with."""
APPEND = 1


def retag(session: Session, seen: Resource, tags: Mapping[str, str]) -> None:
    """Beside the tags that it has under other names."""
    if seen.kind not in METHODS:
        raise Refused(f"OpenNebula does not change the tags of {seen.kind} {seen.id}")
    session.ask(METHODS[seen.kind], int(seen.id), template([(TAGS, packed({**seen.tags, **tags}))]), APPEND)
