"""Quantities as CORDS writes them: `8GB`, `0.64G`, `512MiB`, `3GHz`, `50%`, `4`.

cords.md 1.3: a number and a unit in any case; without one, that of the attribute (memory, storage and speed: G). Where
the original took the leading integer and ignored what follows a first letter, decimals count here and an unknown unit
is refused: 0.5G is 500 million, G is 10^9 and GiB is 2^30, and `4X` is nothing.
"""

from __future__ import annotations

import re
from decimal import Decimal

_POWERS = {"K": 1, "M": 2, "G": 3, "T": 4, "P": 5}
_QUANTITY = re.compile(
    r"([0-9]{1,19}(?:\.[0-9]{1,18})?) ?(?:([KMGTP])(I?)(?:B|HZ)?|U|B|HZ|%[A-Z]{0,3})?", re.ASCII | re.IGNORECASE
)
# What a signed 64-bit column holds.
MOST = 2**63 - 1


def quantity(text: str, default: str = "U") -> Decimal:
    """The number a text stands for, in units (bytes, hertz, per cent, ones). ValueError when it is none.

    `default` is the unit assumed where the text has none: G for memory, storage and speed.
    """
    written = text.strip()
    match = _QUANTITY.fullmatch(written)
    if match is None:
        raise ValueError(f"{text[:40]!r} is not a number with a unit such as 512M, 4G, 8GiB or 1.5T")
    letter = default if written == match[1] else (match[2] or "U")
    base = Decimal(1024 if match[3] else 1000)
    value: Decimal = Decimal(match[1]) * base ** _POWERS.get(letter.upper(), 0)
    if value > MOST:
        raise ValueError(f"{text[:40]!r} is more than {MOST}")
    return value


def size(text: str) -> int:
    """Bytes; without a unit, in G. ValueError."""
    return int(quantity(text, "G"))


def _more_than_nothing(digits: int, fraction: int) -> str:
    """A number of at most so many digits before and, roughly, after the point, which is not zero."""
    after = rf"(\.[0-9]{{1,{fraction}}})?" if fraction else ""
    below = rf"|0\.0{{0,{fraction - 1}}}[1-9][0-9]{{0,{fraction - 1}}}" if fraction else ""
    return rf"([1-9][0-9]{{0,{digits - 1}}}{after}{below})"


# Digits that keep the product below MOST, and fractions that leave at least one whole.
_DIGITS = {"K": (15, 3), "M": (12, 6), "G": (9, 9), "T": (6, 9), "P": (3, 9)}


def _pattern(rest: str, ones: str) -> str:
    """All units with `rest` behind the letter, `ones` without one, and a bare number in G."""
    known = [rf"{_more_than_nothing(*digits)} ?[{letter}{letter.lower()}]{rest}" for letter, digits in _DIGITS.items()]
    return "|".join([_more_than_nothing(*_DIGITS["G"]), *known, f"{_more_than_nothing(18, 0)} ?({ones})"])


# As `manifests.grammar.patterns`: what a size and a speed look like.
SIZE = _pattern("[Ii]?[Bb]?", "[BbUu]")
SPEED = _pattern("([Hh][Zz])?", "[Uu]|[Hh][Zz]")

_SCALES = tuple(
    (letter + mark, base**power)
    for letter, power in (("T", 4), ("G", 3), ("M", 2), ("K", 1))
    for mark, base in (("", 1000), ("iB", 1024))
)


def written(value: int, *, decimal: bool = False) -> str:
    """The shortest exact spelling that `size` reads back: 4000000000 is 4G, 536870912 is 512MiB, 7 is 7U. `decimal`: a
    speed, which has no MiB."""
    exact = [
        f"{value // scale}{unit}"
        for unit, scale in _SCALES
        if value and value % scale == 0 and not (decimal and unit.endswith("iB"))
    ]
    return min(exact, key=len) if exact else f"{value}U"


def readable(value: int) -> str:
    """For a sentence: two digits after the point at most, in the decimal unit that suits."""
    for unit, power in (("TB", 4), ("GB", 3), ("MB", 2), ("kB", 1)):
        if value >= 1000**power:
            return f"{round(value / 1000**power, 2):g} {unit}"
    return f"{value} B"
