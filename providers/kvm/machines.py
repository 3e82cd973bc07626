"""Machines: a domain that is the root, and the addresses, disk, seed and console that hang on it.

The root comes first and goes last. Whatever hangs on it is named by its id, so that a token completes what an earlier
call left half made. A machine starts when the firewalls of its service know it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

import libvirt

from providers.errors import Conflict, NotFound
from providers.kvm import domains, firewalls, interfaces, names, power, storage
from providers.kvm.boot import virt
from providers.kvm.capacity import fits
from providers.kvm.choosing import Choice, Choosing
from providers.kvm.domains import Domain
from providers.kvm.hardware import Parts, document
from providers.kvm.marks import KEY, LEAVING, MADE, SPACE, Marks, fragment
from providers.kvm.options import Options
from providers.kvm.reading import beyond, named, resized, seen, size_of
from providers.kvm.records import Records
from providers.kvm.seed import Nic, disk, files
from providers.kvm.states import TOLD, Told, is_off, state
from providers.kvm.volumes import FORM
from providers.kvm.wire import Session
from providers.protocol import Action, Kind, MachineSpec, OfferedSize, Resource, State
from providers.turns import Turns

TAIL = 64 * 1024
"""Bytes of a console log that are shown."""
UNDEFINE = (
    libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE
    | libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA
    | libvirt.VIR_DOMAIN_UNDEFINE_NVRAM
)


@dataclass(frozen=True, slots=True)
class Machines:
    options: Options
    turns: Turns
    records: Records
    choosing: Choosing
    kind = Kind.MACHINE

    def create(self, session: Session, spec: MachineSpec, id: str, tags: Mapping[str, str]) -> Resource:
        known = _known(session, id)
        if known and known.marks.more.get(MADE):
            return self._seen(session, known)
        choice = self.choosing.choice(session, spec, id)
        interfaces.can_be(session, spec, id)
        marks = Marks(spec.name, tags, _kept(spec, choice))
        root = Parts(virt(session, self.options), choice.size.cores, choice.size.memory)
        if known is None:
            fits(session, self.options, choice.size)
            session.change(session.host.defineXML, document(id, marks, root))
        nics = interfaces.claimed(session, self.turns, spec, id)
        parts = self._parts(session, spec, id, choice, replace(root, nics=nics))
        return self._started(session, id, marks.knowing(addresses=[str(each.address.ip) for each in nics]), parts)

    def look(self, session: Session) -> Sequence[Resource]:
        found = []
        for each in domains.every(session):
            with suppress(NotFound):  # gone since the list was made
                found.append(self._seen(session, each))
        return found

    def observe(self, session: Session, id: str) -> Resource:
        return self._seen(session, domains.domain(session, id))

    def act(self, session: Session, id: str, action: Action) -> Resource:
        with self.turns.held(_turn(id), session.clock.left()):
            self._told(session, domains.domain(session, id), action)
        return self.observe(session, id)

    def resize(self, session: Session, id: str, size: OfferedSize) -> Resource:
        with self.turns.held(_turn(id), session.clock.left()):
            found = domains.domain(session, id)
            if size_of(found) != named(size):
                if not is_off(session.ask(found.handle.state)):
                    raise Conflict(f"machine {id} runs: stop it first, and it gets another size")
                fits(session, self.options, beyond(found, size))
                session.change(session.host.defineXML, resized(found, size))
        return self.observe(session, id)

    def retag(self, session: Session, id: str, tags: Mapping[str, str]) -> Resource:
        found = domains.domain(session, id)
        marks = found.marks.with_tags(tags)
        if marks != found.marks:
            _mark(session, found.handle, marks)
            firewalls.spread(session, self.turns, self.records, marks)
        return self.observe(session, id)

    def delete(self, session: Session, id: str) -> None:
        """Out of the firewalls first: its addresses may soon be somebody else's. What somebody undefined has left its
        addresses and its files."""
        try:
            domains.handle(session, id)
        except NotFound:
            self._clear(session, id)
            return
        found = domains.domain(session, id)
        _mark(session, found.handle, found.marks.knowing(**{LEAVING: True}))
        firewalls.spread(session, self.turns, self.records, found.marks)
        with self.turns.held(_turn(id), session.clock.left()):
            power.switch_off(session, found)
            self._clear(session, id)
            session.change(found.handle.undefineFlags, UNDEFINE)

    def console(self, session: Session, id: str) -> str:
        domains.domain(session, id)
        try:
            file = storage.look(session, storage.pool(session, self.options.pool), names.file(id, "console"))
        except NotFound:
            return ""
        start = max(0, storage.capacity(session, file) - TAIL)
        return storage.content(session, file, start).decode(errors="replace")

    def _clear(self, session: Session, id: str) -> None:
        """What hangs on it."""
        interfaces.release(session, self.turns, id)
        where = storage.pool(session, self.options.pool)
        for what in ("disk", "seed", "console"):
            storage.remove(session, where, names.file(id, what))

    def _started(self, session: Session, id: str, marks: Marks, parts: Parts) -> Resource:
        """Defined with all its parts, known to its firewalls, and then started."""
        session.change(session.host.defineXML, document(id, marks, parts))
        firewalls.spread(session, self.turns, self.records, marks)
        with self.turns.held(_turn(id), session.clock.left()):
            found = domains.domain(session, id)
            power.switch_on(session, found)
            _mark(session, found.handle, marks.knowing(**{MADE: True}))
        return self.observe(session, id)

    def _parts(self, session: Session, spec: MachineSpec, id: str, choice: Choice, root: Parts) -> Parts:
        """Its files, made where they are not there."""
        size, below = max(choice.size.disk, choice.image.size), (choice.image.path, choice.image.form)
        return replace(
            root,
            disk=self._file(session, id, "disk", partial(storage.document, capacity=size, form=FORM, backing=below)),
            seed=self._seed(session, spec, id, choice.key, root.nics),
            console=self._file(session, id, "console", partial(storage.document, capacity=0, form="raw")),
            volumes=choice.volumes,
            filter=choice.filter,
        )

    def _file(self, session: Session, id: str, what: str, xml: Callable[[str], str]) -> str:
        """Its path. `xml` gives the document of a file of that name."""
        where, name = storage.pool(session, self.options.pool), names.file(id, what)
        return session.ask(storage.made(session, where, name, xml(name)).path)

    def _seed(self, session: Session, spec: MachineSpec, id: str, key: str, nics: Sequence[Nic]) -> str:
        """Written anew each time: one that was not written to its end is like one that was."""
        content = disk(files(id, spec.hostname, spec.user_data, key, nics))
        where, name = storage.pool(session, self.options.pool), names.file(id, "seed")
        file = storage.made(session, where, name, storage.document(name, len(content), "raw"))
        storage.fill(session, file, content)
        return session.ask(file.path)

    def _told(self, session: Session, found: Domain, action: Action) -> None:
        """Whoever is shutting down may be asked for the same again, and for nothing else."""
        now, asked = session.ask(found.handle.state), power.asked(found.document)
        if asked and not is_off(now):
            if asked.action is not action:
                raise Conflict(f"machine {found.id} was told to {asked.action} and is at it: it cannot {action} now")
            return
        if state(now) not in TOLD[action]:
            raise Conflict(f"machine {found.id} is {state(now)}: it cannot {action} now")
        told = TOLD[action][state(now)]
        if told is not Told.NOTHING:
            power.tell(session, found, told, action)

    def _seen(self, session: Session, found: Domain) -> Resource:
        """As it is, after what is due of a stop or a restart was done."""
        asked = power.asked(found.document)
        if asked:
            with self.turns.held(_turn(found.id), session.clock.left()):
                found = power.go_on(session, domains.domain(session, found.id), self.options.grace)
                asked = power.asked(found.document)
        now = session.ask(found.handle.state)
        return seen(found, State.PENDING if asked and not is_off(now) else state(now))


def _kept(spec: MachineSpec, choice: Choice) -> Mapping[str, object]:
    """What is to be known of it later."""
    return {
        "hostname": spec.hostname,
        "image": choice.image.path,
        "firewall": spec.firewall,
        "size": choice.size.name,
        "volumes": [each.volume for each in spec.volumes],
    }


def _known(session: Session, id: str) -> Domain | None:
    try:
        return domains.domain(session, id)
    except NotFound:
        return None


def _mark(session: Session, handle: libvirt.virDomain, marks: Marks) -> None:
    session.change(handle.setMetadata, power.ELEMENT, fragment(marks), KEY, SPACE, power.CONFIG)


def _turn(id: str) -> str:
    return f"machine/{id}"
