"""A network, storage, firewall, public address or saved disk that an OCCI client asks for, as a service of its own that
makes one thing (`making`). Computes that are made with links to it use that service (`linked`); it ends when its entity
is deleted, which nobody may do while it is used.

What no driver can do with one that is there is refused with that reason: 501, or 409 for what was settled at creation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

from broker.errors import Clash, Missing, Unable
from broker.hooks import chained, errands, making, owned, plan, templates, unowned
from broker.hooks.links import FIREWALL, NETWORK, STORAGE
from broker.hooks.making import ADDRESS, MADE_FOR, SNAPSHOT
from broker.services import Context
from broker.store import Record, Transaction, entities
from manifests import Offer, Plan

Action = Callable[[Context, Record, Mapping[str, object]], Record]
Together = Callable[[Context, Sequence[Record], Mapping[str, object]], Sequence[Record]]

MICROSECONDS = 1_000_000

FIXED: Mapping[str, tuple[str, ...]] = {
    NETWORK: (making.VLAN, making.RANGE, "occi.network.gateway", "occi.network.allocation", making.SUBNETS),
    STORAGE: (making.SIZE,),
    FIREWALL: (making.RULES, MADE_FOR[FIREWALL].attribute),
    ADDRESS: (MADE_FOR[ADDRESS].attribute,),
    SNAPSHOT: (MADE_FOR[SNAPSHOT].attribute,),
}
"""What it is made with, beside its provider. No driver changes it afterwards: what an entity says of it is what is
there."""

REMOVE = "DELETE gives it back"
BEYOND: Mapping[str, str] = {
    "backup": "save the compute that it is in, which makes an image",
    "snapshot": "save the compute that it is in, which makes an image",
    "resize": "make a larger one, and copy what is on this one",
}
"""Actions that lead to no other state, each with what to do instead."""
ACTIONS: Mapping[str, tuple[str, ...]] = {
    NETWORK: ("up", "down"),
    STORAGE: ("online", "offline", *BEYOND),
    FIREWALL: (),
    ADDRESS: (),
    SNAPSHOT: (),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a provider must have for it: `abilities`, and room for `amount` of each thing (`Offer.left`)."""

    abilities: frozenset[str]
    amount: Mapping[str, int]


def create(ctx: Context, record: Record) -> Record:
    """Planned, and its service named. Clash with every provider's reason when nobody can make it; kept as an entity as
    long as no provider has offered anything at all."""
    with ctx.store.read() as tx:
        if not templates.known(tx, ctx.account):
            return record
        there = making.needed(tx, record)
    provider = _provider(ctx, record, there)
    made = Plan("deploy", owned.service_name(record), making.steps(record, provider, there))
    own = owned.attributes(record, ctx.new_id(), provider, owned.node_name(record))
    return owned.asked(record, own, made)


def _provider(ctx: Context, record: Record, there: Record | None) -> str:
    """The first in the order of the settings that fits: where the client chose, or where what it is for is."""
    offers, order = plan.offers(ctx), tuple(ctx.settings.providers)
    chosen = (there or record).attributes.get(owned.PROVIDER)
    oldest = ctx.now() - round(ctx.settings.offer_max_age * MICROSECONDS)
    wanted = _wanted(record)
    refused = {}
    for name in order if chosen is None else (str(chosen),):
        reasons = [unfit(each, wanted, oldest) for each in offers if each.provider == name and name in order]
        if None in reasons:
            return name
        refused[name] = next(iter(reasons), None) or "has no offers yet"
    said = "; ".join(f"{name} {reason}" for name, reason in refused.items())
    raise Clash(f"no provider can make {owned.name_of(record)}: {said}", hint="ask for less, or again later")


def _wanted(record: Record) -> Wanted:
    if record.kind == STORAGE:
        return Wanted(frozenset({"volumes"}), {"volumes": 1, "storage": making.size(record)})
    if record.kind == NETWORK:
        named = {"vlan": making.VLAN, "subnets": making.SUBNETS}
        return Wanted(frozenset(what for what, said in named.items() if record.attributes.get(said)), {"networks": 1})
    ability = MADE_FOR[record.kind].ability
    return Wanted(frozenset({ability}), {"addresses": 1} if record.kind == ADDRESS else {})


def unfit(offer: Offer, wanted: Wanted, oldest: int) -> str | None:
    """Why it cannot be had of this offer, None if it can. Pure; `oldest` in UTC microseconds."""
    if offer.observed_at < oldest:
        return "was last seen too long ago"
    if missing := sorted(wanted.abilities.difference(offer.abilities)):
        return f"has no {', '.join(missing)}"
    short = [what for what, amount in wanted.amount.items() if offer.left.get(what, amount) < amount]
    return f"has no room for more {', '.join(short)}" if short else None


def update(ctx: Context, before: Record, after: Record) -> Record:
    """Clash when what it was made with would change."""
    if owned.service_of(before.attributes) is None:
        return after
    fixed = (*FIXED[before.kind], owned.PROVIDER)
    for name in fixed:
        if after.attributes.get(name, before.attributes.get(name)) != before.attributes.get(name):
            raise Clash(
                f"{name} of {owned.name_of(before)} does not change: no provider here changes it", hint="make another"
            )
    kept = {name: before.attributes[name] for name in fixed if name in before.attributes}
    return replace(after, attributes={**after.attributes, **kept})


def leave(ctx: Context, records: Sequence[Record]) -> None:
    """Its service ends with it. Clash, with the names, while others use it, and for one of a manifest's service."""
    for record in records:
        if not record.attributes.get(owned.ALONE):
            owned.refuse(record, "release the service, which gives it back")
    for record in records:
        if (service := owned.service_of(record.attributes)) is not None:
            with suppress(Missing):
                ctx.client.post("service", f"/services/{service}/end", {}, free="yes")


def delete(ctx: Context, tx: Transaction, record: Record) -> None:
    """What is still told of it while it is given back is of nobody's interest."""
    if (service := owned.service_of(record.attributes)) is not None:
        errands.turn(tx, service)
        if not chained.is_tagged(record):  # another broker may make it anew
            entities.bury(tx, record.account, record.kind, record.id)


def actions(*terms: str) -> Mapping[str, Action]:
    """Each term's action with one."""
    return {term: partial(_one, term) for term in terms}


def together(*terms: str) -> Mapping[str, Together]:
    """Each term's action with several."""
    return {term: partial(_several, term) for term in terms}


def _one(term: str, ctx: Context, record: Record, arguments: Mapping[str, object]) -> Record:
    (found,) = _several(term, ctx, [record], arguments)
    return found


def _several(term: str, ctx: Context, records: Sequence[Record], arguments: Mapping[str, object]) -> Sequence[Record]:
    """Entities alone follow their life cycle, all or none."""
    for record in records:
        _must_follow(term, record)
    return unowned.followed(ctx, term, records)


def _must_follow(term: str, record: Record) -> None:
    what, where = owned.name_of(record), record.attributes.get(owned.PROVIDER)
    alone = owned.service_of(record.attributes) is None
    if alone and term not in BEYOND:
        return
    if alone:
        raise Unable(f"{term}: {what} is an entity, and nothing runs for it", hint="make it where a provider is")
    if not record.attributes.get(owned.REFERENCE):
        raise Clash(f"{term}: {what} is still being made", hint="it is up as soon as it is there; look again")
    raise Unable(f"{term}: no provider can do that with {what}, which is at {where}", hint=BEYOND.get(term, REMOVE))
