"""One entity: `/compute/<id>`, and what hooks put below it, `/service/<id>/report` (occi.md, section 5)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

import falcon

from broker.errors import Missing, Stale
from broker.occi import checks, read, render
from broker.occi.errors import Malformed
from broker.occi.model import Draft, Entity, Kind, Mixin
from broker.services import RowRoute
from broker.store import Record, entities
from broker.web import actions, writing
from broker.web.exchange import Exchange, etag
from broker.web.site import Site

_ATTEMPTS = 5
"""How often a change is made anew on what others wrote meanwhile, before they win."""


class EntityResource:
    def __init__(self, site: Site, kind: Kind) -> None:
        self._site = site
        self._kind = kind

    def on_get(self, req: falcon.Request, resp: falcon.Response, id: str) -> None:
        exchange = Exchange(self._site, req, resp)
        record, links = self._find(exchange, id)
        tag = etag(record, links, exchange.media)
        if not exchange.not_modified(tag):
            _show(exchange, record, links)

    on_head = on_get

    def on_put(self, req: falcon.Request, resp: falcon.Response, id: str) -> None:
        """Replace it, or make it where nothing is (ENT-03, ENT-04)."""
        exchange = Exchange(self._site, req, resp)
        draft = read.entity(exchange.registry, exchange.read())
        _on_newest(exchange, lambda: self._put(exchange, draft, id))

    def _put(self, exchange: Exchange, draft: Draft, id: str) -> None:
        try:
            record, links = self._find(exchange, id)
        except Missing:
            exchange.must_be_absent()
            self._create(exchange, draft, id)
            return
        before = self._changing(exchange, record, links)
        said = writing.normal(exchange, replace(draft, links=()))  # ENT-05: its links stay as they are
        self._save(exchange, record, before, checks.replace(exchange.registry, before, said))

    def on_post(self, req: falcon.Request, resp: falcon.Response, id: str) -> None:
        """Change what is said (ENT-07), or do an action (ACT-01)."""
        exchange = Exchange(self._site, req, resp)
        if exchange.action is None:
            _on_newest(exchange, lambda: self._update(exchange, id))
        else:
            self._act(exchange, exchange.action, id)

    def _act(self, exchange: Exchange, action: str, id: str) -> None:
        record, links = self._find(exchange, id)
        self._changing(exchange, record, links)
        _rendered(exchange, record, links)  # what cannot be said in the rendering asked for is not done
        (done,) = actions.perform(exchange, action, [record])
        if isinstance(done, Mixin):  # INF-33: the template that `save` makes
            made = self._site.registry(exchange.account)
            exchange.answer(render.categories(made, exchange.media, (done.id,), limit=exchange.limit))
        else:
            _show(exchange, done, links)

    def _update(self, exchange: Exchange, id: str) -> None:
        record, links = self._find(exchange, id)
        before = self._changing(exchange, record, links)
        said = writing.identified(exchange, read.entity(exchange.registry, exchange.read()))
        after = checks.update(exchange.registry, before, writing.normal(exchange, said), self._site.new_id)
        self._save(exchange, record, before, after)

    def on_delete(self, req: falcon.Request, resp: falcon.Response, id: str) -> None:
        exchange = Exchange(self._site, req, resp)
        record, links = self._find(exchange, id)
        self._changing(exchange, record, links)
        answer = render.done(exchange.media)
        writing.leave(exchange, [record])
        with self._site.store.write() as tx:
            writing.remove(exchange, tx, record)
        exchange.answer(answer)

    def _find(self, exchange: Exchange, id: str) -> tuple[Record, tuple[Record, ...]]:
        if "\0" in id:  # which PostgreSQL cannot be asked for
            raise Missing(f"There is nothing at {exchange.path}.")
        store = self._site.store
        with store.read() if self._site.has_links else store.look() as tx:
            record = entities.get(tx, exchange.account, self._kind.id, id)
            return record, writing.outgoing(exchange, tx, record)

    def _save(self, exchange: Exchange, record: Record, before: Entity, after: Entity) -> None:
        """Inside the transaction it is shown: what cannot be said in the rendering asked for is not done."""
        wanted, links = writing.changed(exchange, record, after), after.links[len(before.links) :]
        with self._site.store.write() as tx:
            stored = writing.save(exchange, tx, record, wanted, links)
            _show(exchange, stored, writing.outgoing(exchange, tx, stored))

    def _changing(self, exchange: Exchange, record: Record, links: Sequence[Record]) -> Entity:
        """The entity, when this request may change it."""
        exchange.must_be_own(record)
        exchange.must_match(record, links)
        return self._site.references.entity(exchange.registry, record, links)

    def _create(self, exchange: Exchange, draft: Draft, id: str) -> None:
        try:
            wanted = str(UUID(id))
        except ValueError as error:
            raise Malformed(f"{exchange.path} cannot be chosen.", hint="An entity's last part is a uuid.") from error
        writing.create(exchange, [replace(draft, id=wanted)], self._kind, chosen=True)


class Below:
    """`/service/<id>/<name>`: what the kind's hooks answer."""

    def __init__(self, site: Site, kind: Kind) -> None:
        self._site = site
        self._kind = kind

    def on_get(self, req: falcon.Request, resp: falcon.Response, id: str, name: str) -> None:
        exchange = Exchange(self._site, req, resp)
        hook = self._site.hooks(self._kind.id).routes.get(name)
        if hook is None:
            raise Missing(f"there is nothing at {exchange.path}")
        with self._site.store.read() as tx:
            record = entities.get(tx, exchange.account, self._kind.id, id)
        exchange.reply(hook(exchange.context(), record, exchange.query))

    on_head = on_get


class Beside:
    """A path of the row that is no entity's: `/volumes`. What its functions answer, by method."""

    def __init__(self, site: Site, methods: Mapping[str, RowRoute]) -> None:
        self._site = site
        heads = {"HEAD": methods["GET"]} if "GET" in methods else {}
        for method, function in {**heads, **methods}.items():
            setattr(self, f"on_{method.lower()}", self._responder(function))

    def _responder(self, function: RowRoute) -> Callable[..., None]:
        def respond(req: falcon.Request, resp: falcon.Response, **fields: str) -> None:
            exchange = Exchange(self._site, req, resp)
            exchange.reply(function(exchange.context(), {**exchange.query, **fields}))

        return respond


def _on_newest(exchange: Exchange, change: Callable[[], None]) -> None:
    """A change that names no generation is done on the newest one: what others wrote between reading and writing is
    read, and the change made on that. One that names a generation has lost."""
    for _ in range(_ATTEMPTS):
        try:
            return change()
        except Stale:
            if exchange.is_conditional:
                raise
    return change()


def _rendered(exchange: Exchange, record: Record, links: Sequence[Record]) -> render.Rendered:
    entity = exchange.site.references.entity(exchange.registry, record, links)
    return render.entity(exchange.registry, entity, exchange.media, limit=exchange.limit)


def _show(exchange: Exchange, record: Record, links: Sequence[Record]) -> None:
    found = _rendered(exchange, record, links)
    path = exchange.registry.path(record.kind, record.id)
    exchange.answer(found, etag=etag(record, links, found.media), path=path)
