from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifests import quantity
from manifests.grammar.kinds import CONVERT, Kind, fits
from manifests.grammar.units import MOST, size, written

MEASURES = (Kind.SIZE, Kind.SPEED)


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


@pytest.mark.parametrize(
    "text", ["", "G", "-1G", "1X", "1 2", "٣G", "1e9", "99999999T", "0x10", "1GG G", ".", "7h", "4X", "1Gx", "2 weeks"]
)
def test_what_is_no_quantity_says_so(text: str) -> None:
    with pytest.raises(ValueError, match=r"number|more than"):
        quantity(text)


@given(st.integers(0, MOST))
def test_what_is_written_is_read_back(value: int) -> None:
    assert size(written(value)) == value


@given(st.integers(1, 10**18 - 1), st.sampled_from(MEASURES))
def test_what_is_written_for_a_document_has_the_form_of_its_kind(value: int, kind: Kind) -> None:
    assert CONVERT[kind](written(value, decimal=kind is Kind.SPEED)) == value


@given(
    st.decimals(0, 10**10, places=9).map(str) | st.integers(0, 10**20).map(str) | st.sampled_from(["0", "0.0", "00"]),
    st.sampled_from(["", " ", "  "]),
    st.sampled_from(["", "B", "U", "%", "K", "kB", "MiB", "GB", "gib", "T", "PB", "GHz", "Hz", "X", "Gx", "iB"]),
    st.sampled_from(MEASURES),
)
def test_what_has_the_form_is_more_than_nothing_and_fits_a_column(
    number: str, blank: str, unit: str, kind: Kind
) -> None:
    if fits(kind, number + blank + unit):
        value = CONVERT[kind](number + blank + unit)
        assert isinstance(value, int)
        assert 0 < value <= MOST


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (Kind.SIZE, "0.5G", 500_000_000), (Kind.SIZE, "1", 10**9), (Kind.SIZE, "1GiB", 2**30),
        (Kind.SPEED, "1.6G", 1_600_000_000), (Kind.SPEED, "3GHz", 3 * 10**9), (Kind.SPEED, " 800 MHz ", 800_000_000),
    ],
)  # fmt: skip
def test_decimals_count_where_the_original_cut_them_off(kind: Kind, text: str, value: int) -> None:
    assert CONVERT[kind](text) == value


@pytest.mark.parametrize(
    ("kind", "text"),
    [(Kind.SIZE, "3GHz"), (Kind.SPEED, "3GiB"), (Kind.SIZE, "0"), (Kind.SECONDS, "1h"), (Kind.PORT, "65536")],
)
def test_a_unit_that_measures_something_else_is_refused(kind: Kind, text: str) -> None:
    with pytest.raises(ValueError, match="is no"):
        CONVERT[kind](text)
