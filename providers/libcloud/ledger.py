"""What is remembered of things made, because the cloud does not: a row for each, in a database file of this provider.

Written before the cloud is asked (which token will have which tags), completed with the id that the cloud gave. A cloud
that keeps metadata is believed before it; without a row, the name at the cloud still tells the token.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from providers.protocol import Kind

PATIENCE = 5.0
"""Seconds that a write of another process is waited for."""
_TABLE = """CREATE TABLE IF NOT EXISTS things (
    kind TEXT NOT NULL, token TEXT NOT NULL, id TEXT, name TEXT NOT NULL, tags TEXT NOT NULL, facts TEXT NOT NULL,
    leaving INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (kind, token))"""
_ROW = "SELECT token, id, name, tags, facts, leaving FROM things"


@dataclass(frozen=True, slots=True)
class Row:
    """`id` None: not heard of yet. `facts`: what of the specification is needed later. `leaving`: it was given back,
    and the cloud may still show it."""

    token: str
    id: str | None
    name: str
    tags: Mapping[str, str]
    facts: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    leaving: bool = False


class Ledger:
    """Threads and processes may share the file. None: in memory, for this object alone."""

    def __init__(self, path: Path | None) -> None:
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        where = str(path) if path is not None else ":memory:"
        self._lock = threading.Lock()
        self._file = sqlite3.connect(where, timeout=PATIENCE, check_same_thread=False, isolation_level=None)
        self._write("PRAGMA journal_mode = WAL")  # a backup reads for as long as it copies
        self._write(_TABLE)

    def begin(self, kind: Kind, row: Row) -> None:
        """In place of an earlier one of that token."""
        values = (kind, row.token, row.id, row.name, _packed(row.tags), _packed(row.facts))
        self._write(
            "INSERT OR REPLACE INTO things (kind, token, id, name, tags, facts) VALUES (?, ?, ?, ?, ?, ?)", *values
        )

    def made(self, kind: Kind, token: str, id: str) -> None:
        self._write("UPDATE things SET id = ? WHERE kind = ? AND token = ?", id, kind, token)

    def facts(self, kind: Kind, token: str, facts: Mapping[str, str | Sequence[str]]) -> None:
        self._write("UPDATE things SET facts = ? WHERE kind = ? AND token = ?", _packed(facts), kind, token)

    def retag(self, kind: Kind, token: str, tags: Mapping[str, str]) -> None:
        self._write("UPDATE things SET tags = ? WHERE kind = ? AND token = ?", _packed(tags), kind, token)

    def leave(self, kind: Kind, token: str) -> None:
        self._write("UPDATE things SET leaving = 1 WHERE kind = ? AND token = ?", kind, token)

    def forget(self, kind: Kind, tokens: Collection[str]) -> None:
        for token in tokens:
            self._write("DELETE FROM things WHERE kind = ? AND token = ?", kind, token)

    def of(self, kind: Kind) -> list[Row]:
        """All of a kind, the oldest first."""
        with self._lock:
            found = self._file.execute(f"{_ROW} WHERE kind = ? ORDER BY rowid", (kind,)).fetchall()
        return [_row(each) for each in found]

    def close(self) -> None:
        with self._lock:
            self._file.close()

    def _write(self, statement: str, *values: str | None) -> None:
        with self._lock:
            self._file.execute(statement, values)


def _packed(what: Mapping[str, str | Sequence[str]] | Mapping[str, str]) -> str:
    return json.dumps(dict(what), ensure_ascii=False)


def _row(found: tuple[str, str | None, str, str, str, int]) -> Row:
    token, id, name, tags, facts, leaving = found
    return Row(token, id, name, json.loads(tags), json.loads(facts), bool(leaving))
