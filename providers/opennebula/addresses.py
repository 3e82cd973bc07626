"""Public addresses: one more NIC of the machine, in the network that the settings name.

The NIC carries our marks itself; its id is the machine's and its own, `12.3`, which OpenNebula gives once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from providers.errors import Conflict, NotFound, Refused
from providers.opennebula.documents import Element, number, template, vector, vectors, word
from providers.opennebula.machines import OPEN, machine
from providers.opennebula.members import machines
from providers.opennebula.options import Options
from providers.opennebula.states import ACTIVE
from providers.opennebula.tags import NAME, TAGS, TOKEN, attributes, parsed
from providers.opennebula.wire import Session
from providers.protocol import AddressSpec, Kind, Resource, State

CHANGING = frozenset({25, 66})
"""LCM_STATE of a machine that gets or loses a NIC."""


@dataclass(frozen=True, slots=True)
class Addresses:
    options: Options
    kind = Kind.ADDRESS

    def create(self, session: Session, spec: AddressSpec, token: str, tags: Mapping[str, str]) -> Resource:
        """The caller holds the token; where another process was quicker, the younger one gives way."""
        return self.find(session, token) or self._attach(session, spec, token, tags)

    def _attach(self, session: Session, spec: AddressSpec, token: str, tags: Mapping[str, str]) -> Resource:
        if self.options.public is None:
            raise Refused("no network gives public addresses: set `public` in the provider's options")
        if not spec.machine.isdigit():
            raise NotFound(f"there is no machine {spec.machine}")
        groups = next((each.get("SECURITY_GROUPS", OPEN) for each in _nics(machine(session, spec.machine))), OPEN)
        nic = {"NETWORK_ID": self.options.public, "SECURITY_GROUPS": groups, **dict(attributes(spec.name, token, tags))}
        session.ask("vm.attachnic", int(spec.machine), template([vector("NIC", nic)]))
        made = [each for each in self.look(session) if each.token == token]
        if len(made) != 1:
            raise Conflict(f"address {spec.name} is not there yet, or twice; come again")
        return replace(made[0], state=State.PENDING)

    def find(self, session: Session, token: str) -> Resource | None:
        return next((each for each in self.look(session) if each.token == token), None)

    def look(self, session: Session) -> Sequence[Resource]:
        return [each for found in machines(session) for each in seen(found)]

    def observe(self, session: Session, id: str) -> Resource:
        found = next((each for each in seen(_machine(session, id)) if each.id == id), None)
        if found is None:
            raise NotFound(f"address {id} is none that was made here, or is gone")
        return found

    def delete(self, session: Session, id: str) -> None:
        self.observe(session, id)
        which, _, nic = id.partition(".")
        session.ask("vm.detachnic", int(which), int(nic))


def _machine(session: Session, id: str) -> Element:
    return machine(session, id.partition(".")[0])


def _nics(found: Element) -> Iterator[Mapping[str, str]]:
    return vectors(found, "TEMPLATE/NIC")


def seen(found: Element) -> list[Resource]:
    """The public addresses of a machine. Pure."""
    changing = number(found, "STATE") == ACTIVE and number(found, "LCM_STATE") in CHANGING
    state = State.PENDING if changing else State.ACTIVE
    return [
        Resource(
            Kind.ADDRESS,
            f"{word(found, 'ID')}.{each['NIC_ID']}",
            each.get(NAME, ""),
            state,
            parsed(each[TAGS]).get(TOKEN, ""),
            parsed(each[TAGS]),
            tuple(filter(None, [each.get("IP", "")])),
            {"machine": word(found, "ID"), "network": each.get("NETWORK_ID", "")},
        )
        for each in _nics(found)
        if TAGS in each
    ]
