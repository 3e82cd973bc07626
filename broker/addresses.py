"""Where each category server listens when nobody says otherwise: the base port and an offset.

The gaps are those of CompatibleOne's own table, whose servers had these ports.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from broker.settings import Settings

OFFSETS: Mapping[str, int] = {
    "publisher": 0,
    "infrastructure": 4,
    "account": 5,
    "manifest": 6,
    "service": 7,
    "node": 8,
    "configuration": 9,
    "cloud": 10,
    "image": 16,
    "agreement": 20,
}


def port(settings: Settings, row: str) -> int:
    """The TCP port of a row."""
    return settings.base_port + OFFSETS[row]


def listening(settings: Settings, row: str) -> str:
    """The address a row listens on in this configuration."""
    return at(settings, port(settings, row))


def at(settings: Settings, port: int) -> str:
    """The address of a port of this host in this configuration."""
    return f"http://{_bracketed(settings.host)}:{port}"


def origin(settings: Settings) -> str | None:
    """The one address of all rows that clients see; None where each row has its own."""
    if settings.origin_port is None:
        return None
    return settings.public_url or at(settings, settings.origin_port)


def public(settings: Settings, row: str) -> str:
    """The address clients see: that of all rows, the settings' own, `public_url` with the row's port, or where it
    listens."""
    if (common := origin(settings)) is not None:
        return common
    if row in settings.rows:
        return settings.rows[row].rstrip("/")
    if settings.public_url is None:
        return listening(settings, row)
    seen = urlsplit(settings.public_url)
    return f"{seen.scheme}://{_bracketed(seen.hostname or settings.host)}:{port(settings, row)}"


def publishers(settings: Settings) -> tuple[str, ...]:
    """Every publisher, in the order in which they are asked: the next when one does not listen."""
    mirrors = (each.rstrip("/") for each in settings.mirrors)
    return tuple(dict.fromkeys((static(settings)["publisher"], *mirrors)))


def static(settings: Settings) -> dict[str, str]:
    """Every row's address without asking anybody: the settings' own table over the computed one."""
    computed = {row: listening(settings, row) for row in OFFSETS}
    if settings.publisher:
        computed["publisher"] = settings.publisher.rstrip("/")
    return {**computed, **{row: address.rstrip("/") for row, address in settings.rows.items()}}


def _bracketed(host: str) -> str:
    """A host as it stands in an address: IPv6 in brackets; a wildcard is reached by loopback."""
    if host in ("", "0.0.0.0"):  # noqa: S104 - compared with, not bound to
        return "127.0.0.1"
    if host == "::":
        return "[::1]"
    return f"[{host}]" if ":" in host and not host.startswith("[") else host
