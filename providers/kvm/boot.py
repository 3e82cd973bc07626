"""What machines are run with: KVM where it boots, else TCG, which is slower and works anywhere.

That a host offers KVM does not say that a guest gets anywhere with it (nested in a machine that pretends to have it,
say). So a guest of one sector is booted with it: it switches itself off. Whoever is not gone in time did not boot.
"""

from __future__ import annotations

import time
import uuid
from contextlib import suppress

import libvirt

from providers.errors import NotFound, ProviderError, Unavailable
from providers.kvm import storage
from providers.kvm.documents import element, written
from providers.kvm.hardware import ARCHITECTURE
from providers.kvm.names import PROBE
from providers.kvm.options import MIB, Options
from providers.kvm.wire import Session

KVM, TCG = "kvm", "qemu"
SECTOR = bytes.fromhex(
    "fa"  # cli
    "ba0406"  # mov dx, 0x604: PM1a_CNT of qemu's ACPI, as SeaBIOS places it
    "b80020"  # mov ax, 0x2000: SLP_EN, S5
    "ef"  # out dx, ax
    "f4ebfd"  # hlt, again and again
).ljust(510, b"\0") + bytes.fromhex("55aa")
LOOK = 0.05


def virt(session: Session, options: Options) -> str:
    """kvm or qemu: what the settings say, or what the probe has shown, once a connection."""
    if options.virt != "auto":
        return options.virt
    host = session.host
    if session.wire.virt is None:
        session.wire.virt = KVM if offered(session, host) and boots(session, options, KVM) else TCG
    return session.wire.virt


def offered(session: Session, host: libvirt.virConnect) -> bool:
    """Whether libvirt says that it has KVM."""
    try:
        session.ask(host.getDomainCapabilities, None, ARCHITECTURE, None, KVM)
    except Unavailable:
        raise
    except ProviderError:
        return False
    return True


def boots(session: Session, options: Options, kind: str) -> bool:
    """Whether a guest does anything at all. It ends with the connection, if not before. Unavailable where the call's
    time is over before the probe's: that shows nothing."""
    host, name = session.host, f"accords-probe-{uuid.uuid4().hex[:8]}"
    xml = document(name, kind, _sector(session, options))
    try:
        guest = session.change(host.createXML, xml, libvirt.VIR_DOMAIN_START_AUTODESTROY)
    except ProviderError as error:
        if isinstance(error, Unavailable) or not host.isAlive():
            raise
        return False
    try:
        return _gone(session, guest, options.probe)
    finally:
        with suppress(libvirt.libvirtError):
            guest.destroy()


def document(name: str, kind: str, path: str) -> str:
    """The guest. Pure."""
    return written(
        element(
            "domain",
            element("name", name),
            element("memory", "16", unit="MiB"),
            element("os", element("type", "hvm", arch=ARCHITECTURE, machine="q35"), element("boot", dev="hd")),
            element("features", element("acpi")),
            element(
                "devices",
                element(
                    "disk",
                    element("driver", name="qemu", type="raw"),
                    element("source", file=path),
                    element("target", dev="vda", bus="virtio"),
                    element("readonly"),
                    element("shareable"),
                    type="file",
                    device="disk",
                ),
                element("memballoon", model="none"),
            ),
            type=kind,
        )
    )


def _gone(session: Session, guest: libvirt.virDomain, seconds: float) -> bool:
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        try:
            session.ask(guest.state)
        except NotFound:
            return True
        time.sleep(LOOK)
    return False


def _sector(session: Session, options: Options) -> str:
    """The probe's disk, which stays: it is as good for the next one. SeaBIOS boots none of a single sector."""
    where = storage.pool(session, options.pool)
    file = storage.made(session, where, PROBE, storage.document(PROBE, MIB, "raw"))
    storage.fill(session, file, SECTOR)
    return session.ask(file.path)
