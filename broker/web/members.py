"""What requests to any collection have in common: listing, making, acting on, removing and naming its members."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from broker.errors import Missing
from broker.occi import read, render
from broker.occi.errors import Unknown
from broker.occi.model import Entity, Kind, Value
from broker.store import Record, Transaction, entities
from broker.web import actions, writing
from broker.web.exchange import Exchange
from broker.web.negotiate import JSONS
from broker.web.selection import ENDS, Selection, Window, select, window


def show(exchange: Exchange, selection: Selection, *, links: bool = False) -> None:
    """GET: the page asked for. `links` says what an empty collection is empty of."""
    with exchange.site.store.read() as tx:
        found = _select(exchange, tx, selection, window(exchange.query))
        _answer(exchange, _entities(exchange, tx, found), links=links)


def create(exchange: Exchange, at: Kind | None) -> None:
    """POST: the entities that the request describes. 200 when a hook found them all in the store."""
    drafts = read.entities(exchange.registry, exchange.read())
    made, fresh = writing.create(exchange, drafts, at)
    answer = render.created(exchange.registry, made, exchange.media, exchange.base)
    exchange.answer(answer, status=201 if fresh else 200)


def act(exchange: Exchange, term: str, selection: Selection) -> None:
    """POST ?action=: with all of the account's own members."""
    with exchange.site.store.read() as tx:
        members = _own(exchange, _select(exchange, tx, selection))
    done = actions.perform(exchange, term, members)
    with exchange.site.store.read() as tx:
        _answer(exchange, _entities(exchange, tx, done))


def delete(exchange: Exchange, selection: Selection) -> None:
    """DELETE: the entities named, or else all of the account's own."""
    named = read.locations(exchange.read())
    with exchange.site.store.write() as tx:
        found = _select(exchange, tx, selection)
        for record in _own(exchange, found if not named else _named(exchange, tx, named)):
            # A link may have gone with a resource that came before it.
            if entities.find(tx, record.account, record.kind, record.id) is not None:
                writing.remove(exchange, tx, record)
    exchange.answer(render.done(exchange.media))


def change(exchange: Exchange, edit: Callable[[Transaction, Sequence[Record]], None], shown: Selection) -> None:
    """POST, PUT and DELETE of a mixin's collection: edit the membership of the entities named, show what it is then."""
    named = read.locations(exchange.read())
    with exchange.site.store.write() as tx:
        members = _named(exchange, tx, named)
        for record in members:
            exchange.must_be_own(record)
        edit(tx, members)
        _answer(exchange, _entities(exchange, tx, _select(exchange, tx, shown)))


def own(exchange: Exchange, tx: Transaction, selection: Selection) -> tuple[Record, ...]:
    """The account's own members."""
    return _own(exchange, _select(exchange, tx, selection))


def wanted(exchange: Exchange) -> read.Filter:
    """The filter of a request: in its headers (FIL-01)."""
    headers = exchange.headers()
    found = read.filters(exchange.registry, headers) if headers else read.Filter()
    ends = {name: _stored(exchange, found.attributes[name]) for name in ENDS if name in found.attributes}
    return replace(found, attributes={**found.attributes, **ends}) if ends else found


def _stored(exchange: Exchange, uri: Value) -> str:
    """What a link's end is stored as: clients name it by its path or its address."""
    return exchange.site.references.stored(exchange.registry, str(uri), host=exchange.host)


def _select(
    exchange: Exchange, tx: Transaction, selection: Selection, page: Window | None = None
) -> tuple[Record, ...]:
    found = select(tx, exchange.account, exchange.registry, selection)
    return tuple(found if page is None else page.cut(found))


def _own(exchange: Exchange, records: Iterable[Record]) -> tuple[Record, ...]:
    """Without the platform's, which everybody sees and nobody changes."""
    return tuple(record for record in records if record.account == exchange.account)


def _named(exchange: Exchange, tx: Transaction, locations: Iterable[str]) -> tuple[Record, ...]:
    return tuple(_at(exchange, tx, location) for location in locations)


def _at(exchange: Exchange, tx: Transaction, location: str) -> Record:
    """The entity of this row at an address (COL-21)."""
    stored = exchange.site.references.stored(exchange.registry, location, host=exchange.host)
    kind, _, id = stored.partition(" ")
    if kind not in exchange.registry.kinds:
        raise Unknown(f"{location} is not an entity of this row.", term=location)
    try:
        return entities.get(tx, exchange.account, kind, id)
    except Missing as error:
        raise Unknown(f"There is no entity at {location}.", term=location) from error


def _entities(exchange: Exchange, tx: Transaction, records: Iterable[Record]) -> tuple[Entity, ...]:
    references = exchange.site.references
    if exchange.media not in JSONS:
        return tuple(references.entity(exchange.registry, record) for record in records)
    return tuple(
        references.entity(exchange.registry, record, writing.outgoing(exchange, tx, record)) for record in records
    )


def _answer(exchange: Exchange, found: Sequence[Entity], *, links: bool = False) -> None:
    exchange.answer(
        render.collection(exchange.registry, found, exchange.media, exchange.base, links=links, limit=exchange.limit)
    )
