"""What files of the pool are: volumes, which are empty at first, and snapshots, which are copies of machines' disks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import libvirt

from providers.errors import Conflict, NotFound, Quota, Refused
from providers.kvm import domains, names, storage
from providers.kvm.marks import Marks
from providers.kvm.options import Options
from providers.kvm.recorded import Seen
from providers.kvm.states import is_off
from providers.kvm.wire import Session
from providers.protocol import Kind, SnapshotSpec, State, VolumeSpec

FORM = "qcow2"


@dataclass(frozen=True, slots=True)
class Volumes:
    options: Options
    kind = Kind.VOLUME

    def kept(self, session: Session, spec: VolumeSpec) -> Mapping[str, int]:
        if spec.size <= 0:
            raise Refused(f"volume {spec.name} of {spec.size} bytes: ask for more than none")
        left = int(session.ask(storage.pool(session, self.options.pool).info)[3])
        if spec.size > left:
            raise Quota(f"volume {spec.name} is {spec.size} bytes; pool {self.options.pool} has {left} left")
        return {"size": spec.size}

    def make(self, session: Session, id: str, marks: Marks) -> None:
        name = names.file(id, "volume")
        where = storage.pool(session, self.options.pool)
        storage.made(session, where, name, storage.document(name, int(marks.more["size"]), FORM))

    def see(self, session: Session, id: str, marks: Marks) -> Seen | None:
        file = _file(session, self.options, id, "volume")
        if file is None:
            return None
        return State.ACTIVE, {"size": storage.capacity(session, file), "path": session.ask(file.path)}

    def remove(self, session: Session, id: str) -> None:
        file = _file(session, self.options, id, "volume")
        if file is None:
            return
        if used := domains.users(session, session.ask(file.path)):
            raise Conflict(f"volume {id} is used by machine {used[0]}; delete that first")
        session.change(file.delete)


@dataclass(frozen=True, slots=True)
class Snapshots:
    """The copy is libvirt's work, and goes on where the call that asked for it was given up."""

    options: Options
    kind = Kind.SNAPSHOT

    def kept(self, session: Session, spec: SnapshotSpec) -> Mapping[str, str]:
        if not names.is_identity(spec.machine):
            raise NotFound(f"there is no machine {spec.machine}")
        if not is_off(session.ask(domains.domain(session, spec.machine).handle.state)):
            raise Conflict(f"machine {spec.machine} runs: stop it first, or its disk would be saved half written")
        return {"machine": spec.machine}

    def make(self, session: Session, id: str, marks: Marks) -> None:
        where = storage.pool(session, self.options.pool)
        name = names.file(id, "snapshot")
        disk = storage.look(session, where, names.file(marks.more["machine"], "disk"))
        session.change(where.createXMLFrom, storage.document(name, storage.capacity(session, disk), FORM), disk)

    def see(self, session: Session, id: str, marks: Marks) -> Seen | None:
        """A file that libvirt does not let anybody read is still being written."""
        file = _file(session, self.options, id, "snapshot")
        if file is None:
            return None
        facts: dict[str, str | int] = {"machine": str(marks.more["machine"])}
        try:
            storage.content(session, file, 0, 1)
        except Conflict:
            return State.PENDING, facts
        return State.ACTIVE, {**facts, "size": storage.capacity(session, file)}

    def remove(self, session: Session, id: str) -> None:
        file = _file(session, self.options, id, "snapshot")
        if file is None:
            return
        if used := domains.of_image(session, session.ask(file.path)):
            raise Conflict(f"snapshot {id} is the image of machine {used[0]}; delete that first")
        session.change(file.delete)


def _file(session: Session, options: Options, id: str, what: str) -> libvirt.virStorageVol | None:
    try:
        return storage.look(session, storage.pool(session, options.pool), names.file(id, what))
    except NotFound:
        return None
