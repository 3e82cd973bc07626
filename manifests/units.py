"""Quantities as CORDS writes them: `8GB`, `0.64G`, `512MiB`, `3GHz`, `50%`, `4`.

cords.md 1.3: a number, then a letter in any case; what follows the letter says nothing; no letter is the default unit
of the attribute. Decided (architecture.md): decimals count, G is 10^9, GiB is 2^30.
"""

from __future__ import annotations

import re
from decimal import Decimal

_QUANTITY = re.compile(r"([0-9]{1,19}(?:\.[0-9]{1,9})?)(?:\s?([A-Za-z%])(i?)[A-Za-z]{0,3})?", re.ASCII)
_POWERS = {"U": 0, "B": 0, "%": 0, "H": 0, "K": 1, "M": 2, "G": 3, "T": 4, "P": 5}
# What a signed 64-bit column holds.
MOST = 2**63 - 1


def quantity(text: str, default: str = "U") -> Decimal:
    """The number a text stands for, in units (bytes, hertz, per cent, ones). ValueError when it is none.

    `default` is the letter assumed where the text has none: G for memory, storage and speed.
    """
    match = _QUANTITY.fullmatch(text.strip())
    letter = (match[2] or default).upper() if match else ""
    if match is None or letter not in _POWERS:
        raise ValueError(f"{text[:40]!r} is not a number with a unit such as 512M, 4G, 8GiB or 1.5T")
    base = Decimal(1024 if match[3] else 1000)
    value: Decimal = Decimal(match[1]) * base ** _POWERS[letter]
    if value > MOST:
        raise ValueError(f"{text[:40]!r} is more than {MOST}")
    return value


def size(text: str) -> int:
    """Bytes; without a unit, in G. ValueError."""
    return int(quantity(text, "G"))


_SCALES = tuple(
    (letter + mark, base**power)
    for letter, power in (("T", 4), ("G", 3), ("M", 2), ("K", 1))
    for mark, base in (("", 1000), ("iB", 1024))
)


def written(value: int) -> str:
    """The shortest exact spelling that `size` reads back: 4000000000 is 4G, 536870912 is 512MiB, 7 is 7U."""
    exact = [f"{value // scale}{unit}" for unit, scale in _SCALES if value and value % scale == 0]
    return min(exact, key=len) if exact else f"{value}U"


def readable(value: int) -> str:
    """For a sentence: two digits after the point at most, in the decimal unit that suits."""
    for unit, power in (("TB", 4), ("GB", 3), ("MB", 2), ("kB", 1)):
        if value >= 1000**power:
            return f"{round(value / 1000**power, 2):g} {unit}"
    return f"{value} B"
