"""The text of a document and the places in it."""

from __future__ import annotations

import codecs
import re
from bisect import bisect_right

from manifests.model import Position

# What a declaration may say. Python knows many more codecs, some of which are no character sets at all.
ENCODINGS = frozenset(
    {"utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "latin1", "iso-8859-15", "windows-1252", "utf-16"}
)
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_DECLARED = re.compile(rb"""<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)""")


def decode(data: bytes) -> str:
    """Bytes to text: a byte order mark, else an XML declaration, else UTF-8 decides. ValueError if they do not fit."""
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return data.decode(encoding)
    declared = _DECLARED.match(data[:200].lstrip())
    encoding = declared[1].decode("ascii").lower() if declared else "utf-8"
    if encoding not in ENCODINGS:
        raise ValueError(f"the encoding {encoding!r} is not one that is read here: {', '.join(sorted(ENCODINGS))}")
    return data.decode(encoding)


class Source:
    """Offsets of a text as lines and columns, both from 1."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def position(self, offset: int) -> Position:
        line = bisect_right(self._starts, offset)
        return Position(line, offset - self._starts[line - 1] + 1)
