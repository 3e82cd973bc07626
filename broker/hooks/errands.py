"""What the cloud row has promised with a thing of a client's: the service that makes it, which another row has to be
asked for. The errand is noted in the transaction that stores the thing and forgotten when it is done, so that a row
that dies in between owes it still; the worker has it done again and again (POST /errands) until it is.

A thing that goes before its service was made sure of turns its errand round: what was asked for, if it was, ends.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

import orjson

from broker.client import Client
from broker.errors import AccordsError, Clash, Forbidden, Missing, Stale
from broker.hooks import owned
from broker.occi import states
from broker.occi.model import CORDS
from broker.services import Context, Reply
from broker.store import PLATFORM, Record, Transaction, entities

log = logging.getLogger(__name__)

KIND = "urn:accords:errand"
"""What errands are kept as: entities of a kind that no registry knows, so that no collection has them."""
SOON = 5_000_000
"""Microseconds in which the request that noted an errand is expected to do it itself."""
LATE = 120_000_000
"""Microseconds in which a request that was given up may still be carried out: until then what it asks for is ended."""
AT_ONCE = 100


def note(tx: Transaction, thing: Record, service: str, name: str, plan_json: str) -> None:
    """Owe the thing its service, in the transaction that stores it. `service` is the id that it shall have."""
    told = {"account": thing.account, "kind": thing.kind, "thing": thing.id, "name": name, "plan": plan_json}
    entities.insert(tx, Record(PLATFORM, KIND, service, attributes=told))


def is_owed(tx: Transaction, service: str) -> bool:
    """Whether it is not known yet that the service is there."""
    return entities.find(tx, PLATFORM, KIND, service) is not None


def turn(tx: Transaction, service: str) -> None:
    """The thing goes: if its service is owed still, it is to be ended instead."""
    errand = entities.find(tx, PLATFORM, KIND, service)
    if errand is not None:
        told = {name: value for name, value in errand.attributes.items() if name != "plan"}
        entities.update(tx, replace(errand, attributes=told))


def do(ctx: Context, service: str) -> None:
    """The errand just noted, in the request that noted it. Raises what the other row says."""
    with ctx.store.read() as tx:
        errand = entities.find(tx, PLATFORM, KIND, service)
    if errand is not None:  # else it was done meanwhile
        _ask(ctx.client, errand)
        _forget(ctx, errand)


def complete(ctx: Context, query: Mapping[str, str]) -> Reply:
    """POST /errands: {left}: do what is owed, as far as the other row answers; how many are left."""
    if not ctx.principal.role.internal:
        raise Forbidden("Errands are done for servers and workers.")
    with ctx.store.read() as tx:
        owed = entities.page(tx, PLATFORM, kind=KIND, limit=AT_ONCE).records
    left = 0
    for errand in owed:
        left += not (errand.updated + SOON < ctx.now() and _complete(ctx, errand))
    return Reply(200, orjson.dumps({"left": left}))


def _complete(ctx: Context, errand: Record) -> bool:
    """Whether it is over: done, or refused for good."""
    client = ctx.client.acting_for(str(errand.attributes["account"]))
    try:
        if "plan" not in errand.attributes:
            over = _end(client, errand.id) or errand.updated + LATE < ctx.now()
        else:
            over = _is_there(client, errand.id) or _ask(client, errand)
    except AccordsError as error:
        if error.status >= 500:  # not now
            return False
        _refused(ctx, errand, error)
        over = True
    if over:
        _forget(ctx, errand)
        log.info("errand.done", extra={"service": errand.id, "made": "plan" in errand.attributes})
    return over


def _ask(client: Client, errand: Record) -> bool:
    """True: the service is there. A Clash may be with ourselves: somebody did it meanwhile."""
    attributes = {"occi.service.name": errand.attributes["name"], "org.accords.made": errand.attributes["plan"]}
    body = {"kind": CORDS + "service", "id": f"urn:uuid:{errand.id}", "attributes": attributes}
    try:
        client.post("service", "/service/", body)
    except Clash:
        if not _is_there(client, errand.id):
            raise
    return True


def _is_there(client: Client, service: str) -> bool:
    with suppress(Missing):
        return bool(client.get("service", f"/service/{service}"))
    return False


def _end(client: Client, service: str) -> bool:
    """False: there was none to end."""
    with suppress(Missing):
        client.post("service", f"/services/{service}/end", {})
        return True
    return False


def _refused(ctx: Context, errand: Record, error: AccordsError) -> None:
    """Nobody waits for an answer any more: the thing says why it was not made."""
    told = errand.attributes
    state = states.attribute(str(told["kind"]))
    log.warning("errand.refused", extra={"service": errand.id, "code": error.code, "error": error.message})
    with ctx.store.write() as tx:
        thing = entities.find(tx, str(told["account"]), str(told["kind"]), str(told["thing"]))
        if thing is not None:
            said = {state: "error", f"{state}.message": error.message}
            known = {name: value for name, value in thing.attributes.items() if name != owned.SERVICE}
            entities.update(tx, replace(thing, attributes={**known, **said}))


def _forget(ctx: Context, errand: Record) -> None:
    """Not if it was turned round meanwhile."""
    with ctx.store.write() as tx, suppress(Missing, Stale):
        entities.delete(tx, PLATFORM, KIND, errand.id, expect=errand.generation)
