"""An address of its own for each broker that a test starts: 127.0.0.0/8 has enough for all, so that no two of them, nor
anything else on this machine, ever want the same port."""

from __future__ import annotations

import secrets


def own_address() -> str:
    """A loopback address that nobody else was given."""
    return f"127.{1 + secrets.randbelow(250)}.{secrets.randbelow(256)}.{1 + secrets.randbelow(250)}"
