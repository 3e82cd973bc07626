"""A text that is not well-formed XML -> one that is, and everything that was made of it. Pure, and in linear time.

What people get wrong in real documents (cords.md, section 8) is mended where only one reading makes sense; what else is
wrong is told with its place. Whether the result is XML decides lxml, not this: nothing is ever guessed silently.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from manifests.text.attributes import NAME, TAG_START, Attributes, End, escape
from manifests.text.edits import Edit, Notes, Repair, Repaired
from manifests.text.source import ENCODINGS

WHY: Mapping[str, str] = {
    "repaired-declaration": "the XML declaration is not as it should be",
    "repaired-quotes": "a value is not in a pair of straight quotes",
    "repaired-blank": "there is no blank between two attributes",
    "repaired-tag": "a tag does not end as it should",
    "repaired-mark": "a mark stands between elements or attributes that means nothing",
    "repaired-escape": "a & or < stands bare in a text",
    "repaired-duplicate": "an attribute stands twice, with the same value",
}
"""What each kind of repair says; all are codes."""

_BLANK = " \t\r\n"
_DECLARATION = re.compile(r"[\s\ufeff;]*+(<\?xml\s[^<>]{0,200}>)")
_GOOD_DECLARATION = re.compile(
    r"""<\?xml\s+version\s*=\s*(?:"1\.\d"|'1\.\d')(?:\s+encoding\s*=\s*(?:"(?P<one>[\w.-]+)"|'(?P<two>[\w.-]+)'))?"""
    r"""(?:\s+standalone\s*=\s*(?:"(?:yes|no)"|'(?:yes|no)'))?\s*\?>"""
)
_NAME = re.compile(NAME)
_END_TAG = re.compile(rf"</\s{{0,9}}({NAME})\s*+/?(?:>|(?=<)|\Z)")
_NEXT_END_TAG = re.compile(rf"\s*+{_END_TAG.pattern}")
_GOOD_END_TAG = re.compile(rf"</{NAME}\s*>")
_WHOLE = (("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>"))


@dataclass(slots=True)
class _Open:
    """An element that is not closed yet. `unended` is where its start tag stops without an end, -1 if it has one."""

    name: str
    start: int
    unended: int = -1


def repair(text: str) -> Repaired:
    """The text with what can be mended safely mended. With `troubles` it is not to be read."""
    scanner = _Scanner(text)
    scanner.run()
    return Repaired(scanner.notes)


def declaration(text: str) -> tuple[Repair, ...]:
    """What is wrong with the XML declaration of a text, which may be well-formed all the same."""
    notes = Notes(text)
    _declaration(notes)
    return tuple(notes.repairs)


def _declaration(notes: Notes) -> None:
    """Blank lines before it, an encoding that is spelt as nobody does, or no declaration in all but its beginning. The
    text is decoded by now: what it says of its encoding has been heard."""
    found = _DECLARATION.match(notes.text)
    if not found:
        return
    good = _GOOD_DECLARATION.fullmatch(found[1])
    made = '<?xml version="1.0"?>'
    if good:
        named = good["one"] or good["two"] or ""
        right = ENCODINGS.get(named.lower(), named)
        made = found[1] if right.lower() == named.lower() else found[1].replace(named, right, 1)
    if made != found[0]:
        notes.change("repaired-declaration", 0, found.end(), Edit(0, found.end(), made))


class _Scanner:
    """Goes through the tags once."""

    def __init__(self, text: str) -> None:
        self.notes = Notes(text)
        self._text = text
        self._attributes = Attributes(self.notes)
        self._open: list[_Open] = []
        self._names: Counter[str] = Counter()
        self._sure = True  # until a tag cannot be read: from there on it is not known what is open

    def run(self) -> None:
        _declaration(self.notes)
        found = _DECLARATION.match(self._text)
        at = found.end() if found else 0
        while (start := self._text.find("<", at)) >= 0:
            self._between(at, start)
            at = self._markup(start)
        self._between(at, len(self._text))
        if self._open and self._sure:
            self._not_closed(self._open[0], "the end of the document")

    def _between(self, start: int, end: int) -> None:
        """The text between two tags."""
        if self._open or not self._sure:
            escape(self.notes, start, end)
            return
        written = self._text[start:end].strip(_BLANK)
        at = self._text.find(written, start)
        meant = written.strip(_BLANK + ";\ufeff")
        if meant:
            summary = f"{meant[:40]!r} stands outside the outermost element"
            self.notes.trouble(self._text.find(meant, at), summary, "take it out, or put it in an element")
        elif written:
            self.notes.change("repaired-mark", at, at + len(written), Edit(at, at + len(written), ""))

    def _markup(self, start: int) -> int:
        """What begins with the angle at `start`; gives the offset after it."""
        for opening, closing in _WHOLE:
            if self._text.startswith(opening, start):
                return self._whole(start, opening, closing)
        if self._text.startswith("</", start):
            return self._end_tag(start)
        if self._text.startswith("<!", start):
            return self._refused(start)
        if TAG_START.match(self._text, start):
            return self._start_tag(start)
        if self._open:
            self.notes.change("repaired-escape", start, start + 10, Edit(start, start + 1, "&lt;"))
        else:
            self.notes.trouble(start, "an angle that begins nothing", "a document begins with an element")
        return start + 1

    def _whole(self, start: int, opening: str, closing: str) -> int:
        end = self._text.find(closing, start + len(opening))
        if end >= 0:
            return end + len(closing)
        self.notes.trouble(start, f"{opening} is not ended by {closing}", f"write {closing} where it ends")
        self._sure = False
        return len(self._text)

    def _refused(self, start: int) -> int:
        if self._text.startswith("<!DOCTYPE", start):
            hint = "take it out: documents are read without one"
            self.notes.trouble(start, "the document has a DOCTYPE", hint, "doctype")
        else:
            self.notes.trouble(start, "<! begins neither a comment nor a CDATA section", "write &lt;! in a text")
        self._sure = False
        return start + 2

    def _start_tag(self, start: int) -> int:
        name = _NAME.match(self._text, start + 1)
        if not name:
            self.notes.trouble(start, "an element without a name", "write &lt; where an angle is meant")
            return start + 1
        at, end = self._attributes.read(name.end())
        if end is End.UNSURE:
            self._sure = False
        if end is End.OPEN or end is End.MISSING:
            self._open.append(_Open(name[0], start, at if end is End.MISSING else -1))
            self._names[name[0]] += 1
        return at

    def _end_tag(self, start: int) -> int:
        found = _END_TAG.match(self._text, start)
        if not found:
            self.notes.trouble(start, "an end tag that cannot be read", "it is </name>")
            self._sure = False
            return start + 2
        name = self._close(found) if self._sure else found[1]
        if name != found[1] or not _GOOD_END_TAG.fullmatch(found[0]):
            edit = Edit(start, found.end(), f"</{name}>")
            self.notes.change("repaired-tag", start, found.end(), edit)
        return found.end()

    def _close(self, tag: re.Match[str]) -> str:
        """Bring an end tag together with what it closes; gives the name that it should have."""
        while self._open and self._open[-1].unended >= 0 and self._names[tag[1]] and self._open[-1].name != tag[1]:
            self._end_start_tag("/>")
        if self._open and self._open[-1].name == tag[1]:
            self._end_start_tag(">")
        elif self._names[tag[1]]:
            self._not_closed(self._open[-1], f"</{tag[1][:60]}>")
            while self._pop().name != tag[1]:
                pass
        elif self._is_misnamed(tag):
            return self._pop().name
        else:
            self.notes.trouble(tag.start(), f"</{tag[1][:60]}> closes nothing", "take it out, or write what it closes")
        return tag[1]

    def _end_start_tag(self, how: str) -> None:
        """The innermost element is over; where its start tag had no end, its end is this."""
        closed = self._pop()
        if closed.unended >= 0:
            edit = Edit(closed.unended, closed.unended, how)
            self.notes.change("repaired-tag", closed.start, closed.unended, edit)

    def _is_misnamed(self, tag: re.Match[str]) -> bool:
        """An end tag whose name nobody has, right before the one that closes the element around: it can only be meant
        for the innermost element."""
        if len(self._open) < 2 or self._open[-1].unended >= 0:
            return False
        after = _NEXT_END_TAG.match(self._text, tag.end())
        return after is not None and after[1] == self._open[-2].name

    def _not_closed(self, element: _Open, before: str) -> None:
        if self._sure:
            summary = f"<{element.name[:60]}> is not closed before {before}"
            self.notes.trouble(element.start, summary, f"end it with /> or with </{element.name[:60]}>")

    def _pop(self) -> _Open:
        element = self._open.pop()
        self._names[element.name] -= 1
        return element
