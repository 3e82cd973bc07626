"""The attributes of one start tag, read tolerantly: what a person would still read without a doubt is mended.

Works on text that is not well-formed; takes linear time, every pattern is bounded or possessive.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import NamedTuple

from manifests.text.edits import Edit, Notes
from manifests.text.tree import MOST_ATTRIBUTES_OF_ONE, TooMuch

_DOUBLE, _SINGLE = "“”„‟″", "‘’‚‛′"
_QUOTES = f"\"'{_DOUBLE}{_SINGLE}"
# Looser than XML's own names, which lxml checks in the end; no mark that ends a name in a broken tag is in it.
NAME = rf"[^\s/<>=!?&;,{_QUOTES}]+"
_NAME = re.compile(NAME)
_BLANKS = re.compile(r"\s*")
_EQUALS = re.compile(r"\s*=\s*")
_BARE = re.compile(rf"(?:[^\s/<>={_QUOTES}]|/(?!>))+")
_MARKS = re.compile(r"[;,]+")
_CLOSING = re.compile(rf"/?>|/[^\s/<>={_QUOTES}]{{0,16}}\s*+>")
# What opens a tag. Any other "<" is a bare one.
TAG_START = re.compile(r"<(?:[^\W\d]|[:/!?])")
# Up to the quote that closes a value, or a "<" on the way.
_RUNS = {quote: re.compile(rf"[^<{quote}]*+") for quote in "\"'"}
_TYPOGRAPHIC_RUNS = {f"{_DOUBLE}": re.compile(rf"[^<\"{_DOUBLE}]*+"), _SINGLE: re.compile(rf"[^<'{_SINGLE}]*+")}
# A value ran on into the next attribute: its end is `name=`. The first group is a quote that may have been its own.
_RAN_ON = re.compile(rf"([{_QUOTES}]?)\s+[^\s/<>=!?&;,{_QUOTES}]{{1,60}}\s{{0,9}}=\s{{0,9}}\Z")
# A quote after which the tag goes on or ends.
_LAST_QUOTE = re.compile(rf"[{_QUOTES}](?=\s*+/?>|\s++[^\s/<>=!?&;,{_QUOTES}]{{1,60}}\s*+=)")
_REFERENCE = r"#[0-9]{1,7};|#x[0-9A-Fa-f]{1,6};|[A-Za-z][A-Za-z0-9]{0,31};|(?:amp|lt|gt|quot|apos)\b"
_ESCAPED = re.compile(rf"(?P<bare>(?:&(?!{_REFERENCE})|<)+)|&(?P<reference>{_REFERENCE})")
_ENTITIES = frozenset({"amp;", "lt;", "gt;", "quot;", "apos;"})
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;"})


class End(StrEnum):
    """How a start tag ends. MISSING: another tag begins inside it. UNSURE: it cannot be said."""

    OPEN = ">"
    EMPTY = "/>"
    MISSING = "nothing"
    UNSURE = "unsure"


class Value(NamedTuple):
    """Where a value starts and ends, and where reading goes on."""

    start: int
    end: int
    after: int


def escape(notes: Notes, start: int, end: int) -> None:
    """Mend bare ampersands and angles between two offsets, where no tag is."""
    for found in _ESCAPED.finditer(notes.text, start, end):
        reference = found["reference"]
        if found["bare"]:
            edit = Edit(found.start(), found.end(), found[0].translate(_ESCAPES))
            notes.change("repaired-escape", found.start(), min(found.end() + 10, end), edit)
        elif not reference.endswith(";"):
            notes.trouble(found.start(), f"&{reference} does not end", f"write &{reference}; or &amp;{reference}")
        elif not reference.startswith("#") and reference not in _ENTITIES:
            hint = f"write the character itself, or &amp;{reference}"
            notes.trouble(found.start(), f"&{reference} is not defined: documents have no entities of their own", hint)


class Attributes:
    """Reads the inside of one start tag after the other."""

    def __init__(self, notes: Notes) -> None:
        self._notes, self._text = notes, notes.text

    def read(self, at: int) -> tuple[int, End]:
        """What stands from `at`, the end of the element's name, to the end of the tag: the offset after it, and how it
        ended."""
        seen: dict[str, str] = {}
        spaced = True
        while True:
            start = _BLANKS.match(self._text, at).end()  # type: ignore[union-attr]  # it matches everywhere
            spaced = spaced or start > at
            if closing := _CLOSING.match(self._text, start):
                return closing.end(), self._closing(closing)
            if TAG_START.match(self._text, start):
                return at, End.MISSING
            if start == len(self._text):
                self._notes.trouble(at, "the document ends inside a tag", "write the rest of it")
                return start, End.UNSURE
            if marks := _MARKS.match(self._text, start):
                edit = Edit(start, marks.end(), " ")
                self._notes.change("repaired-mark", max(start - 10, 0), marks.end(), edit, at=start)
                at, spaced = marks.end(), True
                continue
            after = self._attribute(at, start, spaced, seen)
            if after < 0:
                return start, End.UNSURE
            at, spaced = after, False

    def _closing(self, closing: re.Match[str]) -> End:
        if closing[0] == ">":
            return End.OPEN
        if closing[0] != "/>":
            edit = Edit(closing.start(), closing.end(), "/>")
            self._notes.change("repaired-tag", max(closing.start() - 10, 0), closing.end(), edit, at=closing.start())
        return End.EMPTY

    def _attribute(self, at: int, start: int, spaced: bool, seen: dict[str, str]) -> int:
        """The offset after one attribute, -1 when there is none that can be read. `at` is where the blanks before it
        begin."""
        name = _NAME.match(self._text, start)
        if not name:
            summary = f"{self._text[start]!r} stands where an attribute or the end of the tag should"
            self._notes.trouble(start, summary, 'an attribute is name="value"')
            return -1
        equals = _EQUALS.match(self._text, name.end())
        if not equals or equals.end() == len(self._text):
            self._notes.trouble(start, f"{name[0][:60]!r} has no value", 'an attribute is name="value"')
            return -1
        noted = len(self._notes.edits)
        if not spaced:
            self._notes.change("repaired-blank", start - 1, equals.end(), Edit(start, start, " "), at=start)
        value = self._value(name, equals.end())
        if value is None:
            return -1
        self._once(name, at, value, seen, noted)
        return value.after

    def _once(self, name: re.Match[str], at: int, value: Value, seen: dict[str, str], noted: int) -> None:
        text = self._text[value.start : value.end]
        before = seen.get(name[0])
        seen[name[0]] = text
        if len(seen) > MOST_ATTRIBUTES_OF_ONE:
            raise TooMuch(f"an element has more than {MOST_ATTRIBUTES_OF_ONE} attributes", at)
        if before == text:
            self._notes.leave_out("repaired-duplicate", at, value.after, noted)
        elif before is not None:
            summary = f"{name[0][:60]} stands twice, as {before[:40]!r} and as {text[:40]!r}"
            self._notes.trouble(name.start(), summary, "keep the one that is meant", "duplicate")

    def _value(self, name: re.Match[str], at: int) -> Value | None:
        mark = self._text[at]
        if mark in "\"'":
            value = self._quoted(name, at)
        elif mark in _DOUBLE + _SINGLE:
            value = self._typographic(name, at)
        else:
            value = self._unquoted(name, at)
        if value:
            escape(self._notes, value.start, value.end)
        return value

    def _quoted(self, name: re.Match[str], at: int) -> Value | None:
        """In straight quotes, of which the closing one may be another than the opening one."""
        quote = self._text[at]
        end = self._run(_RUNS[quote], at + 1)
        closed = self._text.startswith(quote, end)
        ran_on = closed and self._ran_on(at + 1, end)
        if closed and not ran_on:
            return Value(at + 1, end, end + 1)
        last = self._other_quote(at + 1, end, quote, ran_on or None)
        if last < 0:
            summary = f"the value of {name[0][:60]} begins with {quote} and does not end before the next tag"
            self._notes.trouble(at, summary, f"end it with {quote}; a < inside it is written &lt;")
            return None
        self._notes.change("repaired-quotes", name.start(), last + 1, Edit(last, last + 1, quote))
        return Value(at + 1, last, last + 1)

    def _ran_on(self, start: int, end: int) -> re.Match[str] | None:
        """Whether the quote at `end` opens the value of the next attribute: `name="a type="b"`."""
        if self._text[end + 1 : end + 2] in ("", ">", "/") or self._text[end + 1].isspace():
            return None
        return _RAN_ON.search(self._text, max(start, end - 90), end)

    def _other_quote(self, start: int, end: int, quote: str, ran_on: re.Match[str] | None) -> int:
        """Where a value of which the own closing quote is missing ends with another one, -1 if that cannot be told: a
        quote that has its partner inside the value belongs to the value."""
        found = ran_on.start() if ran_on and ran_on[1] else -1
        if not ran_on and (last := _LAST_QUOTE.search(self._text, start, end)):
            found = last.start()
        if found < 0 or self._text[found] == quote:
            return -1
        return -1 if self._text.count(self._text[found], start, found) % 2 else found

    def _typographic(self, name: re.Match[str], at: int) -> Value | None:
        """In quotes of a word processor, which has then made such quotes of those inside the value too."""
        family = _DOUBLE if self._text[at] in _DOUBLE else _SINGLE
        end = self._run(_TYPOGRAPHIC_RUNS[family], at + 1)
        if end == len(self._text) or self._text[end] == "<":
            summary = f"the value of {name[0][:60]} begins with {self._text[at]} and does not end before the next tag"
            self._notes.trouble(at, summary, "use straight quotes")
            return None
        edits = [Edit(at, at + 1, '"')]
        for offset in (found.start() for found in re.finditer(rf"[\"{_SINGLE}]", self._text[at + 1 : end])):
            inner = at + 1 + offset
            edits.append(Edit(inner, inner + 1, "&quot;" if self._text[inner] == '"' else "'"))
        self._notes.change("repaired-quotes", name.start(), end + 1, *edits, Edit(end, end + 1, '"'))
        return Value(at + 1, end, end + 1)

    def _unquoted(self, name: re.Match[str], at: int) -> Value | None:
        bare = _BARE.match(self._text, at)
        if not bare or self._text[bare.end() : bare.end() + 1] in tuple(f"={_QUOTES}"):
            summary = f"{name[0][:60]} has no value that can be told from what follows"
            self._notes.trouble(name.start(), summary, 'an attribute is name="value"')
            return None
        end = bare.end()
        self._notes.change("repaired-quotes", name.start(), end, Edit(at, at, '"'), Edit(end, end, '"'))
        return Value(at, end, end)

    def _run(self, pattern: re.Pattern[str], at: int) -> int:
        """The offset of what ends a value: its quote, a tag, or the end of the text."""
        while True:
            end = pattern.match(self._text, at).end()  # type: ignore[union-attr]  # it matches everywhere
            if not self._text.startswith("<", end) or TAG_START.match(self._text, end):
                return end
            at = end + 1
