"""Values -> a response's body and headers, in the media type that was negotiated.

Every function gives a `Rendered`. Paths are joined to `base` (scheme, host and port, no slash at the end) wherever the
client wants absolute URIs: Location, X-OCCI-Location, text/uri-list (section 22.1 of the checklist).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

import orjson

from broker.occi import json_write, text_write
from broker.occi.errors import Malformed, TooLong
from broker.occi.media import Media
from broker.occi.model import CORE, Category, Entity
from broker.occi.registry import Registry

HEADER_LIMIT = 60_000  # QI-14: Python's own client refuses a header line over 65,536 bytes


@dataclass(frozen=True, slots=True)
class Rendered:
    """`headers` are header names and latin-1 values as WSGI wants them; Content-Type is `media`."""

    media: Media
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


Lines = Sequence[tuple[str, Sequence[str]]]


def entity(registry: Registry, each: Entity, media: Media, *, limit: int = HEADER_LIMIT) -> Rendered:
    """A resource or link (ENT-01); Malformed for text/uri-list, TooLong when text/occi does not fit."""
    if media in (Media.JSON, Media.PLAIN_JSON):
        found = json_write.entity(registry, each, location=media is Media.PLAIN_JSON)
        return Rendered(media, orjson.dumps(found))
    lines = (
        ("Category", text_write.entity_categories(each)),
        ("Link", text_write.entity_links(registry, each)),
        ("X-OCCI-Attribute", text_write.entity_attributes(each)),
    )
    return _text(lines, media, limit)


def collection(
    registry: Registry,
    entities: Sequence[Entity],
    media: Media,
    base: str,
    *,
    links: bool = False,
    limit: int = HEADER_LIMIT,
) -> Rendered:
    """Locations in text and uri-list, full entities in JSON (COL-01). `links` says what an empty one is empty of."""
    if media in (Media.JSON, Media.PLAIN_JSON):
        return Rendered(media, orjson.dumps(_members(registry, entities, media, links=links)))
    return locations((registry.path(each.kind, each.id) for each in entities), media, base, limit=limit)


def _members(registry: Registry, entities: Sequence[Entity], media: Media, *, links: bool) -> json_write.Object:
    found: dict[str, list[json_write.Object]] = {"resources": [], "links": []}
    for each in entities:
        key = "links" if registry.is_link(each.kind) else "resources"
        found[key].append(json_write.entity(registry, each, location=media is Media.PLAIN_JSON))
    kept = {key: members for key, members in found.items() if members}
    return kept or {"links" if links else "resources": []}


def locations(paths: Iterable[str], media: Media, base: str, *, limit: int = HEADER_LIMIT) -> Rendered:
    """Absolute URIs of these paths, in text or as a uri-list with LF (URI-02)."""
    found = [f"{base}{path}" for path in paths]
    if media is Media.URI_LIST:
        return Rendered(media, "".join(f"{each}\n" for each in found).encode())
    return _text((("X-OCCI-Location", found),), media, limit)


def created(
    registry: Registry, entities: Sequence[Entity], media: Media, base: str, *, limit: int = HEADER_LIMIT
) -> Rendered:
    """The answer to a creation (COL-03): locations in text, the entities in JSON; Location when there is just one."""
    paths = [registry.path(each.kind, each.id) for each in entities]
    location = (("Location", f"{base}{paths[0]}"),) if len(paths) == 1 else ()
    if media not in (Media.JSON, Media.PLAIN_JSON):
        found = locations(paths, media, base, limit=limit)
    elif len(entities) == 1:
        found = entity(registry, entities[0], media)
    else:
        found = collection(registry, entities, media, base)
    return Rendered(found.media, found.body, location + found.headers)


def categories(registry: Registry, media: Media, only: tuple[str, ...] = (), *, limit: int = HEADER_LIMIT) -> Rendered:
    """The query interface: everything, or exactly the categories asked for (QI-02 to QI-04). Kept for the next time."""
    return _categories(registry, media, only, limit)


@lru_cache(maxsize=64)
def _categories(registry: Registry, media: Media, only: tuple[str, ...], limit: int) -> Rendered:
    chosen = tuple(map(registry.category, only)) if only else listed(registry)
    if media in (Media.JSON, Media.PLAIN_JSON):
        return Rendered(media, orjson.dumps(json_write.categories(registry, chosen)))
    return _text((("Category", [text_write.category(registry, each) for each in chosen]),), media, limit)


def listed(registry: Registry) -> tuple[Category, ...]:
    """Every category, kinds first and the three core kinds first among them (QI-03)."""
    kinds = sorted(registry.kinds.values(), key=lambda each: each.scheme != CORE)
    return tuple(chain(kinds, registry.mixins.values(), registry.actions.values()))


def category_values(values: Sequence[str], media: Media, *, limit: int = HEADER_LIMIT) -> Rendered:
    """Categories that are written already, by several servers."""
    return _text((("Category", values),), media, limit)


def done(media: Media) -> Rendered:
    """Nothing to say but that it was done: `OK` in text (ENT-10), an empty object in JSON."""
    if media in (Media.JSON, Media.PLAIN_JSON):
        return Rendered(media, b"{}")
    return Rendered(media if media is Media.OCCI else Media.PLAIN, b"OK")


def _text(lines: Lines, media: Media, limit: int) -> Rendered:
    """One value a line in text/plain (TXT-20), one header a name in text/occi (HTTP-09)."""
    if media is Media.PLAIN:
        return Rendered(media, "".join(f"{name}: {value}\n" for name, values in lines for value in values).encode())
    if media is not Media.OCCI:
        raise Malformed("text/uri-list can only list locations.", hint="Ask for text/plain or JSON.", term=str(media))
    return Rendered(media, b"OK", tuple((name, _header(name, values, limit)) for name, values in lines if values))


def _header(name: str, values: Sequence[str], limit: int) -> str:
    """UTF-8 bytes carried as latin-1, as WSGI has it (TXT-11)."""
    found = ", ".join(values).encode()
    if len(found) > limit:
        raise TooLong(f"Header {name} would have {len(found)} bytes.", hint="Ask for text/plain.", term=name)
    return found.decode("latin-1")
