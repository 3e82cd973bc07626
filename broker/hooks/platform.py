"""Applications and components of OCCI's platform: what only the server says of them, and which links there can be.
Nothing runs for them (`unowned`)."""

from __future__ import annotations

from dataclasses import replace

from broker import addresses
from broker.errors import Clash, Invalid
from broker.occi.model import PLATFORM
from broker.services import Context
from broker.store import Record, Transaction, entities

APPLICATION, COMPONENT, LINK = (f"{PLATFORM}{term}" for term in ("application", "component", "componentlink"))
DATABASE, DATABASE_LINK = f"{PLATFORM}database", f"{PLATFORM}databaselink"
_MOST = 10_000


def application(ctx: Context, record: Record) -> Record:
    """With the URL that it is known by, which is its own address: nothing else answers for it (PLT-04)."""
    url = f"{addresses.public(ctx.settings, ctx.row.name)}/application/{record.id}"
    return replace(record, attributes={**record.attributes, "occi.app.context": url, "occi.app.url": url})


def link(ctx: Context, tx: Transaction, record: Record) -> None:
    """Refused when it does not lead to a component of this row, or closes a ring (PLT-03)."""
    source, target = str(record.source), str(record.target)
    if source.partition(" ")[0] not in (APPLICATION, COMPONENT) or target.partition(" ")[0] != COMPONENT:
        raise Invalid("a componentlink leads from an application or component to a component")
    if source in _reached(tx, record.account, target):
        raise Clash("this componentlink closes a ring of components", hint="leave out one of its links")
    kind, _, id = target.partition(" ")
    if DATABASE in entities.get(tx, record.account, kind, id).mixins:
        entities.update(tx, _to_database(record, id))


def _to_database(record: Record, component: str) -> Record:
    """PLT-05: the server says by itself that a link leads to a database, and which."""
    mixins = tuple(dict.fromkeys((*record.mixins, DATABASE_LINK)))
    return replace(
        record, mixins=mixins, attributes={**record.attributes, "occi.database.uri": f"/component/{component}"}
    )


def _reached(tx: Transaction, account: str, start: str) -> set[str]:
    """Everything that links lead to from there, itself too."""
    found, waiting = {start}, [start]
    while waiting:
        links = entities.page(tx, account, kind=LINK, source=waiting.pop(), limit=_MOST).records
        further = {str(each.target) for each in links} - found
        found |= further
        waiting += further
    return found
