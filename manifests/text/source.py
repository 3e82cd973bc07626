"""The text of a document and the places in it."""

from __future__ import annotations

import codecs
import re
from bisect import bisect_right
from collections.abc import Mapping

from manifests.model import Position

ENCODINGS: Mapping[str, str] = {
    "utf-8": "UTF-8", "utf8": "UTF-8", "utf_8": "UTF-8",
    "us-ascii": "US-ASCII", "ascii": "US-ASCII",
    "iso-8859-1": "ISO-8859-1", "iso8859-1": "ISO-8859-1", "iso_8859-1": "ISO-8859-1", "latin1": "ISO-8859-1",
    "iso-8859-15": "ISO-8859-15", "iso8859-15": "ISO-8859-15", "latin9": "ISO-8859-15",
    "windows-1252": "windows-1252", "cp1252": "windows-1252",
}  # fmt: skip
"""What a declaration may say, in lower case, and how it is spelt right. Python knows many more codecs, some of which
are no character sets at all."""

# How the bytes begin, longest first, and what they are then: a codec, or nothing for what is not read.
_BEGINNINGS = (
    (codecs.BOM_UTF32_LE, "", "UTF-32"),
    (codecs.BOM_UTF32_BE, "", "UTF-32"),
    (b"<\0\0\0", "", "UTF-32"),
    (b"\0\0\0<", "", "UTF-32"),
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
    (b"<\0", "", "UTF-16 without a byte order mark"),
    (b"\0<", "", "UTF-16 without a byte order mark"),
    (b"+ADw-", "", "UTF-7"),
    (b"+/v", "", "UTF-7"),
    (b"\x4c\x6f\xa7\x94", "", "EBCDIC"),
)
_DECLARED = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s*=\s*[^A-Za-z0-9<>?]{0,4}([A-Za-z0-9._-]+)""")
_DECLARED_TEXT = re.compile(r"""[\s\ufeff]*+<\?xml[^>]{0,200}?encoding\s*=\s*[^A-Za-z0-9<>?]{0,4}([A-Za-z0-9._-]+)""")


def decode(data: bytes) -> str:
    """Bytes to text: a byte order mark, else an XML declaration, else UTF-8 decides. ValueError if they do not fit, or
    do not fit each other."""
    beginning = next((row for row in _BEGINNINGS if data.startswith(row[0])), None)
    if beginning:
        text = _marked(data, *beginning[1:])
    else:
        declared = _DECLARED.match(data[:300].lstrip(b"\xef\xbb\xbf \t\r\n"))
        named = declared[1].decode("ascii") if declared else "utf-8"
        if named.lower() not in ENCODINGS:
            raise ValueError(f"the encoding {named[:40]!r} is not one that is read here: {_known()}")
        text = _text(data, ENCODINGS[named.lower()])
    if "\0" in text:
        raise ValueError(f"there is a NUL at character {text.index(chr(0)) + 1}")
    return text


def _marked(data: bytes, codec: str, encoding: str) -> str:
    """The text of bytes that say by their beginning what they are, and may say it again in a declaration."""
    if not codec:
        raise ValueError(f"they begin like {encoding}, which is not read here")
    text = _text(data, codec)
    declared = _DECLARED_TEXT.match(text[:300])
    named = declared[1].lower() if declared else encoding.lower()
    if ENCODINGS.get(named, named.upper()) != encoding:
        raise ValueError(f"the byte order mark says {encoding}, the declaration {named[:40]!r}")
    return text


def _text(data: bytes, codec: str) -> str:
    try:
        return data.decode(codec)
    except UnicodeDecodeError as wrong:
        line = data.count(b"\n", 0, wrong.start) + 1
        raise ValueError(f"the byte 0x{data[wrong.start]:02x} in line {line} is not {wrong.encoding}") from wrong


def _known() -> str:
    return ", ".join(sorted(set(ENCODINGS.values())))


class Source:
    """Offsets of a text as lines and columns, both from 1."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def position(self, offset: int) -> Position:
        line = bisect_right(self._starts, offset)
        return Position(line, offset - self._starts[line - 1] + 1)
