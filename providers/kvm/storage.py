"""Files of a storage pool: made, filled, read and removed by libvirt, wherever the host is."""

from __future__ import annotations

from contextlib import suppress

import libvirt

from providers.errors import Conflict, NotFound, Refused
from providers.kvm.documents import Element, element, read, word, written
from providers.kvm.wire import Session

PIECE = 64 * 1024


def pool(session: Session, name: str) -> libvirt.virStoragePool:
    """Refused where there is none, or it was not started."""
    try:
        found = session.ask(session.host.storagePoolLookupByName, name)
    except NotFound as error:
        raise Refused(
            f"there is no storage pool {name!r}: define it, or set `pool` in the provider's options"
        ) from error
    if not session.ask(found.isActive):
        raise Refused(f"storage pool {name!r} was not started: virsh pool-start {name}")
    return found


def names(session: Session, where: libvirt.virStoragePool) -> list[str]:
    return list(session.ask(where.listVolumes))


def look(session: Session, where: libvirt.virStoragePool, name: str) -> libvirt.virStorageVol:
    return session.ask(where.storageVolLookupByName, name)


def document(name: str, capacity: int, form: str, backing: tuple[str, str] | None = None) -> str:
    """A file of this capacity, that takes room as it is filled. `backing`: path and format of what it changes."""
    below = None
    if backing:
        below = element("backingStore", element("path", backing[0]), element("format", type=backing[1]))
    return written(
        element(
            "volume",
            element("name", name),
            element("capacity", str(capacity), unit="bytes"),
            element("allocation", "0", unit="bytes"),
            element("target", element("format", type=form)),
            below,
        )
    )


def made(session: Session, where: libvirt.virStoragePool, name: str, xml: str) -> libvirt.virStorageVol:
    """The file of that name, made where it is not there. Conflict while the pool is busy with another."""
    with suppress(NotFound):
        return look(session, where, name)
    try:
        return session.change(where.createXML, xml)
    except Conflict:
        with suppress(NotFound):
            return look(session, where, name)  # another process was quicker
        raise


def fill(session: Session, file: libvirt.virStorageVol, content: bytes) -> None:
    """Written from its beginning."""
    stream = session.ask(session.host.newStream)
    session.change(file.upload, stream, 0, len(content))
    try:
        for start in range(0, len(content), PIECE):
            session.change(stream.send, content[start : start + PIECE])
    except BaseException:
        with suppress(libvirt.libvirtError):
            stream.abort()
        raise
    session.change(stream.finish)


def content(session: Session, file: libvirt.virStorageVol, start: int = 0, length: int = 0) -> bytes:
    """What is in it, so many bytes from there; 0: to its end. Conflict while it is being made."""
    stream = session.ask(session.host.newStream)
    session.ask(file.download, stream, start, length)
    found = []
    try:
        while piece := session.ask(stream.recv, PIECE):
            found.append(piece)
    except BaseException:
        with suppress(libvirt.libvirtError):
            stream.abort()
        raise
    session.ask(stream.finish)
    return b"".join(found)


def capacity(session: Session, file: libvirt.virStorageVol) -> int:
    return int(session.ask(file.info)[1])


def described(session: Session, file: libvirt.virStorageVol) -> Element:
    return read(session.ask(file.XMLDesc))


def form(session: Session, file: libvirt.virStorageVol) -> str:
    """qcow2, raw, iso ..."""
    return word(described(session, file), "target/format", "type") or "raw"


def remove(session: Session, where: libvirt.virStoragePool, name: str) -> None:
    """What is gone already is fine."""
    with suppress(NotFound):
        session.change(look(session, where, name).delete)
