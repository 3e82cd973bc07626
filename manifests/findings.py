"""Diagnostics while they are being collected: bounded, and sorted by place when they are handed over."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from manifests.codes import CODES
from manifests.diagnostics import Diagnostic, Severity
from manifests.model import Position

# A document of 200,000 wrong attributes gets 200 diagnostics and a count, not 200,000.
LIMIT = 200
# Comparing spellings costs the product of both lengths; no name of the grammar is longer.
_LONGEST_SPELLING = 60

NOWHERE = Position()


class Findings:
    """What there is to say about one document so far."""

    def __init__(self) -> None:
        self._found: list[Diagnostic] = []
        self._more = 0
        self.refused = False

    def add(self, code: str, at: Position, summary: str, hint: str = "", *, refuse: bool = False) -> None:
        """Say one thing; `code` is a key of CODES (KeyError otherwise) and gives the severity. `refuse` makes an error
        of a warning."""
        severity = Severity.ERROR if refuse else CODES[code].severity
        self.refused = self.refused or severity is Severity.ERROR
        if len(self._found) >= LIMIT:
            self._more += 1
            return
        self._found.append(Diagnostic(severity, code, at.line, at.column, _visible(summary), _visible(hint)))

    @property
    def full(self) -> bool:
        """No more is listed, only counted: a reader may skip what only makes the message better."""
        return len(self._found) >= LIMIT

    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """All that was found, in the order of the text."""
        found = sorted(self._found, key=lambda d: (d.line, d.column))
        if self._more:
            hint = "mend these and read the document again"
            summary = f"and {self._more} more"
            severity = Severity.ERROR if self.refused else Severity.WARNING
            found.append(Diagnostic(severity, "too-many-diagnostics", 0, 0, summary, hint))
        return tuple(found)


def _visible(text: str) -> str:
    """What a document's own words put into a message must not control the terminal or the log it is shown in."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def nearest(word: str, known: Iterable[str]) -> str:
    """A hint that names the known spelling nearest to `word`, or all of them when there are few, or nothing."""
    names = sorted(known)
    close = get_close_matches(word, names, 1) if len(word) <= _LONGEST_SPELLING else []
    if close:
        return f"did you mean {close[0]!r}?"
    return f"known: {', '.join(names)}" if names and len(names) <= 20 else ""
