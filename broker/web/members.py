"""What requests to any collection have in common: making, acting on, removing and naming its members. How they are
listed is in `listing`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from broker.errors import Missing
from broker.occi import read, render
from broker.occi.errors import Unknown
from broker.occi.model import Entity, Kind, Mixin, Value, bare_id
from broker.store import Record, Transaction, entities
from broker.web import actions, listing, writing
from broker.web.exchange import Exchange
from broker.web.references import reference
from broker.web.selection import ENDS, Selection, select

Edit = Callable[[Transaction, Sequence[Record], Mapping[str, Value]], None]
"""(tx, the entities named, the values that come with the request)"""


def create(exchange: Exchange, at: Kind | None) -> None:
    """POST: the entities that the request describes."""
    writing.create(exchange, read.entities(exchange.registry, exchange.read()), at)


def act(exchange: Exchange, term: str, selection: Selection) -> None:
    """POST ?action=: with all of the account's own members."""
    with exchange.site.store.read() as tx:
        members = _own(exchange, _select(exchange, tx, selection))
        _rendered(exchange, listing.shown(exchange, tx, members))  # what cannot be said is not done
    made = actions.perform(exchange, term, members)
    done = [record if isinstance(each, Mixin) else each for record, each in zip(members, made, strict=True)]
    with exchange.site.store.read() as tx:
        _answer(exchange, listing.shown(exchange, tx, done))


def delete(exchange: Exchange, selection: Selection) -> None:
    """DELETE: the entities named, which are the collection's, or else all of the account's own (COL-08)."""
    named = read.locations(exchange.read(), some=True)
    with exchange.site.store.read() as tx:
        found = _own(exchange, _among(exchange, tx, named, selection) if named else _select(exchange, tx, selection))
    found = _apart(found)
    writing.leave(exchange, found)
    with exchange.site.store.write() as tx:
        for record in found:
            writing.remove(exchange, tx, record)
    exchange.answer(render.done(exchange.media))


def _apart(found: Sequence[Record]) -> tuple[Record, ...]:
    """Without the links that go with a resource which goes, too (CORE-41)."""
    going = {reference(record.kind, record.id) for record in found}
    return tuple(record for record in found if not {record.source, record.target} & going)


def change(exchange: Exchange, edit: Edit, shown: Selection, *, some: bool = False) -> None:
    """POST, PUT and DELETE of a mixin's collection: edit the membership of the entities named, show what it is then.
    `some`: a list of them is never empty."""
    said = read.members(exchange.read(), some=some)
    with exchange.site.store.write() as tx:
        members = _named(exchange, tx, said.locations)
        for record in members:
            exchange.must_be_own(record)
        edit(tx, members, said.attributes)
        _answer(exchange, listing.shown(exchange, tx, _select(exchange, tx, shown)))


def own(exchange: Exchange, tx: Transaction, selection: Selection) -> tuple[Record, ...]:
    """The account's own members."""
    return _own(exchange, _select(exchange, tx, selection))


def wanted(exchange: Exchange) -> read.Filter:
    """The filter of a request: in its headers (FIL-01)."""
    headers = exchange.headers()
    older = exchange.site.settings.occi_1_1
    found = read.filters(exchange.registry, headers, older=older) if headers else read.Filter()
    ends = {name: _stored(exchange, found.attributes[name]) for name in ENDS if name in found.attributes}
    return replace(found, attributes={**found.attributes, **ends}) if ends else found


def _stored(exchange: Exchange, uri: Value) -> str:
    """What a link's end is stored as: clients name it by its path or its address."""
    return exchange.site.references.stored(exchange.registry, str(uri), host=exchange.host)


def _select(exchange: Exchange, tx: Transaction, selection: Selection) -> tuple[Record, ...]:
    return tuple(select(tx, exchange.account, exchange.registry, selection))


def _own(exchange: Exchange, records: Iterable[Record]) -> tuple[Record, ...]:
    """Without the platform's, which everybody sees and nobody changes."""
    return tuple(record for record in records if record.account == exchange.account)


def _named(exchange: Exchange, tx: Transaction, locations: Iterable[str]) -> tuple[Record, ...]:
    return tuple(_at(exchange, tx, location) for location in locations)


def _among(exchange: Exchange, tx: Transaction, named: Iterable[str], selection: Selection) -> tuple[Record, ...]:
    """The entities named; Unknown when one is of none of the collection's kinds."""
    found = _named(exchange, tx, named)
    for record in found:
        if record.kind not in selection.kinds:
            path = exchange.registry.path(record.kind, record.id)
            raise Unknown(f"{path} is not in the collection {exchange.path}.", term=path)
    return found


def _at(exchange: Exchange, tx: Transaction, location: str) -> Record:
    """The entity of this row at an address (COL-21), or of an id (COL-25)."""
    if (id := bare_id(location)) != location:
        return _of_id(exchange, tx, id)
    stored = exchange.site.references.stored(exchange.registry, location, host=exchange.host)
    kind, _, id = stored.partition(" ")
    if kind not in exchange.registry.kinds:
        raise Unknown(f"{location} is not an entity of this row.", term=location)
    try:
        return entities.get(tx, exchange.account, kind, id)
    except Missing as error:
        raise Unknown(f"There is no entity at {location}.", term=location) from error


def _of_id(exchange: Exchange, tx: Transaction, id: str) -> Record:
    """CORE-40: an id is unique, whatever the kind."""
    found = (entities.find(tx, exchange.account, kind, id) for kind in exchange.registry.kinds)
    record = next((each for each in found if each is not None), None)
    if record is None:
        raise Unknown(f"There is no entity with the id {id}.", term=id)
    return record


def _answer(exchange: Exchange, found: Sequence[Entity]) -> None:
    exchange.answer(_rendered(exchange, found))


def _rendered(exchange: Exchange, found: Sequence[Entity]) -> render.Rendered:
    return render.collection(exchange.registry, found, exchange.media, exchange.base, limit=exchange.limit)
