"""Single values of the text rendering: quotes, numbers, and taking a line apart outside its quotes (TXT-10, 11)."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from decimal import Decimal

import orjson

from broker.occi.errors import Malformed
from broker.occi.model import Value

# What cannot stand in a quoted string or a header: quotes are escaped, control characters become blanks (TXT-33).
_ESCAPES = {**dict.fromkeys([*range(32), 127], " "), ord('"'): '\\"', ord("\\"): "\\\\"}
_PLAIN = re.compile(r'[^\x00-\x1f\x7f"\\]*')
_NUMBER = re.compile(r"[+-]?\d+(?P<fraction>\.\d+)?(?P<exponent>[eE][+-]?\d+)?", re.ASCII)
_BARE = re.compile(r"[^\s\x00-\x1f\x7f\",;=<>\\]+")
_WORDS: dict[str, bool] = {"true": True, "false": False}
_DIGITS = 400  # more than any double needs; int() of a longer text is refused by Python itself


def quoted(text: str) -> str:
    """`a "b"` -> `"a \\"b\\""`; safe in a header line."""
    return f'"{text}"' if _PLAIN.fullmatch(text) else f'"{text.translate(_ESCAPES)}"'


def written(value: Value) -> str:
    """A value as X-OCCI-Attribute has it: strings quoted, numbers and booleans bare, without exponent; lists and
    hashes as quoted JSON (TXT-14)."""
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _fraction(value)
    return quoted(orjson.dumps(value).decode())


def _fraction(value: float) -> str:
    text = repr(value)
    if "e" not in text:
        return text
    text = format(Decimal(text), "f")  # rOCCI cannot read 1e-05
    return text if "." in text else f"{text}.0"


def read(text: str, name: str, *, older: bool = False) -> Value:
    """A bare or quoted token -> str, int, float or bool; Malformed for anything else. `name` is for the message. In
    1.1 mode, `older`, a bare token is a string too (TXT-12)."""
    if text.startswith('"'):
        return unquoted(text, name)
    if text in _WORDS:
        return _WORDS[text]
    if (number := _NUMBER.fullmatch(text)) is not None and len(text) <= _DIGITS:
        return _number(text, number, name)
    if older and _BARE.fullmatch(text):
        return text
    raise Malformed(f"Value of {name} is neither a number nor a quoted string.", hint='Quote it: "value".', term=name)


def _number(text: str, match: re.Match[str], name: str) -> Value:
    if match["fraction"] is None and match["exponent"] is None:
        return int(text)
    found = float(text)
    if not math.isfinite(found):
        raise Malformed(f"Value of {name} is too large.", term=name)
    return found


def unquoted(text: str, name: str) -> str:
    """`"a \\"b\\""` -> `a "b"`; a text without quotes as it is; Malformed when a quote is not closed."""
    if not text.startswith('"'):
        return text
    if not _QUOTED.fullmatch(text):
        raise Malformed(f"{name} is not one quoted string.", hint='name="value"', term=name)
    return re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL)


_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_PIECE = re.compile(r'"(?:[^"\\]|\\.)*"|<[^<>"]*>|[^",;<]+|.', re.DOTALL)


def split(text: str, mark: str) -> Iterator[str]:
    """The parts of a text between `mark`s (`,` or `;`) outside quotes and <...>, stripped, the empty ones left out.

    Malformed for a quote that is not closed; the text is walked once.
    """
    part: list[str] = []
    for match in _PIECE.finditer(text):  # lazily: an open quote ends the walk, so it stays linear
        piece = match[0]
        if piece == '"':
            raise Malformed(f"A quote is not closed in {text.strip()[:80]!r}.", term=text[:80])
        if piece != mark:
            part.append(piece)
            continue
        if found := "".join(part).strip():
            yield found
        part.clear()
    if found := "".join(part).strip():
        yield found
