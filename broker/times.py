"""How times are written where people and machines read them: RFC 3339, UTC. Inside they are integer microseconds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def rfc3339(at: int) -> str:
    """UTC microseconds as `2026-11-22T03:33:00.000001Z`."""
    moment = _EPOCH + timedelta(microseconds=at)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def rfc3339_or_none(at: int | None) -> str | None:
    """The same for a time that may not be."""
    return None if at is None else rfc3339(at)
