"""Volumes and snapshots: both are images. A volume is a persistent data block; a snapshot a machine's disk, saved.

A saved disk takes a name and nothing else: its tags come by a second call, and its token is in its name meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from providers.errors import NotFound, Refused
from providers.opennebula.documents import Element, number, read, template, vectors, word
from providers.opennebula.networks import ALL, OWN
from providers.opennebula.options import Options
from providers.opennebula.states import IMAGES
from providers.opennebula.tags import attributes, cloud_name, named, tags_of
from providers.opennebula.wire import Session
from providers.protocol import Kind, OfferedImage, Resource, SnapshotSpec, State, VolumeSpec

MIB = 1024**2
OS, DATABLOCK = 0, 2
TYPES = {OS: Kind.SNAPSHOT, DATABLOCK: Kind.VOLUME}
"""TYPE of an image of ours -> what it is to us."""
FOR_IMAGES = 0
"""TYPE of a datastore."""
DESCRIBED = {"distribution": "DISTRIBUTION", "version": "VERSION", "architecture": "ARCH"}
"""What an operator may have written into an image's template."""


@dataclass(frozen=True, slots=True)
class Images:
    """Of one kind."""

    options: Options
    kind: Kind

    def find(self, session: Session, token: str) -> Resource | None:
        return next((each for each in self.look(session) if each.token == token), None)

    def look(self, session: Session) -> Sequence[Resource]:
        found = [seen(each) for each in pool(session, OWN) if named(each)[1]]
        return [each for each in found if each.kind is self.kind]

    def observe(self, session: Session, id: str) -> Resource:
        found = read(session.ask("image.info", int(id)))
        if not named(found)[1] or seen(found).kind is not self.kind:
            raise NotFound(f"{self.kind} {id} is none that was made here")
        return seen(found)

    def delete(self, session: Session, id: str) -> None:
        """OpenNebula itself says when a machine has it."""
        self.observe(session, id)
        session.ask("image.delete", int(id))

    def create(
        self, session: Session, spec: VolumeSpec | SnapshotSpec, token: str, tags: Mapping[str, str]
    ) -> Resource:
        found = self.find(session, token)
        if isinstance(spec, VolumeSpec):
            return found or self.observe(session, str(self._volume(session, spec, token, tags)))
        id = found.id if found else str(_saved(session, spec, token))
        if not found or not found.tags:
            session.ask("image.update", int(id), template(attributes(spec.name, token, tags)), 1)
        return self.observe(session, id)

    def _volume(self, session: Session, spec: VolumeSpec, token: str, tags: Mapping[str, str]) -> int:
        if spec.size <= 0:
            raise Refused(f"a volume of {spec.size} bytes cannot be made; ask for at least one")
        asked: list[tuple[str, str | int]] = [
            ("NAME", cloud_name(spec.name, token)),
            ("TYPE", "DATABLOCK"),
            ("PERSISTENT", "YES"),
            ("SIZE", -(-spec.size // MIB)),
            *attributes(spec.name, token, tags),
        ]
        return int(session.ask("image.allocate", template(asked), self._datastore(session, spec.type), False))

    def _datastore(self, session: Session, wanted: str | None) -> int:
        """The datastore that a volume's type names, that of the options, or the first that keeps images."""
        if wanted is None and self.options.datastore is not None:
            return self.options.datastore
        for each in read(session.ask("datastorepool.info")):
            if number(each, "TYPE") == FOR_IMAGES and wanted in {None, word(each, "NAME"), word(each, "ID")}:
                return number(each, "ID")
        raise Refused(f"there is no datastore for images{f' named {wanted!r}' if wanted else ''}; set `datastore`")


def _saved(session: Session, spec: SnapshotSpec, token: str) -> int:
    if not spec.machine.isdigit():
        raise NotFound(f"there is no machine {spec.machine}")
    machine = read(session.ask("vm.info", int(spec.machine)))
    disk = next((int(each["DISK_ID"]) for each in vectors(machine, "TEMPLATE/DISK")), None)
    if disk is None:
        raise Refused(f"machine {spec.machine} has no disk that could be saved")
    return int(session.ask("vm.disksaveas", int(spec.machine), disk, cloud_name(spec.name, token), "", -1))


def pool(session: Session, whose: int) -> Element:
    return read(session.ask("imagepool.info", whose, -1, -1))


def offered(session: Session, aliases: Mapping[str, str]) -> tuple[OfferedImage, ...]:
    """What machines can be made of: images of systems that are ready or used."""
    usable = (each for each in pool(session, ALL) if number(each, "TYPE") == OS)
    return tuple(_offered(each, aliases) for each in usable if number(each, "STATE") in {1, 2})


def _offered(found: Element, aliases: Mapping[str, str]) -> OfferedImage:
    id, name = word(found, "ID"), named(found)[0]
    said = {ours: word(found, f"TEMPLATE/{theirs}") for ours, theirs in DESCRIBED.items()}
    return OfferedImage(
        id,
        name,
        said["distribution"] or None,
        said["version"] or None,
        said["architecture"] or "x86_64",
        tuple(sorted(alias for alias, wanted in aliases.items() if wanted in {id, name})),
    )


def seen(found: Element) -> Resource:
    """An image of ours as a resource. Pure."""
    name, token = named(found)
    kind = TYPES.get(number(found, "TYPE"), Kind.SNAPSHOT)
    state = IMAGES.get(number(found, "STATE"), State.PENDING)
    facts: dict[str, str | int] = {"size": number(found, "SIZE") * MIB, "type": word(found, "DATASTORE")}
    if state is State.ERROR:
        facts["error"] = word(found, "TEMPLATE/ERROR", "OpenNebula says ERROR of it")
    return Resource(kind, word(found, "ID"), name, state, token, tags_of(found), (), facts)
