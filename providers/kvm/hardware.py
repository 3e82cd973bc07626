"""A machine as a document of libvirt's. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from string import ascii_lowercase

from providers.kvm.documents import Element, element, written
from providers.kvm.marks import Marks, metadata
from providers.kvm.names import serial, shown
from providers.kvm.seed import Nic

ARCHITECTURE = "x86_64"
MOST = 24
"""Volumes of a machine: letters of disks between its own and the seed's."""
MODELS: Mapping[str, str] = {"kvm": "host-passthrough", "qemu": "maximum"}
"""The processor that a guest sees: all that the host's has, or all that TCG can pretend."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What it is made of. Paths are the host's; `volumes` are (id, path)."""

    virt: str
    cores: int
    memory: int
    disk: str = ""
    seed: str = ""
    console: str = ""
    volumes: tuple[tuple[str, str], ...] = ()
    nics: tuple[Nic, ...] = ()
    filter: str = ""


def document(id: str, marks: Marks, parts: Parts) -> str:
    """The whole machine; one without a disk is a root that the rest is to come to."""
    return written(
        element(
            "domain",
            element("name", shown(marks.name, id)),
            element("uuid", id),
            metadata(marks),
            element("memory", str(parts.memory), unit="bytes"),
            element("vcpu", str(parts.cores)),
            element("os", element("type", "hvm", arch=ARCHITECTURE, machine="q35"), element("boot", dev="hd")),
            element("features", element("acpi"), element("apic")),
            element("cpu", mode=MODELS[parts.virt]),
            element("on_poweroff", "destroy"),
            element("on_reboot", "restart"),
            element("on_crash", "destroy"),
            element("devices", *_devices(parts)),
            type=parts.virt,
        )
    )


def _devices(parts: Parts) -> Iterator[Element]:
    if not parts.disk:
        return
    yield _disk(parts.disk, "vda")
    for letter, (volume, path) in zip(ascii_lowercase[1:-1], parts.volumes, strict=False):
        yield _disk(path, f"vd{letter}", element("serial", serial(volume)))
    yield _disk(parts.seed, "vdz", element("readonly"), form="raw")  # kernels made for clouds know no CD drives
    yield from (_interface(each, parts.filter) for each in parts.nics)
    yield element("serial", element("source", path=parts.console, append="on"), type="file")
    yield element("rng", element("backend", "/dev/urandom", model="random"), model="virtio")
    yield element("memballoon", model="virtio")


def _disk(path: str, target: str, more: Element | None = None, form: str = "qcow2") -> Element:
    return element(
        "disk",
        element("driver", name="qemu", type=form, discard="unmap"),
        element("source", file=path),
        element("target", dev=target, bus="virtio"),
        more,
        type="file",
        device="disk",
    )


def _interface(nic: Nic, filter: str) -> Element:
    address = element("parameter", name="IP", value=str(nic.address.ip))
    return element(
        "interface",
        element("mac", address=nic.mac),
        element("source", network=nic.network),
        element("model", type="virtio"),
        element("filterref", address, filter=filter) if filter else None,
        type="network",
    )
