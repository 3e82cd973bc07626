"""What an entity is in the store, and how its row is read and written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
import sqlalchemy as sa

from broker.store.json_text import dump
from broker.store.tables import entities

PLATFORM = "platform"


@dataclass(frozen=True, slots=True)
class Record:
    """One entity. `kind` and `mixins` are full type ids (scheme + term); `source` and `target` are a link's ends, None
    for a resource. `generation` counts from 1 and is the ETag; `created` and `updated` are UTC microseconds."""

    account: str
    kind: str
    id: str
    generation: int = 1
    title: str = ""
    summary: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    mixins: tuple[str, ...] = ()
    source: str | None = None
    target: str | None = None
    created: int = 0
    updated: int = 0


def from_row(row: Sequence[Any]) -> Record:
    """A row of `COLUMNS`."""
    account, kind, id, generation, title, summary, attributes, mixins, source, target, created, updated = row
    return Record(
        account,
        kind,
        id,
        generation,
        title,
        summary,
        loaded(attributes),
        tuple(loaded(mixins)) if mixins != "[]" else (),
        source,
        target,
        created,
        updated,
    )


def loaded(json: Any) -> Any:
    """A JSON column as the drivers give it: SQLite's text, psycopg's value."""
    return orjson.loads(json) if isinstance(json, str) else json


def to_row(record: Record) -> dict[str, Any]:
    """The columns of `tables.entities`, without the journal's sequence; JSON as values."""
    return {
        "account": record.account,
        "kind": record.kind,
        "id": record.id,
        "generation": record.generation,
        "title": record.title,
        "summary": record.summary,
        "attributes": dict(record.attributes),
        "mixins": list(record.mixins),
        "source": record.source,
        "target": record.target,
        "created": record.created,
        "updated": record.updated,
    }


def to_text(record: Record) -> dict[str, Any]:
    """The same with JSON as text, as statements that are compiled take it."""
    return {**to_row(record), "attributes": dump(record.attributes), "mixins": dump(record.mixins)}


def identity(account: str, kind: str, id: str) -> tuple[sa.ColumnElement[bool], ...]:
    """What is true of one row only."""
    return (entities.c.account == account, entities.c.kind == kind, entities.c.id == id)


def term(kind: str) -> str:
    """What a kind is called in messages."""
    return kind.rpartition("#")[2]


FIXED = ("account", "kind", "id", "created")
"""What no change of an entity changes."""

COLUMNS = tuple(entities.c[name] for name in Record.__slots__)
"""What a record is read from."""
