"""Storing what a request asks for: entities with their links, in one transaction with what their hooks do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace

from broker import passwords
from broker.errors import AccordsError
from broker.occi import checks, render
from broker.occi.errors import Unknown
from broker.occi.model import Draft, Entity, Kind, Value, bare_id
from broker.occi.registry import Registry
from broker.store import Record, Transaction, entities
from broker.web.exchange import Exchange
from broker.web.references import reference

_ALL = 100_000
"""Links of one entity; more is not meant to happen."""


def create(exchange: Exchange, drafts: Sequence[Draft], at: Kind | None, *, chosen: bool = False) -> None:
    """Store what a request describes, all or nothing (HTTP-20), and answer with it in the request's order: 200 when a
    hook found all of it in the store. `chosen`: the client chose the id by its request's path, so one that was taken
    meanwhile is a Clash."""
    older = exchange.site.settings.occi_1_1
    settled = [identified(exchange, draft) for draft in drafts]
    if chosen:
        settled = [replace(found, id=draft.id) for found, draft in zip(settled, drafts, strict=True)]
    made = [
        checks.create(exchange.registry, normal(exchange, draft), exchange.site.new_id, at=at, older=older)
        for draft in _pointed(exchange.registry, drafts, settled)
    ]
    for entity in made:
        exchange.must_be_open(entity.kind)
    own = {reference(entity.kind, entity.id) for entity in made}
    inner = [[_record(exchange, link) for link in entity.links] for entity in made]
    records = [
        _completed(exchange, _record(exchange, entity), within) for entity, within in zip(made, inner, strict=True)
    ]
    with exchange.site.store.write() as tx:
        stored = [_insert(exchange, tx, record, own) for record in records]
        links = [[_insert(exchange, tx, link, own, within) for link in within] for within in inner]
        answer = _rendered(exchange, stored, links)
    _settle(exchange, stored)
    exchange.answer(answer, status=201 if any(not record.created for record in records) else 200)


def _rendered(exchange: Exchange, stored: Sequence[Record], links: Sequence[Sequence[Record]]) -> render.Rendered:
    """Inside the transaction: what cannot be said in the rendering asked for is not done."""
    registry, shown = exchange.registry, exchange.site.references.entity
    made = tuple(shown(registry, record, each) for record, each in zip(stored, links, strict=True))
    return render.created(registry, made, exchange.media, exchange.base, limit=exchange.limit)


def _settle(exchange: Exchange, stored: Sequence[Record]) -> None:
    """What other rows do about entities that are there now. When one refuses, none of them was made (HTTP-20)."""
    try:
        for record in stored:
            hook = exchange.site.hooks(record.kind).stored
            if hook is not None:
                hook(exchange.context(), record)
    except AccordsError:
        with suppress(AccordsError):
            leave(exchange, stored)
        with exchange.site.store.write() as tx:
            for record in stored:
                remove(exchange, tx, record)
        raise


def identified(exchange: Exchange, draft: Draft) -> Draft:
    """The draft and its links with ids that are free (ENT-11)."""

    def free(kind: str, id: str) -> bool:
        with exchange.site.store.read() as tx:
            return entities.find(tx, exchange.account, kind, id) is None

    return checks.identified(draft, free, exchange.site.new_id)


def _pointed(registry: Registry, said: Sequence[Draft], settled: Sequence[Draft]) -> list[Draft]:
    """Links of a request lead to its other entities by the ids and locations that it says of them (COL-06)."""
    paths = {
        name: registry.path(found.kind, found.id)
        for draft, found in zip(said, settled, strict=True)
        for name in (draft.id, draft.location)
        if name and found.id and found.kind and found.kind in registry.kinds
    }

    def pointed(draft: Draft) -> Draft:
        source, target = (end and paths.get(bare_id(end), end) for end in (draft.source, draft.target))
        return replace(draft, source=source, target=target, links=tuple(map(pointed, draft.links)))

    return [pointed(draft) for draft in settled]


def changed(exchange: Exchange, record: Record, after: Entity) -> Record:
    """An entity as it shall be after a PUT or POST. Other rows may be asked about it: in no transaction."""
    wanted = replace(
        record,
        title=after.title or "",
        summary=after.summary or "",
        mixins=after.mixins,
        attributes=stored_attributes(exchange, record, after),
    )
    hook = exchange.site.hooks(record.kind).change
    return wanted if hook is None else hook(exchange.context(), record, wanted)


def save(exchange: Exchange, tx: Transaction, record: Record, wanted: Record, links: Sequence[Entity]) -> Record:
    """Store an entity as it is `wanted`, and the links that came with it."""
    asked = exchange.site.hooks(record.kind).change is not None
    stored = entities.update(tx, wanted if asked else agreed(exchange, record, wanted))
    for link in links:
        _insert(exchange, tx, _record(exchange, link), frozenset())
    return stored


def agreed(exchange: Exchange, before: Record, after: Record) -> Record:
    """A change as the kind's hook lets it be."""
    hook = exchange.site.hooks(before.kind).update
    return after if hook is None else hook(exchange.context(), before, after)


