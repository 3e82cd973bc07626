"""What things are called at libvirt, all of it from the token that they are made with. Pure.

Files are named by the UUID of what they belong to, so that a look into the pool says whose they are.
"""

from __future__ import annotations

import hashlib
import re
import uuid

from providers.protocol import Kind

SPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://accords/kvm")
PREFIX = "accords-"
PROBE = f"{PREFIX}probe.img"
MOST = 16
"""Networks that a machine can be in."""
_SERIAL = 20
"""Bytes that virtio-blk has for a serial number (VIRTIO 1.2, 5.2.6.1)."""


def identity(kind: Kind, token: str) -> str:
    """The UUID of what this token makes."""
    return str(uuid.uuid5(SPACE, f"{kind}/{token}"))


def is_identity(id: str) -> bool:
    """Whether libvirt can have a thing of this id."""
    try:
        return str(uuid.UUID(id)) == id
    except ValueError:
        return False


def shown(name: str, id: str) -> str:
    """The name of a machine, a network or a filter: readable, and its own."""
    return f"{re.sub(r'[^A-Za-z0-9.-]', '-', name)[:40]}-{id[:8]}"


def file(id: str, what: str) -> str:
    return f"{PREFIX}{id}.{what}"


def is_ours(name: str) -> bool:
    return name.startswith(PREFIX)


def bridge(id: str) -> str:
    """An interface's name has 15 bytes."""
    return f"acc{id.replace('-', '')[:11]}"


def mac(id: str, number: int) -> str:
    """The hardware address of a machine's interface: locally administered, 40 bits of its own."""
    digest = hashlib.sha256(f"{id}/{number}".encode()).digest()[:5]
    return ":".join(f"{each:02x}" for each in (0x02, *digest))


def macs(id: str) -> frozenset[str]:
    """Of all the interfaces that a machine can have."""
    return frozenset(mac(id, number) for number in range(MOST))


def serial(volume: str) -> str:
    """What a guest sees a volume by."""
    return volume.replace("-", "")[:_SERIAL]
