"""The query interface (occi.md, section 3): what this row's categories are; a user's own mixins come and go here."""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256

import falcon

from broker.occi import read, render
from broker.web import tags
from broker.web.exchange import Exchange
from broker.web.site import Site


class QueryInterface:
    """At `/-/` and `/.well-known/org/ogf/occi/-/`, identical (QI-01)."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        exchange = Exchange(self._site, req, resp)
        only = read.filters(exchange.registry, exchange.headers()).categories
        if (named := exchange.query.get("category")) is not None:  # QI-05: JSON clients have no filter headers
            only = (*only, exchange.registry.category(named).id)
        found = render.categories(exchange.registry, exchange.media, only, limit=exchange.limit)
        tag = _etag(found)
        if not exchange.not_modified(tag):
            exchange.answer(found, etag=tag)

    on_head = on_get

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        exchange = Exchange(self._site, req, resp)
        mixins = read.mixins(exchange.read())
        with self._site.store.write() as tx:
            tags.add(tx, exchange.account, exchange.registry, mixins)
        exchange.answer(render.done(exchange.media))

    def on_delete(self, req: falcon.Request, resp: falcon.Response) -> None:
        exchange = Exchange(self._site, req, resp)
        mixins = read.mixins(exchange.read())
        with self._site.store.write() as tx:
            tags.remove(tx, exchange.account, exchange.registry, [mixin.id for mixin in mixins])
        exchange.answer(render.done(exchange.media))


@lru_cache(maxsize=64)
def _etag(found: render.Rendered) -> str:
    """Of all that is said, which in text/occi is in the headers. The same rendering is kept, and so is its tag."""
    return f'"{sha256(repr(found.headers).encode() + found.body).hexdigest()[:16]}"'
