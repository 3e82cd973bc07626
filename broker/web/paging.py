"""Where a page begins and which comes next: OCCI's page numbers, and our own `after`.

`page=7` has to be walked to when nobody was shown page 6 lately (`marks`). `after=/compute/<id>` begins behind that
entity, whatever was made and removed meanwhile; the Link header of each page leads to the next so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import orjson

from broker.errors import Invalid
from broker.occi.media import Media
from broker.occi.render import Rendered
from broker.store import Transaction, entities
from broker.store.entities import Wanted
from broker.web import selection
from broker.web.exchange import Exchange
from broker.web.selection import Window

_STRIDE = 10_000
"""Entities that are walked past at once, and then remembered."""

Parts = Sequence[Wanted]
Start = tuple[Parts, str | None]
"""What is asked for, behind a cursor: nothing at all where the collection is shorter."""


def start(exchange: Exchange, tx: Transaction, parts: Parts, page: Window) -> Start:
    """Where a page begins; Invalid for an `after` that leads nowhere."""
    if page.after is not None:
        found = exchange.registry.locate(page.after)
        if found is None:
            raise Invalid(f"after={page.after} is no entity's path here.", hint="follow the Link header of a page")
        return parts, entities.cursor(found[0].id, found[1])
    marks, listing = exchange.site.marks, _listing(exchange, parts, page)
    place, after = marks.nearest(listing, page.skip)
    while place < page.skip:
        after, number = selection.passed(tx, exchange.account, parts, after, min(_STRIDE, page.skip - place))
        if after is None:
            return (), None
        place += number
        marks.keep(listing, place, after)
    return parts, after


def following(exchange: Exchange, rendered: Rendered, parts: Parts, page: Window, after: str | None) -> Rendered:
    """The page with the address of the next one, whose beginning is remembered, too. Not in text/occi, where Link is
    an OCCI link (PAG-05)."""
    if after is None or page.number is None:
        return rendered
    if page.after is None:
        exchange.site.marks.keep(_listing(exchange, parts, page), page.skip + page.number, after)
    if exchange.media is Media.OCCI:
        return rendered
    kind, _, id = after.partition(" ")
    address = f"{exchange.base}{exchange.path}?after={exchange.registry.path(kind, id)}&number={page.number}"
    return replace(rendered, headers=(*rendered.headers, ("Link", f'<{address}>; rel="next"')))


def said(values: Sequence[Any]) -> bytes:
    """The same for equal values in every process: sets in their order."""
    return orjson.dumps(values, default=sorted)


def _listing(exchange: Exchange, parts: Parts, page: Window) -> bytes:
    """What a place is a place in."""
    return said([exchange.account, parts, page.number])
