from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifests import quantity
from manifests.units import MOST, size, written


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("8GB", 8 * 10**9), ("0.64G", 640_000_000), ("512MiB", 512 * 1024**2), ("1TB", 10**12), ("4", 4 * 10**9),
        ("1.5g", 1_500_000_000), ("2 GiB", 2 * 1024**3), ("7U", 7), ("100B", 100), ("3k", 3000),
    ],
)  # fmt: skip
def test_sizes_are_decimal_unless_they_say_i_and_g_unless_they_say(text: str, value: int) -> None:
    assert size(text) == value


def test_a_quantity_without_a_unit_is_ones() -> None:
    assert (quantity("50%"), quantity("97.3%id"), quantity("3GHz"), quantity("1")) == (
        50,
        Decimal("97.3"),
        3 * 10**9,
        1,
    )


@pytest.mark.parametrize("text", ["", "G", "-1G", "1X", "1 2", "٣G", "1e9", "99999999T", "0x10", "1GG G", "."])
def test_what_is_no_quantity_says_so(text: str) -> None:
    with pytest.raises(ValueError, match=r"number|more than"):
        quantity(text)


@given(st.integers(0, MOST))
def test_what_is_written_is_read_back(value: int) -> None:
    assert size(written(value)) == value
