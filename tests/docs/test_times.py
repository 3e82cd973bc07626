"""Times go out as RFC 3339, to the microsecond."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from broker.times import rfc3339, rfc3339_or_none


def test_a_time_is_written_in_utc_with_all_its_digits() -> None:
    assert rfc3339(1_795_318_380_000_001) == "2026-11-22T03:33:00.000001Z"
    assert rfc3339_or_none(None) is None


@given(st.integers(0, 4 * 10**15))
def test_nothing_of_a_time_is_lost(at: int) -> None:
    read = datetime.fromisoformat(rfc3339(at)) - datetime(1970, 1, 1, tzinfo=UTC)
    assert read.days * 86_400_000_000 + read.seconds * 1_000_000 + read.microseconds == at
