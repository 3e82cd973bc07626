"""What a machine's document says of it: the resource that it is, and its size. Pure."""

from __future__ import annotations

from providers import devices
from providers.kvm import names
from providers.kvm.documents import element, word
from providers.kvm.domains import Domain
from providers.kvm.marks import LEAVING, MADE, Marks, remarked
from providers.protocol import Kind, OfferedSize, Resource, State


def seen(found: Domain, now: State) -> Resource:
    """A machine as a resource. Pure."""
    marks = found.marks
    facts: dict[str, str | int] = {
        "cores": int(word(found.document, "vcpu") or 0),
        "memory": memory(found),
        "hostname": str(marks.more.get("hostname", "")),
        "virt": found.document.get("type", ""),
        **devices.told({volume: devices.by_serial(names.serial(volume)) for volume in marks.more.get("volumes", ())}),
    }
    facts |= {"size": marks.more["size"]} if marks.more.get("size") else {}
    facts |= {"mac": mac} if (mac := word(found.document, "devices/interface/mac", "address")) else {}
    if wrong := _half(marks):
        now, facts = State.ERROR, {**facts, "error": wrong}
    addresses = tuple(marks.more.get("addresses", ()))
    return Resource(Kind.MACHINE, found.id, marks.name, now, marks.token, marks.tags, addresses, facts)


def _half(marks: Marks) -> str:
    if marks.more.get(LEAVING):
        return "half gone: give it back again"
    return "" if marks.more.get(MADE) else "half made: it was not started yet"


def resized(found: Domain, size: OfferedSize) -> str:
    """Its document with another size; the disk is as large as it was. Pure."""
    root = found.document
    for tag in ("memory", "currentMemory", "vcpu"):
        for each in root.findall(tag):
            root.remove(each)
    root.insert(0, element("memory", str(size.memory), unit="bytes"))
    root.insert(0, element("vcpu", str(size.cores)))
    return remarked(root, found.marks.knowing(size=size.name))


def memory(found: Domain) -> int:
    """Bytes; libvirt itself writes KiB."""
    unit = {"KiB": 1024, "bytes": 1}.get(word(found.document, "memory", "unit"), 1024)
    return int(word(found.document, "memory") or 0) * unit


def named(size: OfferedSize) -> tuple[int, int, str | None]:
    """The same of a size."""
    return size.cores, size.memory, size.name


def size_of(found: Domain) -> tuple[int, int, str | None]:
    """Cores, memory and name of what it has."""
    return int(word(found.document, "vcpu") or 0), memory(found), found.marks.more.get("size")


def beyond(found: Domain, size: OfferedSize) -> OfferedSize:
    """What it takes beyond what it has."""
    cores, held, _ = size_of(found)
    return OfferedSize(None, max(0, size.cores - cores), max(0, size.memory - held), 0)
