"""Machines: allocated on HOLD, looked at among those of the same token, put into the firewalls, and released.

A machine that was allocated and not released is half made: an error, which its token completes.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

from providers import devices
from providers.errors import Conflict, NotFound, Quota, Refused
from providers.opennebula.documents import Element, Pairs, number, read, template, vector, vectors, word
from providers.opennebula.members import addresses, machines, spread
from providers.opennebula.networks import ALL
from providers.opennebula.options import Options
from providers.opennebula.states import ACTIVE, DONE, ENDING, HOLD, PENDING, TOLD, machine_state
from providers.opennebula.tags import NAME, NODE, TOKEN, attributes, tags_of
from providers.opennebula.wire import Session
from providers.protocol import Action, Kind, MachineSpec, OfferedSize, Resource, State

MIB = 1024**2
SIZE = "ACCORDS_SIZE"
OPEN = "0"
"""The group of a machine that names no firewall: OpenNebula's own, which lets everything in."""


@dataclass(frozen=True, slots=True)
class Machines:
    """`alone` keeps other threads from the firewalls of a service while its machines change."""

    options: Options
    alone: Callable[[Session, Mapping[str, str]], AbstractContextManager[None]]
    kind = Kind.MACHINE

    def create(self, session: Session, spec: MachineSpec, token: str, tags: Mapping[str, str]) -> Resource:
        """The caller holds the token."""
        with self.alone(session, tags):
            return self._create(session, spec, token, tags)

    def _create(self, session: Session, spec: MachineSpec, token: str, tags: Mapping[str, str]) -> Resource:
        mine = first(machines(session), token)
        id = word(mine, "ID") if mine is not None else str(self._allocate(session, spec, token, tags))
        there = machines(session)
        eldest = first(there, token)
        if eldest is not None and word(eldest, "ID") != id:
            session.ask("vm.action", "terminate-hard", int(id))
            raise Conflict(f"another made {spec.name} at the same time; come again")
        if eldest is None or number(eldest, "STATE") != HOLD:
            return self.observe(session, id)
        if NODE in tags:
            spread(session, tags, there)
        session.ask("vm.action", "release", int(id))
        return replace(self._seen(eldest), state=State.PENDING, facts=_without_error(self._seen(eldest)))

    def find(self, session: Session, token: str) -> Resource | None:
        found = first(machines(session), token)
        return self._seen(found) if found is not None else None

    def look(self, session: Session) -> Sequence[Resource]:
        return [self._seen(each) for each in machines(session) if is_ours(each)]

    def observe(self, session: Session, id: str) -> Resource:
        return self._seen(machine(session, id))

    def delete(self, session: Session, id: str) -> None:
        """Out of the firewalls first: its addresses may soon be somebody else's."""
        found = machine(session, id)
        if _is_going(found):
            return
        tags = tags_of(found, "USER_TEMPLATE")
        with self.alone(session, tags):
            if NODE in tags:
                spread(session, tags, machines(session), leaving=id)
            self._terminate(session, id)

    def act(self, session: Session, id: str, action: Action) -> Resource:
        seen = self.observe(session, id)
        if seen.state not in TOLD[action]:
            raise Conflict(f"machine {id} is {seen.facts['status']}: it cannot {action} now")
        told = TOLD[action][seen.state]
        if told is None:
            return seen
        session.ask("vm.action", told, int(id))
        return replace(seen, state=State.PENDING)

    def resize(self, session: Session, id: str, size: OfferedSize) -> Resource:
        """Its new name is written after it has the size: one that has the size and not the name is asked for again."""
        seen = self.observe(session, id)
        has = (seen.facts["cores"], seen.facts["memory"]) == (size.cores, size.memory)
        if has and seen.facts.get("size", None) == size.name:
            return seen
        if not has:
            asked = _capacity(size.cores, size.memory)
            session.ask("vm.resize", int(id), template(asked), False)
        if size.name:
            session.ask("vm.update", int(id), template([(SIZE, size.name)]), 1)
        return self.observe(session, id)

    def _terminate(self, session: Session, id: str) -> None:
        """Conflict while it is being made or changed; not where somebody else ended it meanwhile."""
        try:
            session.ask("vm.action", "terminate-hard", int(id))
        except Conflict:
            if not _is_going(machine(session, id)):
                raise

    def _allocate(self, session: Session, spec: MachineSpec, token: str, tags: Mapping[str, str]) -> int:
        asked = [*self._parts(session, spec), *attributes(spec.name, token, tags)]
        try:
            if spec.size is None:
                named: Pairs = [("NAME", spec.name), *_capacity(spec.cores, spec.memory), *_where(spec), *asked]
                return int(session.ask("vm.allocate", template(named), True))
            size = _size(session, spec.size)
            sized = template([*asked, (SIZE, spec.size), *_where(spec, word(size, "TEMPLATE/SCHED_REQUIREMENTS"))])
            return int(session.ask("template.instantiate", number(size, "ID"), spec.name, True, sized, False))
        except Conflict as error:
            # a lease of any address was asked for, and there was none: no later call would find one by itself
            if "lease" in error.message and not any(spec.addresses):
                raise Quota(f"no address is left: {error.message}") from error
            raise

    def _parts(self, session: Session, spec: MachineSpec) -> list[tuple[str, str | int | Pairs]]:
        networks = spec.networks or tuple(filter(None, [self.options.network]))
        fixed = (*spec.addresses, *([""] * len(networks)))
        firewall = _number(spec.firewall, "firewall") if spec.firewall else OPEN
        nics = [
            {"NETWORK_ID": _number(id, "network"), "SECURITY_GROUPS": firewall} | ({"IP": ip} if ip else {})
            for id, ip in zip(networks, fixed, strict=False)
        ]
        disks = [{"IMAGE_ID": _number(each.volume, "volume")} for each in spec.volumes]
        return [
            vector("DISK", self._system(session, spec)),
            *(vector("DISK", each) for each in disks),
            *(vector("NIC", each) for each in nics),
            vector("CONTEXT", _context(spec)),
        ]

    def _system(self, session: Session, spec: MachineSpec) -> dict[str, str | int]:
        """The image, grown where a larger disk is asked for."""
        id = image_id(session, spec.image, self.options.images)
        image = read(session.ask("image.info", int(id))) if spec.disk else None
        wanted = _megabytes(spec.disk)
        grown = image is not None and wanted > number(image, "SIZE")
        return {"IMAGE_ID": id} | ({"SIZE": wanted} if grown else {})

    def _seen(self, found: Element) -> Resource:
        return self._waiting(seen(found), found)

    def _waiting(self, resource: Resource, found: Element) -> Resource:
        """What waits for room longer than the settings' patience is an error: nothing else would ever say so."""
        said = word(found, "USER_TEMPLATE/SCHED_MESSAGE")
        if number(found, "STATE") != PENDING or not said:
            return resource
        facts = {**resource.facts, "scheduler": said}
        if time.time() - number(found, "STIME") < self.options.patience:
            return replace(resource, facts=facts)
        return replace(resource, state=State.ERROR, facts={**facts, "error": f"no room: {said}"})


