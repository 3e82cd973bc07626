"""What must hold for every reading, whatever was read: said once, for hypothesis, for the fuzzers and for their finds.

A fuzzer's input is one byte that chooses how to read, and the bytes that are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from manifests import CODES, Reading, Severity, read
from manifests.actions.language import METHODS, statements
from manifests.text.source import decode

HERE = Path(__file__).parent
FINDS = HERE / "finds"
EXAMPLES = HERE.parents[1] / "examples"
DOCUMENTS = HERE.parent / "manifests" / "documents"
CORPUS = HERE.parents[2] / "shared" / "corpus"
FORMATS = (None, "xml", "yaml", "json")


def check_document(data: bytes) -> Reading:
    """Read it as its first byte says: the format in two bits, strict in the third."""
    how, data = data[0] if data else 0, data[1:]
    reading = read(data, format=FORMATS[how & 3], strict=bool(how & 4))
    check_reading(reading, data)
    return reading


def check_reading(reading: Reading, data: bytes) -> None:
    """Refused exactly when there is an error; each diagnostic known, spoken, and at a place that there is."""
    refused = any(one.severity is Severity.ERROR for one in reading.diagnostics)
    assert (reading.document is None) == refused, [str(one) for one in reading.diagnostics]
    rows = _rows(data) if reading.diagnostics else []
    for one in reading.diagnostics:
        assert one.code in CODES, one
        assert one.summary, one
        assert one.summary.isprintable() and one.hint.isprintable(), repr(one)
        assert one.line == one.column == 0 or _is_place(one.line, one.column, rows), (one, len(rows))


def check_expression(text: str) -> None:
    """Each statement is read or has its trouble, at a place inside the expression."""
    calls, troubles = statements(text)
    for trouble in troubles:
        assert trouble.code in CODES, trouble
        assert 0 <= trouble.offset <= len(text), trouble
    for call in calls:
        assert call.path.names and all(call.path.names), call
        assert call.method and call.method in (call.method.lower(), *METHODS), call
        assert 0 <= call.offset < len(text), call
    assert calls or troubles or not text.strip(), text


def seeds() -> Iterator[bytes]:
    """Good and broken documents to begin with: our own, and those of the original project where they are."""
    folders = (EXAMPLES, DOCUMENTS, *(CORPUS / name for name in ("manifests", "agreements", "imports", "generated")))
    for path in chain.from_iterable(sorted(folder.glob("*.*ml")) for folder in folders):
        data = path.read_bytes()
        if len(data) < 20_000:
            yield b"\0" + data
    for code in CODES.values():
        if code.example:
            yield b"\0" + code.example.encode()


def expressions() -> Iterator[bytes]:
    """What the seeds have in their actions."""
    for seed in seeds():
        for found in re.finditer(rb"""expression=(?:"([^"]*)"|'([^']*)')|expression: (.+)""", seed):
            yield found[found.lastindex or 0]


def _rows(data: bytes) -> list[str]:
    try:
        return decode(data).split("\n")
    except ValueError:
        return []


def _is_place(line: int, column: int, rows: list[str]) -> bool:
    return 1 <= line <= len(rows) and 1 <= column <= len(rows[line - 1]) + 1
