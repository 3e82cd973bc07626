"""Collections of a kind, of a mixin, and of any path above them (occi.md, section 6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import falcon

from broker.errors import AccordsError, Missing
from broker.occi import checks
from broker.occi.errors import Malformed
from broker.occi.model import Draft, Kind, Mixin, Value
from broker.services import Reply
from broker.store import Record, Transaction, entities
from broker.web import listing, members, negotiate, writing
from broker.web.exchange import Exchange
from broker.web.selection import Selection, below
from broker.web.site import Site


class NotAllowed(AccordsError):
    code = "request.method"
    status = 405


class KindCollection:
    """`/compute/`: the kind's entities and those of the kinds below it (CORE-47)."""

    def __init__(self, site: Site, kind: Kind) -> None:
        self._site = site
        self._kind = kind

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        exchange = Exchange(self._site, req, resp)
        hook = self._site.hooks(self._kind.id).listing
        reply = None if hook is None else hook(exchange.context(), exchange.query)
        if reply is not None:
            exchange.reply(reply)
        else:
            links = exchange.registry.is_link(self._kind.id)
            listing.show(exchange, self._members(exchange), links=links)

    on_head = on_get

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """A document, an action with all, or new entities."""
        exchange = Exchange(self._site, req, resp)
        reply = self._document(exchange)
        if reply is not None:
            exchange.reply(reply)
        elif exchange.action is not None:
            members.act(exchange, exchange.action, Selection(self._kinds(exchange)))
        else:
            members.create(exchange, self._kind)

    def on_delete(self, req: falcon.Request, resp: falcon.Response) -> None:
        exchange = Exchange(self._site, req, resp)
        members.delete(exchange, self._members(exchange))

    def _document(self, exchange: Exchange) -> Reply | None:
        hook = self._site.hooks(self._kind.id).documents
        media = negotiate.document(exchange.content_type)
        if hook is None or media is None or not negotiate.is_document(media, exchange.read_body()):
            return None
        return hook(exchange.context(), exchange.read_body(), media)

    def _kinds(self, exchange: Exchange) -> frozenset[str]:
        return exchange.registry.kinds_below(self._kind.id)

    def _members(self, exchange: Exchange) -> Selection:
        return Selection(self._kinds(exchange), wanted=members.wanted(exchange))


class MixinCollection:
    """`/tags/ann/prod/`: the entities that have the mixin, or one that depends on it (CORE-22)."""

    def __init__(self, site: Site, mixin: Mixin) -> None:
        self._site = site
        self._mixin = mixin

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        exchange = Exchange(self._site, req, resp)
        listing.show(exchange, replace(self._members(exchange), wanted=members.wanted(exchange)))

    on_head = on_get

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Add the entities named, or do an action with all members."""
        exchange = Exchange(self._site, req, resp)
        if exchange.action is not None:
            members.act(exchange, exchange.action, self._members(exchange))
            return

        def add(tx: Transaction, named: Sequence[Record], values: Mapping[str, Value]) -> None:
            if not named:
                raise Malformed(
                    f"The request names no entity to add to {exchange.path}.", hint="X-OCCI-Location: <its address>"
                )
            for record in named:
                self._add(exchange, tx, record, values)

        members.change(exchange, add, self._members(exchange))

    def on_put(self, req: falcon.Request, resp: falcon.Response) -> None:
        """The entities named become the members (COL-22)."""
        exchange = Exchange(self._site, req, resp)

        def exchange_members(tx: Transaction, named: Sequence[Record], values: Mapping[str, Value]) -> None:
            kept = {(record.kind, record.id) for record in named}
            for record in members.own(exchange, tx, self._members(exchange)):
                if (record.kind, record.id) not in kept:
                    self._remove(exchange, tx, record)
            for record in named:
                self._add(exchange, tx, record, values)

        members.change(exchange, exchange_members, self._members(exchange))

    def on_delete(self, req: falcon.Request, resp: falcon.Response) -> None:
        """The entities named, or all, are members no more; they themselves stay (COL-23)."""
        exchange = Exchange(self._site, req, resp)

        def remove(tx: Transaction, named: Sequence[Record], _: Mapping[str, Value]) -> None:
            for record in named or members.own(exchange, tx, self._members(exchange)):
                self._remove(exchange, tx, record)

        members.change(exchange, remove, self._members(exchange), some=True)

    def _members(self, exchange: Exchange) -> Selection:
        return Selection(frozenset(exchange.registry.kinds), self._mixin.id)

    def _add(self, exchange: Exchange, tx: Transaction, record: Record, values: Mapping[str, Value]) -> None:
        before = self._site.references.entity(exchange.registry, record)
        draft = Draft(mixins=(self._mixin.id,), attributes=values)
        after = checks.update(exchange.registry, before, draft, self._site.new_id)
        if after != before:
            kept = writing.stored_attributes(exchange, record, after)
            entities.update(tx, writing.agreed(exchange, record, replace(record, mixins=after.mixins, attributes=kept)))

    def _remove(self, exchange: Exchange, tx: Transaction, record: Record) -> None:
        before = self._site.references.entity(exchange.registry, record)
        after = checks.without_mixin(exchange.registry, before, self._mixin.id)
        if after != before:
            kept = writing.stored_attributes(exchange, record, after)
            entities.update(tx, writing.agreed(exchange, record, replace(record, mixins=after.mixins, attributes=kept)))


class Elsewhere:
    """Every path that has no route: the collections of users' mixins, and unbound paths, which are the union of what
    is below them (NS-05). `/` takes new entities of any kind (COL-05)."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def __call__(self, req: falcon.Request, resp: falcon.Response, **_: str) -> None:
        if req.method == "OPTIONS":  # perhaps without a token: what is here depends on the account
            resp.set_header("Allow", "DELETE, GET, HEAD, POST, PUT")
            return
        exchange = Exchange(self._site, req, resp)
        found = exchange.registry.locations.get(exchange.path)
        if isinstance(found, Mixin):
            _dispatch(MixinCollection(self._site, found), req, resp)
        elif exchange.path.endswith("/") and (kinds := below(exchange.registry, exchange.path)):
            _dispatch(Path(self._site, kinds), req, resp)
        else:
            raise Missing(f"There is nothing at {exchange.path}.", hint="GET /-/ lists the collections")


class Path:
    """An unbound path; `kinds` are those that live below it."""

    def __init__(self, site: Site, kinds: frozenset[str]) -> None:
        self._site = site
        self._kinds = kinds

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        exchange = Exchange(self._site, req, resp)
        listing.show(exchange, Selection(self._kinds, wanted=members.wanted(exchange)))

    on_head = on_get

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        exchange = Exchange(self._site, req, resp)
        if exchange.path != "/":
            raise _not_allowed(self, req)
        members.create(exchange, None)

    def on_delete(self, req: falcon.Request, resp: falcon.Response) -> None:
        exchange = Exchange(self._site, req, resp)
        members.delete(exchange, Selection(self._kinds, wanted=members.wanted(exchange)))


def _dispatch(resource: MixinCollection | Path, req: falcon.Request, resp: falcon.Response) -> None:
    responder = getattr(resource, f"on_{req.method.lower()}", None)
    if responder is None:
        raise _not_allowed(resource, req)
    responder(req, resp)


def _not_allowed(resource: MixinCollection | Path, req: falcon.Request) -> NotAllowed:
    can = ", ".join(name[3:].upper() for name in dir(resource) if name.startswith("on_"))
    return NotAllowed(f"{req.method} is not allowed at {req.path}.", hint=f"allowed: {can}", allow=can)