def first(there: Sequence[Element], token: str) -> Element | None:
    """The eldest of a token: ids only rise."""
    own = [each for each in there if tags_of(each, "USER_TEMPLATE").get(TOKEN) == token]
    return min(own, key=lambda each: number(each, "ID"), default=None)


def machine(session: Session, id: str) -> Element:
    """The machine of an id, unless it is done: OpenNebula shows those for ever. One that was made here is known by its
    name's attribute, for its tags may have been taken by somebody."""
    found = read(session.ask("vm.info", int(id)))
    if number(found, "STATE") == DONE or not word(found, f"USER_TEMPLATE/{NAME}"):
        raise NotFound(f"machine {id} is none that was made here, or is gone")
    return found


def _is_going(found: Element) -> bool:
    return number(found, "STATE") == ACTIVE and number(found, "LCM_STATE") in ENDING


def is_ours(found: Element) -> bool:
    return TOKEN in tags_of(found, "USER_TEMPLATE")


def image_id(session: Session, wanted: str, aliases: Mapping[str, str]) -> str:
    """The id of an image that is named by id, by name, or by a name of the settings."""
    wanted = aliases.get(wanted, wanted)
    if wanted.isdigit():
        return wanted
    for each in read(session.ask("imagepool.info", ALL, -1, -1)):
        if word(each, "NAME") == wanted:
            return word(each, "ID")
    raise NotFound(f"there is no image {wanted!r}")