def stored_attributes(exchange: Exchange, record: Record, after: Entity) -> dict[str, Value]:
    """The attributes of an entity that is changed. What is shown to nobody comes back from nobody: unless a new value
    is given, the former stays."""
    secret = exchange.registry.secrets(record.kind)
    former = {name: value for name, value in record.attributes.items() if name in secret}
    return {**former, **passwords.with_sealed(after.attributes, secret)}


def leave(exchange: Exchange, records: Iterable[Record]) -> None:
    """What other rows do about entities that are to go, before they go."""
    kinds: dict[str, list[Record]] = {}
    for record in records:
        exchange.must_be_open(record.kind)
        kinds.setdefault(record.kind, []).append(record)
    for kind, members in kinds.items():
        hook = exchange.site.hooks(kind).leave
        if hook is not None:
            hook(exchange.context(), members)


def remove(exchange: Exchange, tx: Transaction, record: Record) -> None:
    """Remove an entity and the links that start or end at it (CORE-41), or leave it there until what it stands for is
    gone. One that other rows were asked about goes whatever they said of it meanwhile."""
    exchange.must_be_open(record.kind)
    hooks = exchange.site.hooks(record.kind)
    there = entities.find(tx, record.account, record.kind, record.id) if hooks.leave is not None else record
    if there is None:
        return
    if hooks.lingering is not None and (lingering := hooks.lingering(tx, there)) is not None:
        entities.update(tx, lingering)
        return
    if hooks.delete is not None:
        hooks.delete(exchange.context(), tx, record)
    unlink(tx, record.account, record.kind, record.id)
    expect = record.generation if hooks.leave is None else None
    entities.delete(tx, record.account, record.kind, record.id, expect=expect)


def unlink(tx: Transaction, account: str, kind: str, id: str) -> None:
    """Remove the account's links that start or end at an entity: they go with it (CORE-41)."""
    for link in links(tx, account, kind, id):
        entities.delete(tx, account, link.kind, link.id)


def links(tx: Transaction, account: str, kind: str, id: str) -> tuple[Record, ...]:
    """The account's links that start or end at an entity."""
    own = reference(kind, id)
    found = (
        *entities.page(tx, account, source=own, limit=_ALL).records,
        *entities.page(tx, account, target=own, limit=_ALL).records,
    )
    return tuple({(each.kind, each.id): each for each in found if each.account == account}.values())


def outgoing(exchange: Exchange, tx: Transaction, record: Record) -> tuple[Record, ...]:
    """A resource's links, in the order of kind and id. Rows whose kinds know no links are not even asked."""
    if not exchange.site.has_links or record.source is not None:
        return ()
    own = reference(record.kind, record.id)
    return entities.page(tx, exchange.account, source=own, limit=_ALL).records


def normal(exchange: Exchange, draft: Draft) -> Draft:
    """The draft with its ends as paths of this row where they are in it, so that equal ones compare equal. Where its
    own links begin is not asked: at itself (ENT-12)."""
    return replace(
        draft,
        source=_shown(exchange, draft.source),
        target=_shown(exchange, draft.target),
        links=tuple(normal(exchange, replace(link, source=None)) for link in draft.links),
    )


def _shown(exchange: Exchange, uri: str | None) -> str | None:
    if uri is None:
        return None
    references = exchange.site.references
    return references.shown(exchange.registry, references.stored(exchange.registry, uri, host=exchange.host))


def _completed(exchange: Exchange, record: Record, links: Sequence[Record]) -> Record:
    hook = exchange.site.hooks(record.kind).create
    return record if hook is None else hook(replace(exchange.context(), links=links), record)


def _insert(
    exchange: Exchange,
    tx: Transaction,
    record: Record,
    own: frozenset[str] | set[str],
    within: Sequence[Record] = (),
) -> Record:
    """Store a new one, with what its hook does; `within` are the links of the resource that it came in, itself too. A
    record that a hook found in the store is the answer as it is."""
    if record.created:
        return record
    for end in (record.source, record.target):
        if end is not None and end not in own:
            _must_exist(exchange, tx, end)
    stored = entities.insert(tx, record)
    hook = exchange.site.hooks(record.kind).created
    if hook is not None:
        hook(replace(exchange.context(), links=within), tx, stored)
    return stored


def _must_exist(exchange: Exchange, tx: Transaction, end: str) -> None:
    """CORE-44: an end of a link that is in this row must be there. Others' are not asked for."""
    kind, blank, id = end.partition(" ")
    if blank and kind in exchange.registry.kinds and entities.find(tx, exchange.account, kind, id) is None:
        path = exchange.registry.path(kind, id)
        raise Unknown(f"There is no entity at {path}.", term=path)


def _record(exchange: Exchange, entity: Entity) -> Record:
    ends = [
        None if end is None else exchange.site.references.stored(exchange.registry, end, host=exchange.host)
        for end in (entity.source, entity.target)
    ]
    return Record(
        account=exchange.account,
        kind=entity.kind,
        id=entity.id,
        title=entity.title or "",
        summary=entity.summary or "",
        attributes=passwords.with_sealed(entity.attributes, exchange.registry.secrets(entity.kind)),
        mixins=entity.mixins,
        source=ends[0],
        target=ends[1],
    )
