"""What keeps a host from working for us, and how to mend it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from providers.errors import Auth, ProviderError, Unavailable
from providers.kvm import boot, storage
from providers.kvm.hardware import ARCHITECTURE
from providers.kvm.images import offered
from providers.kvm.options import Options
from providers.kvm.records import Records
from providers.kvm.wire import Session
from providers.protocol import Problem

BRIDGES = Path("/proc/sys/net/bridge/bridge-nf-call-iptables")


def problems(session: Session, options: Options, records: Records) -> Sequence[Problem]:
    """Everything that is missing; only the connection where there is none."""
    if refused := _said(partial(session.wire.host, session.clock)):
        return [Problem(refused.message, _reach(refused))]
    return [
        *_drivers(session),
        *bridges(options.uri, BRIDGES),
        *_storage(session, options, records),
        *_virt(session, options),
    ]


def _reach(refused: ProviderError) -> str:
    if isinstance(refused, Auth):
        return "add the worker's user to the group libvirt, or use qemu+ssh with a key that the host knows"
    return "see that libvirtd runs there, and that `uri` names it"


def _drivers(session: Session) -> Iterator[Problem]:
    """libvirt's parts, which are packages of their own."""
    host = session.host
    architecture = session.ask(host.getInfo)[0]
    if architecture != ARCHITECTURE:
        yield Problem(f"the host is {architecture}", f"use one that is {ARCHITECTURE}: others are not known here")
    for what, call in (("networks", host.listAllNetworks), ("filters", host.listAllNWFilters)):
        if refused := _said(partial(session.ask, call)):
            yield Problem(f"libvirt has no {what}: {refused.message}", "install libvirt's driver for them")


def bridges(uri: str, setting: Path) -> Iterator[Problem]:
    """Filters stop nothing between machines of one network where the kernel does not show them what bridges carry;
    libvirt only logs it. Of a host that is elsewhere nobody can tell from here."""
    if urlsplit(uri).netloc:
        return
    if not setting.exists() or setting.read_text().strip() != "1":
        mend = "modprobe br_netfilter && sysctl -w net.bridge.bridge-nf-call-iptables=1, and so at each boot"
        yield Problem("firewalls do not see what machines of one network send each other", mend)


def _storage(session: Session, options: Options, records: Records) -> Iterator[Problem]:
    for name in dict.fromkeys((options.pool, options.base)):
        if refused := _said(partial(storage.pool, session, name)):
            mend = f"virsh pool-define-as {name} dir --target /var/lib/libvirt/images; virsh pool-start {name}"
            yield Problem(refused.message, mend)
            return
    found = offered(session, options, records)
    if not found:
        yield Problem(f"there are no images in pool {options.base}", "put a cloud image (qcow2) into its folder")
    known = {alias for each in found for alias in each.aliases}
    for alias in sorted(options.images.keys() - known):
        yield Problem(f"image {alias} is {options.images[alias]}, which is not there", "correct it in `images`")


def _virt(session: Session, options: Options) -> Iterator[Problem]:
    """A boot, where the settings leave it to one."""
    try:
        found = boot.virt(session, options)
    except Unavailable:
        raise
    except ProviderError as error:
        yield Problem(f"nothing can be booted: {error.message}", "see the log of libvirtd")
        return
    if options.virt == "auto" and found == boot.TCG:
        mend = "turn on virtualization in the host's firmware, or in what it is nested in; or accept it: `virt: qemu`"
        yield Problem("KVM does not boot here: machines are run by TCG, which is slower", mend)


def _said(call: Callable[[], object]) -> ProviderError | None:
    try:
        call()
    except ProviderError as error:
        return error
    return None
