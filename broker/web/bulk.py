"""`POST /.bulk`: what the worker and the other rows deliver here. All of it or nothing; an older one changes nothing.

    {"put":    [{account, kind, id, sequence, title, summary?, attributes, mixins, source, target}, ...],
     "delete": [{account, kind, id, sequence, service?}, ...]}

For this installation's own servers and workers; a link's ends are stored references (`references`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import falcon
import orjson
from pydantic import BaseModel, ConfigDict, ValidationError

from broker.errors import Forbidden, Invalid
from broker.occi.registry import Registry
from broker.services import Reply
from broker.store import Record, Transaction, entities
from broker.web import writing
from broker.web.exchange import Exchange
from broker.web.site import Site

SERVICE = "org.accords.service"


class Gone(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    account: str
    kind: str
    id: str
    sequence: int
    service: str = ""


class Put(Gone):
    title: str = ""
    summary: str = ""
    attributes: dict[str, Any] = {}
    mixins: tuple[str, ...] = ()
    source: str | None = None
    target: str | None = None

    def record(self) -> Record:
        return Record(**self.model_dump(exclude={"sequence", "service"}))


class Delivery(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    put: tuple[Put, ...] = ()
    delete: tuple[Gone, ...] = ()


class Bulk:
    def __init__(self, site: Site) -> None:
        self._site = site

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        if not req.context.principal.role.internal:
            raise Forbidden("Only servers and workers of this installation deliver in bulk.")
        exchange = Exchange(self._site, req, resp)
        delivery = _read(exchange.read_body())
        self._check(delivery)
        accounts = {each.account for each in delivery.put if self._site.hooks(each.kind).projected is not None}
        registries = {account: self._site.registry(account) for account in accounts}
        with self._site.store.write() as tx:
            told = [(self._told(tx, each.record(), registries), each.sequence) for each in delivery.put]
            put = entities.upsert_projections(tx, told)
            gone = sum(_remove(tx, each) for each in delivery.delete)
            entities.prune_tombstones(tx)
        exchange.reply(Reply(200, orjson.dumps({"put": put, "deleted": gone})))

    def _told(self, tx: Transaction, record: Record, registries: Mapping[str, Registry]) -> Record:
        """What is told of an entity, with what clients said of it where both do."""
        hook = self._site.hooks(record.kind).projected
        there = entities.find(tx, record.account, record.kind, record.id) if hook is not None else None
        if hook is None or there is None:
            return record
        return hook(registries[record.account], there, record)

    def _check(self, delivery: Delivery) -> None:
        """Only kinds that this row serves, and what it keeps."""
        known = (*self._site.row.kinds, *self._site.row.kept)
        for each in (*delivery.put, *delivery.delete):
            if each.kind not in known:
                raise Invalid(f"The row {self._site.row.name} does not serve {each.kind}.", kind=each.kind)


def _remove(tx: Transaction, gone: Gone) -> bool:
    """False when a newer one is there, or none, or one of another service than the one that it is the end of. Links go
    with what they join, also when that went before."""
    there = entities.find(tx, gone.account, gone.kind, gone.id) if gone.service else None
    if there is not None and there.attributes.get(SERVICE, gone.service) != gone.service:
        return False
    removed = entities.delete_projection(tx, gone.account, gone.kind, gone.id, gone.sequence)
    if not removed and entities.find(tx, gone.account, gone.kind, gone.id) is not None:
        return False
    for link in writing.links(tx, gone.account, gone.kind, gone.id):
        entities.delete_projection(tx, link.account, link.kind, link.id, gone.sequence)
    return removed


def _read(body: bytes) -> Delivery:
    try:
        return Delivery.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise Invalid(f"The delivery is not as it should be: {place}: {first['msg']}.") from error
