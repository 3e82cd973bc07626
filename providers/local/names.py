"""Names that this machine's kernel sees, derived from tokens: the same token gives the same name, in every process.

A device's name has at most 15 characters: a prefix of three, a letter for the kind, ten characters of a hash, and
for a machine's ports one more for their number.
"""

from __future__ import annotations

import base64
import hashlib
import re

from providers.protocol import Kind

LETTERS = {
    Kind.NETWORK: "n", Kind.FIREWALL: "f", Kind.VOLUME: "v", Kind.MACHINE: "m", Kind.SNAPSHOT: "s",
    Kind.APPLICATION: "a", Kind.KEY: "k", Kind.ADDRESS: "p",  # none of these is ever made here
}  # fmt: skip


def identity(prefix: str, kind: Kind, token: str) -> str:
    """The id of what a token makes. A network's id is its bridge's name, a machine's its container's."""
    digest = hashlib.sha256(f"{kind}\0{token}".encode()).digest()
    return f"{prefix}{LETTERS[kind]}{base64.b32encode(digest).decode().lower()[:10]}"


def is_identity(prefix: str, kind: Kind, id: str) -> bool:
    """Whether `identity` could have given this: what comes from outside becomes part of paths."""
    return re.fullmatch(rf"{prefix}{LETTERS[kind]}[a-z2-7]{{10}}", id) is not None


def device(machine: str, index: int) -> str:
    """The end on this machine of a node's network device number `index` (0-9)."""
    return f"{machine}{index}"


def hardware_address(machine: str, index: int) -> str:
    """A locally administered, unicast MAC address."""
    digest = hashlib.sha256(f"{machine}\0{index}".encode()).digest()
    return ":".join(f"{byte:02x}" for byte in (0x02, *digest[:5]))


def ports(prefix: str) -> str:
    """What the names of all nodes' devices begin with, and no other device's."""
    return f"{prefix}{LETTERS[Kind.MACHINE]}"


def snapshots(prefix: str) -> str:
    """What the ids of all snapshots begin with."""
    return f"{prefix}{LETTERS[Kind.SNAPSHOT]}"
