"""A network or storage that a plain OCCI client asks for, as a service of its own with one step. Computes that are made
with links to it use that service (`linked`); it ends when its entity is deleted, which nobody may do while it is used.

What no driver can do with one that is there is refused with that reason: 501, or 409 for what was settled at creation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

from broker.errors import Clash, Invalid, Missing, Unable
from broker.hooks import errands, linked, owned, plan, templates, unowned
from broker.hooks.links import NETWORK, STORAGE
from broker.services import Context
from broker.store import Record, Transaction, entities
from manifests import Offer, Plan, Step, Value

Action = Callable[[Context, Record, Mapping[str, object]], Record]
Together = Callable[[Context, Sequence[Record], Mapping[str, object]], Sequence[Record]]

GIB = 1024**3
MICROSECONDS = 1_000_000

VLAN, ADDRESS, SIZE = "occi.network.vlan", "occi.network.address", "occi.storage.size"
FIXED: Mapping[str, tuple[str, ...]] = {
    NETWORK: (VLAN, ADDRESS, "occi.network.gateway", "occi.network.allocation", owned.PROVIDER),
    STORAGE: (SIZE, owned.PROVIDER),
}
"""What it is made with. No driver changes it afterwards: what an entity says of it is what is there."""


REFERENCE = "org.accords.provider.id"
REMOVE = "DELETE gives it back"
BEYOND: Mapping[str, str] = {
    "backup": "save the compute that it is in, which makes an image",
    "snapshot": "save the compute that it is in, which makes an image",
    "resize": "make a larger one, and copy what is on this one",
}
"""Actions that lead to no other state, each with what to do instead."""
ACTIONS: Mapping[str, tuple[str, ...]] = {NETWORK: ("up", "down"), STORAGE: ("online", "offline", *BEYOND)}


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
    step = planned(record, _provider(ctx, record))
    made = Plan("deploy", owned.service_name(record), (step,))
    own = owned.attributes(record, ctx.new_id(), str(step.provider), owned.node_name(record))
    return owned.asked(record, own, made)


def planned(record: Record, provider: str) -> Step:
    """The step that makes it there. Pure."""
    name, said = owned.node_name(record), record.attributes
    known: dict[str, Value] = {"name": name, "entity": record.id, "key": linked.key_of(record.kind, record.id)}
    if record.kind == NETWORK:
        inputs = {**known, "label": said.get("occi.network.label"), "cidr": said.get(ADDRESS), "vlan": said.get(VLAN)}
        return Step(f"{provider}.{name}", "create", f"network/{name}", inputs, provider)
    inputs = {**known, "size": _size(record), "type": None, "retain": False}
    return Step(f"{name}.0.volume.{name}", "create", f"volume/{name}.0.{name}", inputs, provider)


def _size(record: Record) -> int:
    size = float(record.attributes[SIZE])
    if size <= 0:
        raise Invalid(f"{SIZE} {size:g} is nothing that can be made", hint="GiB, more than 0")
    return round(size * GIB)


def _provider(ctx: Context, record: Record) -> str:
    """The first in the order of the settings that fits: the one the client chose, if it did."""
    offers, order = plan.offers(ctx), tuple(ctx.settings.providers)
    chosen = record.attributes.get(owned.PROVIDER)
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
        return Wanted(frozenset({"volumes"}), {"volumes": 1, "storage": _size(record)})
    return Wanted(frozenset({"vlan"} if VLAN in record.attributes else ()), {"networks": 1})


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
    for name in FIXED[before.kind]:
        if after.attributes.get(name, before.attributes.get(name)) != before.attributes.get(name):
            raise Clash(
                f"{name} of {owned.name_of(before)} does not change: no provider here changes it", hint="make another"
            )
    kept = {name: before.attributes[name] for name in FIXED[before.kind] if name in before.attributes}
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
    if not record.attributes.get(REFERENCE):
        raise Clash(f"{term}: {what} is still being made", hint="it is up as soon as it is there; look again")
    raise Unable(f"{term}: no provider can do that with {what}, which is at {where}", hint=BEYOND.get(term, REMOVE))
