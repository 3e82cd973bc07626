"""SSH keys of a service and of its nodes. They follow from the installation's key, so that nothing has to be stored and
every attempt of a step sends the same.

A service's key opens one thing in its nodes: a way from the node's own loopback to the agents' door. A host key lets
the broker know a node that it has never seen; it is in the node's user-data, and nobody gets anywhere with it: the door
believes the node's own key alone (RFC 8709, ssh-ed25519).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pair:
    """`private` in OpenSSH's PEM form, `public` its one-line form without a comment."""

    private: str
    public: str


def of_service(key: str, service: str) -> Pair:
    """What the broker shows to a service's nodes. `key` is the installation's."""
    return _pair(key, "ssh-service", service)


def of_host(key: str, token: str) -> Pair:
    """What a machine shows, by the token of the step that makes it."""
    return _pair(key, "ssh-host", token)


def _pair(key: str, *what: str) -> Pair:
    # 4 MB and more that most processes never need
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    made = Ed25519PrivateKey.from_private_bytes(
        hmac.new(key.encode(), "\0".join(what).encode(), hashlib.sha256).digest()
    )
    private = made.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    )
    private = _with_fixed_check(private)
    public = made.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    return Pair(private.decode(), public.decode())


def _with_fixed_check(private: bytes) -> bytes:
    """The same key with the same text at every call: before the keys stand two equal random numbers of 32 bits, which
    only tell a right passphrase from a wrong one (OpenSSH, PROTOCOL.key); there is no passphrase here."""
    first, *body, last = private.decode().strip().split("\n")
    raw = base64.b64decode("".join(body))
    fixed = base64.b64encode(raw[:_CHECK] + bytes(8) + raw[_CHECK + 8 :]).decode()
    lines = [fixed[start : start + 70] for start in range(0, len(fixed), 70)]
    return "\n".join([first, *lines, last, ""]).encode()


_CHECK = 98
"""Where the numbers begin in an unencrypted key of ssh-ed25519, whose other fields have fixed lengths."""