def _size(session: Session, name: str) -> Element:
    """The template of that name."""
    for each in read(session.ask("templatepool.info", ALL, -1, -1)):
        if word(each, "NAME") == name:
            return each
    raise Refused(f"there is no size {name!r}: no template of the site has that name")


def _where(spec: MachineSpec, already: str = "") -> list[tuple[str, str]]:
    """The cluster, beside what the template of its size demands of a host."""
    if not spec.zone:
        return []
    cluster = f'CLUSTER = "{spec.zone}"'
    return [("SCHED_REQUIREMENTS", f"({already}) & ({cluster})" if already else cluster)]


def _capacity(cores: int, memory: int) -> list[tuple[str, int]]:
    return [("CPU", cores), ("VCPU", cores), ("MEMORY", _megabytes(memory))]


def _context(spec: MachineSpec) -> dict[str, str | int]:
    """What cloud-init and OpenNebula's own contextualization both read."""
    found: dict[str, str | int] = {"NETWORK": "YES", "SET_HOSTNAME": spec.hostname}
    if spec.user_data:
        found["USER_DATA"] = base64.b64encode(spec.user_data.encode()).decode()
        found["USERDATA_ENCODING"] = "base64"
    return found


def _number(id: str, what: str) -> str:
    if not id.isdigit() or len(id) > 9:
        raise NotFound(f"there is no {what} {id}: that is no id of this provider")
    return id


def _megabytes(count: int) -> int:
    return -(-count // MIB)


def _without_error(resource: Resource) -> dict[str, str | int]:
    return {key: value for key, value in resource.facts.items() if key != "error"}


def seen(found: Element) -> Resource:
    """A machine as a resource. Pure."""
    tags = tags_of(found, "USER_TEMPLATE")
    state = machine_state(number(found, "STATE"), number(found, "LCM_STATE"))
    return Resource(
        Kind.MACHINE,
        word(found, "ID"),
        word(found, f"USER_TEMPLATE/{NAME}", word(found, "NAME")),
        state,
        tags.get(TOKEN, ""),
        tags,
        tuple(addresses(found)),
        _facts(found, state),
    )


def _facts(found: Element, state: State) -> dict[str, str | int]:
    nics = list(vectors(found, "TEMPLATE/NIC"))
    status = f"{number(found, 'STATE')}/{number(found, 'LCM_STATE')}"
    facts: dict[str, str | int] = {
        "status": status,
        "cores": number(found, "TEMPLATE/VCPU") or number(found, "TEMPLATE/CPU"),
        "memory": number(found, "TEMPLATE/MEMORY") * MIB,
        "hostname": word(found, "TEMPLATE/CONTEXT/SET_HOSTNAME"),
        "host": word(found, "HISTORY_RECORDS/HISTORY[last()]/HOSTNAME"),
    }
    facts |= {"size": word(found, f"USER_TEMPLATE/{SIZE}")} if word(found, f"USER_TEMPLATE/{SIZE}") else {}
    facts |= {"mac": nics[0]["MAC"]} if nics and nics[0].get("MAC") else {}
    facts |= devices.told(_devices(found))
    if state is State.ERROR:
        facts["error"] = _reason(found, status)
    return facts


def _devices(found: Element) -> Mapping[str, Sequence[str]]:
    """By image. OpenNebula gives no disk a serial number: what is left is the name that it asks the hypervisor for."""
    volumes = list(vectors(found, "TEMPLATE/DISK"))[1:]  # after the one that it starts from
    return {each["IMAGE_ID"]: (each["TARGET"],) for each in volumes if each.get("TARGET") and each.get("IMAGE_ID")}


def _reason(found: Element, status: str) -> str:
    if number(found, "STATE") == HOLD:
        return "half made: it was allocated, and not released"
    return word(found, "USER_TEMPLATE/ERROR", f"OpenNebula says STATE/LCM_STATE {status} of it")
