"""GET of a collection: a page of it, or all (occi.md, section 6).

Text renderings say where entities are, so that only an index is read; JSON says all of them. All of a collection that
is larger than the largest page is sent while it is read, some entities at a time: whatever its size, it takes as much
memory as a page. Each piece is as things are when it is read, and begins behind the last of the piece before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from hashlib import sha256
from typing import TypeVar

from broker.occi import pieces, render
from broker.occi.media import Media
from broker.occi.model import Entity
from broker.store import Record, Transaction, entities
from broker.web import paging, selection
from broker.web.exchange import Exchange
from broker.web.negotiate import JSONS
from broker.web.pages import Shown
from broker.web.paging import Parts
from broker.web.references import reference
from broker.web.selection import LARGEST, Selection, Window

_SHORTEST = 40
"""Bytes of the shortest address of an entity: how many could fit into a header."""

_VARIES = "Accept, Category, X-OCCI-Attribute"
"""A filter is in the request's headers."""

_One = TypeVar("_One")


def show(exchange: Exchange, wanted: Selection, *, links: bool = False) -> None:
    """Answer with the page asked for, or 304 to who has it. `links` says what an empty collection is empty of."""
    page = selection.window(exchange.query)
    parts = selection.asked(exchange.registry, wanted)
    with exchange.site.store.read() as tx:
        here, start = paging.start(exchange, tx, parts, page)
        tag = _etag(exchange, tx, parts, page, start)
        if exchange.not_modified(tag):
            return
        found = exchange.site.pages.find(tag)
        if found is None:
            found = Shown(*_page(exchange, tx, here, start, page.number or _most(exchange), links=links))
            if not exchange.site.has_links:  # whose ends' addresses other rows may change
                exchange.site.pages.keep(tag, found)
    rendered, after = found.rendered, found.after
    if page.number is None and after is not None:
        whole = replace(rendered, body=b"")
        exchange.answer(whole, etag=tag, varies=_VARIES, stream=_whole(exchange, parts))
    else:
        exchange.answer(paging.following(exchange, rendered, parts, page, after), etag=tag, varies=_VARIES)


def shown(exchange: Exchange, tx: Transaction, records: Sequence[Record]) -> tuple[Entity, ...]:
    """Records as the rendering needs them: JSON shows a resource with its links."""
    references, registry = exchange.site.references, exchange.registry
    if exchange.media not in JSONS or not exchange.site.has_links:
        return tuple(references.entity(registry, record) for record in records)
    ends = [reference(record.kind, record.id) for record in records if record.source is None]
    links = entities.outgoing(tx, exchange.account, ends)
    return tuple(
        references.entity(registry, record, links.get(reference(record.kind, record.id), ())) for record in records
    )


def _most(exchange: Exchange) -> int:
    """Of a whole collection, what is read before it is known to be large. One header holds all, or is refused."""
    return exchange.limit // _SHORTEST + 1 if exchange.media is Media.OCCI else LARGEST


def _page(
    exchange: Exchange, tx: Transaction, parts: Parts, start: str | None, limit: int, *, links: bool
) -> tuple[render.Rendered, str | None]:
    """What is behind the start, and the cursor behind that."""
    registry, media, base = exchange.registry, exchange.media, exchange.base
    if media in JSONS:
        members, after = _entities(exchange, tx, parts, start, limit)
        return render.collection(registry, members, media, base, links=links), after
    paths, after = _paths(exchange, tx, parts, start, limit)
    return render.locations(paths, media, base, limit=exchange.limit), after


def _entities(
    exchange: Exchange, tx: Transaction, parts: Parts, start: str | None, limit: int
) -> tuple[Sequence[Entity], str | None]:
    found, after = selection.records(tx, exchange.account, parts, start, limit)
    return shown(exchange, tx, found), after


def _paths(
    exchange: Exchange, tx: Transaction, parts: Parts, start: str | None, limit: int
) -> tuple[Sequence[str], str | None]:
    found, after = selection.keys(tx, exchange.account, parts, start, limit)
    return [exchange.registry.path(kind, id) for kind, id in found], after


def _whole(exchange: Exchange, parts: Parts) -> Iterator[bytes]:
    registry, media = exchange.registry, exchange.media
    if media not in JSONS:
        return (render.locations(paths, media, exchange.base).body for paths in _read(exchange, parts, _paths))
    linked = [registry.is_link(str(part["kind"])) for part in parts]
    groups = {
        name: _read(
            exchange, [part for part, is_link in zip(parts, linked, strict=True) if is_link is wanted], _entities
        )
        for name, wanted in (("resources", False), ("links", True))
    }
    return pieces.json(registry, groups, media)


def _read(
    exchange: Exchange,
    parts: Parts,
    some: Callable[[Exchange, Transaction, Parts, str | None, int], tuple[Sequence[_One], str | None]],
) -> Iterator[Sequence[_One]]:
    """All of them, in pieces. None holds a connection while the client reads."""
    after: str | None = None
    while True:
        with exchange.site.store.read() as tx:
            found, after = some(exchange, tx, parts, after, LARGEST)
        yield found
        if after is None:
            return


def _etag(exchange: Exchange, tx: Transaction, parts: Parts, page: Window, start: str | None) -> str:
    """What changes whenever the rendering may: with the entities of these kinds, the links shown in them, what mixins
    there are (which are kept as kinds that no registry knows); and with all that the request says."""
    kinds, registry = {part["kind"] for part in parts}, exchange.registry
    linked = exchange.media in JSONS

    def matters(kind: str) -> bool:
        return kind in kinds or kind not in registry.kinds or (linked and registry.is_link(kind))

    found = entities.generations(tx, exchange.account)
    seen = sorted([*key, str(number)] for key, number in found.items() if matters(key[1]))
    asked = [exchange.account, exchange.media, exchange.base, exchange.path, parts, asdict(page), start]
    return f'"{sha256(paging.said([seen, asked])).hexdigest()[:20]}"'
