"""Diagnostics of a document as people and programs read them: lines with the offending text, JSON, SARIF. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from broker.confidential import NAMES

if TYPE_CHECKING:
    from manifests import Diagnostic

Found = Mapping[str, tuple[str, Sequence["Diagnostic"]]]
"""Name of each document -> its text, and what is said about it."""

Paint = Callable[[str, str], str]
"""(style, text) -> the text set off: a style is a key of the table of colours."""

_COLOURS = {"error": "31", "warning": "33", "bold": "1", "faint": "2"}
# What a reader sees as one thing: a value from its opening quote on, else a run without blanks, marks and quotes.
_WORD = re.compile(r"(?<=[=:,(\[\s])(?:\"[^\"]*\"?|'[^']*'?)|[^\s<>=\"';,()\[\]{}]+|.")
# A line is shown around the place when it is longer than a terminal is wide.
_WIDTH = 100
_EVERYTHING_IS_A_BLANK = str.maketrans({chr(code): " " for code in (*range(32), 127, *range(0x80, 0xA0))})


# No terminal and no log shows these; how one is known at a provider is hidden here too, though the broker keeps it.
_NAMES = "|".join(sorted(NAMES | {"authenticate"}))
_SECRET = re.compile(rf"""\b(?:{_NAMES})["']?\s*[=:]\s*(?:"([^"]*)|'([^']*)|([^\s"'/>,}}]+))""")


def masked(text: str) -> str:
    """A text with the characters of every secret value as stars; nothing changes its place."""
    return _SECRET.sub(
        lambda found: found[0][: found.start(found.lastindex or 0) - found.start()] + _stars(found), text
    )


def _stars(found: re.Match[str]) -> str:
    return "".join(mark if mark == "\n" else "*" for mark in found[found.lastindex or 0])


def lines(name: str, text: str, found: Sequence[Diagnostic], *, colour: bool = False) -> list[str]:
    """Each diagnostic: `name:line:column: severity: what is wrong [code]`, the text with a caret below, what to do."""
    rows = masked(text).split("\n") if found else []
    return [line for one in found for line in _shown(name, rows, one, _coloured if colour else _plain)]


def _shown(name: str, rows: Sequence[str], one: Diagnostic, paint: Paint) -> list[str]:
    place = f"{name}:{one.line}:{one.column}:" if one.line else f"{name}:"
    said = [f"{paint('bold', place)} {paint(one.severity, f'{one.severity}:')} {one.summary} [{one.code}]"]
    if 0 < one.line <= len(rows):
        said += _pointed(rows[one.line - 1], one, paint)
    if one.hint:
        said.append(f"{paint('faint', '      =')} {one.hint}")
    return said


def _pointed(row: str, one: Diagnostic, paint: Paint) -> list[str]:
    """The line, cut around the place where it is long, and below it the offending text underlined."""
    column = min(max(one.column, 1), len(row) + 1)
    first = max(0, column - 1 - _WIDTH // 2) if len(row) > _WIDTH else 0
    shown = row[first : first + _WIDTH].translate(_EVERYTHING_IS_A_BLANK)
    length = max(1, min(len(offending(row, column)), len(shown) - (column - 1 - first)))
    mark = " " * (column - 1 - first) + "^" * length
    return [
        f"{one.line:>5} {paint('faint', '|')} {shown}",
        f"{'':>5} {paint('faint', '|')} {paint(one.severity, mark)}",
    ]


def offending(row: str, column: int) -> str:
    """The word of a line that begins at a column, counted from 1; empty at its end. A colon after it is YAML's."""
    found = _WORD.match(row, column - 1)
    return (found[0].rstrip(":") or found[0]) if found else ""


def _plain(style: str, text: str) -> str:
    return text


def _coloured(style: str, text: str) -> str:
    return f"\x1b[{_COLOURS[style]}m{text}\x1b[0m"


def as_json(found: Found) -> dict[str, list[dict[str, Any]]]:
    """The diagnostics of each document, with the offending text of each."""
    return {
        name: [_fields(rows, one) for rows in [masked(text).split("\n")] for one in said]
        for name, (text, said) in found.items()
    }


def _fields(rows: Sequence[str], one: Diagnostic) -> dict[str, Any]:
    row = rows[one.line - 1] if 0 < one.line <= len(rows) else ""
    return {**asdict(one), "text": offending(row, max(one.column, 1))}


def sarif(found: Found, version: str) -> dict[str, Any]:
    """One run as SARIF 2.1.0 (OASIS), which pipelines show beside the changed lines. Columns count code points."""
    used = sorted({one.code for _, said in found.values() for one in said})
    driver = {"name": "accords", "version": version, "rules": [_rule(code) for code in used]}
    results = [
        _result(name, rows, one, used.index(one.code))
        for name, (text, said) in found.items()
        for rows in [masked(text).split("\n")]
        for one in said
    ]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return {
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    }


def _rule(code: str) -> dict[str, Any]:
    from manifests import CODES

    known = CODES[code]
    return {
        "id": code,
        "shortDescription": {"text": known.meaning},
        "defaultConfiguration": {"level": str(known.severity)},
    }


def _result(name: str, rows: Sequence[str], one: Diagnostic, rule: int) -> dict[str, Any]:
    where: dict[str, Any] = {"artifactLocation": {"uri": quote(name)}}
    if one.line:
        row = rows[one.line - 1] if one.line <= len(rows) else ""
        end = one.column + max(1, len(offending(row, max(one.column, 1))))
        where["region"] = {"startLine": one.line, "startColumn": max(one.column, 1), "endColumn": end}
    text = f"{one.summary}: {one.hint}" if one.hint else one.summary
    return {
        "ruleId": one.code,
        "ruleIndex": rule,
        "level": str(one.severity),
        "message": {"text": text},
        "locations": [{"physicalLocation": where}],
    }
