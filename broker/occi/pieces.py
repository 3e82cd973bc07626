"""Collections that are too large for one answer in memory, rendered piece by piece: together what `render.collection`
gives of the same entities."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import orjson

from broker.occi import json_write
from broker.occi.media import Media
from broker.occi.model import Entity
from broker.occi.registry import Registry


def json(registry: Registry, groups: Mapping[str, Iterable[Sequence[Entity]]], media: Media) -> Iterator[bytes]:
    """`groups` are `resources` and `links`, each some at a time; one that has none is left out."""
    before = b"{"
    for name, parts in groups.items():
        opening = before + orjson.dumps(name) + b":["
        for part in parts:
            if part:
                yield opening + b",".join(_written(registry, each, media) for each in part)
                opening, before = b",", b"],"
    yield b"{}" if before == b"{" else b"]}"


def _written(registry: Registry, each: Entity, media: Media) -> bytes:
    return orjson.dumps(json_write.entity(registry, each, location=media is Media.PLAIN_JSON))
