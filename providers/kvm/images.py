"""Images: the files of a pool that are none of ours, and the snapshots that were saved here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from providers.errors import NotFound, Refused
from providers.kvm import names, storage
from providers.kvm.options import Options
from providers.kvm.records import Records
from providers.kvm.wire import Session
from providers.protocol import Kind, OfferedImage

NO_SYSTEMS = (".iso", ".xml", ".json", ".txt", ".tmp")
"""Ends of names of files that no machine boots from."""


@dataclass(frozen=True, slots=True)
class Image:
    """Where it is, how it is written, and how large a disk it is (bytes)."""

    path: str
    form: str
    size: int


def image(session: Session, options: Options, wanted: str) -> Image:
    """Of a name in the settings, the name of a file, or the id of a snapshot. NotFound where there is none, Conflict
    while it is being saved, Refused where it is none that machines can be made of."""
    wanted = options.images.get(wanted, wanted)
    where, name = options.base, wanted
    if names.is_identity(wanted):
        where, name = options.pool, names.file(wanted, "snapshot")
    elif names.is_ours(wanted):
        raise NotFound(f"there is no image {wanted!r}: that file belongs to something else")
    try:
        file = storage.look(session, storage.pool(session, where), name)
    except NotFound as error:
        raise NotFound(f"there is no image {wanted!r}") from error
    form = storage.form(session, file)
    if form not in {"qcow2", "raw"}:
        raise Refused(f"image {wanted!r} is {form}; machines are made of qcow2 and raw")
    storage.content(session, file, 0, 1)  # Conflict while it is being written
    return Image(session.ask(file.path), form, storage.capacity(session, file))


def offered(session: Session, options: Options, records: Records) -> tuple[OfferedImage, ...]:
    """Files, with the names that the settings give them, and snapshots."""
    where = storage.pool(session, options.base)
    files = [each for each in storage.names(session, where) if is_image(each)]
    saved = records.look(session, Kind.SNAPSHOT)
    return (
        *(OfferedImage(each, each, aliases=aliases(each, options.images)) for each in sorted(files)),
        *(OfferedImage(id, marks.name, aliases=aliases(id, options.images)) for id, marks in saved.items()),
    )


def is_image(name: str) -> bool:
    return not names.is_ours(name) and not name.endswith(NO_SYSTEMS)


def aliases(file: str, images: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(alias for alias, meant in images.items() if meant == file)
