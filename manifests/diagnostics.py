"""What is wrong with a document, as collected values: never an exception, always all of them.

A diagnostic's code is stable once released; `docs/` lists every one (see `manifests.codes`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """An error refuses the document; a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One thing to say about a document.

    `line` and `column` count from 1 in the document's own text (XML or YAML); 0 means the whole document.
    `hint` says what to do next; it is empty only where nothing can be done.
    """

    severity: Severity
    code: str
    line: int
    column: int
    summary: str
    hint: str = ""

    def __str__(self) -> str:
        place = f"{self.line}:{self.column}: " if self.line else ""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{place}{self.severity}: {self.summary}{hint} [{self.code}]"


def errors(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Those that refuse the document."""
    return tuple(d for d in diagnostics if d.severity is Severity.ERROR)
