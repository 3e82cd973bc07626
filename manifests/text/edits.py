"""What is changed in a text that is not well-formed, as values: the edits, how they are told, and the way back from
the text they make to the places of the original. What needs an edit is found by `manifests.text.repair`."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from typing import NamedTuple

# A document with more broken places than these is no document with slips in it; the limit also bounds the memory.
MOST_REPAIRS = 1000
_SHOWN = 60


class Edit(NamedTuple):
    """`made` stands in the place of what is from `start` to `end` of the original."""

    start: int
    end: int
    made: str


class Repair(NamedTuple):
    """One thing that was mended: `code` is a key of CODES, `offset` a place of the original, `read` what stood there
    and `made` what was made of it, both cut to what a line can show."""

    code: str
    offset: int
    read: str
    made: str


class Trouble(NamedTuple):
    """One thing that cannot be mended safely. `code` is a key of CODES."""

    code: str
    offset: int
    summary: str
    hint: str


class Notes:
    """What is found while one text is scanned."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.edits: list[Edit] = []
        self.repairs: list[Repair] = []
        self.troubles: list[Trouble] = []

    def change(self, code: str, start: int, end: int, *edits: Edit, at: int | None = None) -> None:
        """Make these edits and tell them as one repair of the text from `start` to `end`, at its start or `at`."""
        if len(self.repairs) < MOST_REPAIRS:
            self.edits += edits
            read, made = _cut(self.text[start:end]), _cut(self._made(start, end, edits))
            self.repairs.append(Repair(code, start if at is None else at, read, made))
        elif len(self.repairs) == MOST_REPAIRS and not self.troubles:
            self.trouble(start, f"more than {MOST_REPAIRS} places of the document need a repair", "write it anew")

    def leave_out(self, code: str, start: int, end: int, noted: int) -> None:
        """Tell that this is left out, and the edits with it that were made in it: all after the first `noted`."""
        del self.edits[noted:]
        at = start + len(self.text[start:end]) - len(self.text[start:end].lstrip())
        self.change(code, at, end, Edit(start, end, ""))

    def trouble(self, offset: int, summary: str, hint: str, code: str = "not-xml") -> None:
        if len(self.troubles) < MOST_REPAIRS:
            self.troubles.append(Trouble(code, offset, summary, hint))

    def _made(self, start: int, end: int, edits: Iterable[Edit]) -> str:
        parts: list[str] = []
        for edit in edits:
            parts += [self.text[start : edit.start], edit.made]
            start = edit.end
        return "".join([*parts, self.text[start:end]])


class Repaired:
    """The text with all edits made. No two change the same characters; those that only insert come first."""

    def __init__(self, notes: Notes) -> None:
        self.repairs, self.troubles = tuple(notes.repairs), tuple(notes.troubles)
        self._edits: list[Edit] = []
        self._starts: list[int] = []  # of what each edit made, in the new text
        parts: list[str] = []
        done = length = 0
        for edit in sorted(notes.edits, key=lambda edit: edit[:2]):
            length += edit.start - done
            parts += [notes.text[done : edit.start], edit.made]
            self._edits.append(edit)
            self._starts.append(length)
            done, length = edit.end, length + len(edit.made)
        self.text = "".join([*parts, notes.text[done:]])

    def original(self, offset: int) -> int:
        """Where in the original the character at an offset of the new text stands, or what it was made of."""
        index = bisect_right(self._starts, offset) - 1
        if index < 0:
            return offset
        edit, beyond = self._edits[index], offset - self._starts[index] - len(self._edits[index].made)
        return edit.end + beyond if beyond >= 0 else edit.start


def _cut(text: str) -> str:
    half = _SHOWN // 2
    return text if len(text) <= _SHOWN else f"{text[:half]}…{text[-half:]}"
