"""What a machine sees its volumes as, where they are block devices (`Ability.DEVICES`). Pure.

A machine's facts hold it under `devices`, as a text like all facts: `VOLUME=NAME,NAME VOLUME=NAME`. Names are below
`/dev`, and of things that tell a volume from all others whatever the order in which a kernel finds them: which of them
is there depends on the guest and on the hardware that the cloud shows it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

FACT = "devices"
_VIRTIO_SERIAL = 20
"""Bytes of a serial number that virtio-blk shows (VIRTIO 1.2, 5.2.6.1)."""


def told(devices: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """The fact of a machine with these volumes; none where it has none."""
    return {FACT: " ".join(f"{id}={','.join(names)}" for id, names in devices.items())} if devices else {}


def names(fact: str, volume: str) -> tuple[str, ...]:
    """What a volume is seen as, the likeliest first; empty where the fact does not name it."""
    found = dict(each.partition("=")[::2] for each in fact.split())
    return tuple(filter(None, found.get(volume, "").split(",")))


def by_serial(serial: str) -> tuple[str, ...]:
    """A disk that qemu gives a serial number, by the links that udev makes of it (60-persistent-storage.rules):
    virtio-blk shows the beginning, virtio-scsi all of it."""
    disk = "disk/by-id"
    short = f"{disk}/virtio-{serial[:_VIRTIO_SERIAL]}"
    return (short, f"{disk}/scsi-0QEMU_QEMU_HARDDISK_{serial}", f"{disk}/virtio-{serial}")
