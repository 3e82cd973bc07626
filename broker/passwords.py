"""Passwords of users: kept as a hash, shown to nobody, known again when they are given.

The hash is scrypt (RFC 7914) with a salt of its own, written `scrypt$n$r$p$salt$hash`, the last two in base64. Which
attributes are kept so is said by the kinds (`secret: true`); this module does not know where they are stored.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import b64decode, b64encode
from collections.abc import Collection, Mapping
from typing import TypeVar

_N, _R, _P = 2**14, 8, 5
"""OWASP's choice for 16 MiB of memory: a quarter of a second on one core."""
_SALT, _LENGTH = 16, 32
_FORM = ("scrypt", str(_N), str(_R), str(_P))

MOST = 64
"""Passwords of one document: hashing these takes a quarter of a minute."""

_V = TypeVar("_V")


def sealed(password: str) -> str:
    """What is kept of a password; a text that is a hash of ours already stays as it is."""
    if _parts(password) is not None:
        return password
    salt = secrets.token_bytes(_SALT)
    return "$".join((*_FORM, b64encode(salt).decode(), b64encode(_hash(password, salt)).decode()))


def fits(password: str, kept: str) -> bool:
    """Whether this password was sealed as `kept`. What is no hash of ours fits nothing."""
    parts = _parts(kept)
    return parts is not None and hmac.compare_digest(_hash(password, parts[0]), parts[1])


def with_sealed(attributes: Mapping[str, _V], names: Collection[str]) -> dict[str, _V | str]:
    """The attributes, those that are secret as their hashes; an empty one is left out."""
    shown: dict[str, _V | str] = {name: value for name, value in attributes.items() if name not in names}
    return shown | {name: sealed(str(attributes[name])) for name in names if attributes.get(name)}


def _hash(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=_N, r=_R, p=_P, maxmem=64 * 1024**2, dklen=_LENGTH)


def _parts(text: str) -> tuple[bytes, bytes] | None:
    """Salt and hash. Other costs than ours are not taken: whoever chose them would choose how long we calculate."""
    *form, salt, digest = text.split("$") if text.count("$") == 5 else ("", "", "")
    if tuple(form) != _FORM:
        return None
    try:
        found = b64decode(salt, validate=True), b64decode(digest, validate=True)
    except ValueError:
        return None
    return found if (len(found[0]), len(found[1])) == (_SALT, _LENGTH) else None
