"""A driver whose target is missing is skipped alone at home, and fails where CI is set."""

from __future__ import annotations

import pytest

from tests.providers.targets import Missing, absent

REASON = Missing("local nodes need root; run the suite with sudo")


def test_a_missing_target_skips_its_tests_at_home_with_the_reason() -> None:
    with pytest.raises(pytest.skip.Exception, match="local: local nodes need root"):
        absent("local", REASON, {})


def test_a_missing_target_fails_its_tests_where_ci_is_set() -> None:
    with pytest.raises(pytest.fail.Exception, match="local: local nodes need root"):
        absent("local", REASON, {"CI": "true"})
