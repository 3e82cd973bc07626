"""Another size for the machines of a service's node. The worker gives it; nobody here calls a cloud.

GET  /services/<id>/resize?node=web&cores=4    what would be done: {service, node, currency, difference, machines,
                                               plan, listing}; machines: [{name, provider, zone, before, after,
                                               reason}] with sizes as {size, cores, memory, disk, price}
POST /services/<id>/resize    {"node": "web", "cores": 4, "memory": "8G", "disk": ..., "plan": hash}, or "size": a
                              name of the provider's: 202; the plan of that hash and no other
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated

import orjson
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from broker import repairs
from broker.errors import Clash, Invalid, Missing
from broker.phases import PHASES
from broker.plans import plan_to_json
from broker.repairs import Subject
from broker.services import Context, Reply
from broker.store import PLATFORM, Operation, Transaction, offers, operations, services
from manifests import Chosen, Offer, Plan, Size, Step, Wish, choose, machines_of, price_difference, quantity, resize
from manifests import stale as staleness
from providers.protocol import State


def _bytes(value: object) -> object:
    """A text is an amount as documents write it, in G without a unit; a number is bytes."""
    return int(quantity(value, "G")) if isinstance(value, str) else value


Bytes = Annotated[int, BeforeValidator(_bytes, json_schema_input_type=int | str), Field(gt=0)]


class Asked(BaseModel):
    """What is not said stays at least as it is. `node` may name one of several by its index: `web.0`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    node: str
    size: str | None = None
    cores: Annotated[int, Field(gt=0)] | None = None
    memory: Bytes | None = None
    disk: Bytes | None = None
    plan: str | None = None

    @property
    def wish(self) -> Wish:
        return Wish(self.size, self.cores, self.memory, self.disk)


@dataclass(frozen=True, slots=True)
class Turn:
    """A machine, its size now, and what it would get from the offer that it is of."""

    machine: Step
    before: Size
    offer: Offer
    chosen: Chosen


def shown(ctx: Context, query: Mapping[str, str]) -> Reply:
    with ctx.store.read() as tx:
        about = _subject(ctx, tx, query["id"])
        asked = _read({name: value for name, value in query.items() if name != "id"})
        turns = _turns(ctx, tx, about, asked)
    plan = _plan(about, turns)
    difference = price_difference(turn.chosen for turn in turns)
    answer = {
        "service": {"id": about.service.id, "name": about.service.name, "state": about.service.state},
        "node": asked.node,
        "currency": turns[0].offer.currency,
        "difference": None if difference is None else str(difference),
        "machines": [_shown(turn) for turn in turns],
        "plan": plan.hash,
        "listing": plan.listing().splitlines(),
    }
    return Reply(200, orjson.dumps(answer))


def submit(ctx: Context, query: Mapping[str, str]) -> Reply:
    """Clash when no such size can be had, when it is not what was shown, or when something else is being done. What is
    under way is not asked for again."""
    with ctx.store.write() as tx:
        about = _subject(ctx, tx, query["id"])
        asked = _sent(ctx.body())
        told = {"nodes": [asked.node], **asked.model_dump(exclude={"node", "plan"}, exclude_none=True)}
        if about.busy and about.newest.purpose == "resize" and about.newest.arguments == told:
            return _asked(about.newest)
        if about.busy:
            raise Clash(f"{about.newest.purpose} of {about.service.name} is under way", hint="wait for its end")
        plan = _plan(about, _turns(ctx, tx, about, asked))
        if asked.plan not in (None, plan.hash):
            raise Clash(f"the plan for {asked.node} is not the one that was shown", hint="look again, then ask again")
        done = operations.submit(
            tx, ctx.account, about.service.id, "resize", arguments=told, plan_json=plan_to_json(plan)
        )
        services.set_state(tx, ctx.account, about.service.id, str(PHASES["resize"].during))
    return _asked(done)


def _asked(operation: Operation) -> Reply:
    return Reply(202, orjson.dumps({"operation": operation.id}))


def _subject(ctx: Context, tx: Transaction, id: str) -> Subject:
    service = services.get(tx, ctx.account, id)
    about = repairs.subject(tx, service)
    if about is None:
        raise Missing(f"service {service.name} has no plan", hint="release it, and deploy it again")
    return about


def _turns(ctx: Context, tx: Transaction, about: Subject, asked: Asked) -> list[Turn]:
    """At least one. Missing for a node that has no machine, Clash with the reason for a size that it cannot have."""
    if asked.wish == Wish():
        raise Invalid(f"no size is said for {asked.node}", hint="say cores, memory, disk, or the name of a size")
    machines = machines_of(about.deploy, about.made, asked.node)
    if not machines:
        there = ", ".join(sorted(each.node for each in about.deploy.placements)) or "none"
        raise Missing(f"{about.service.name} has no machine of a node {asked.node}", hint=f"its nodes: {there}")
    known = offers.every(tx, PLATFORM)
    return [_turn(ctx, about, machine, asked, known) for machine in machines]


def _turn(ctx: Context, about: Subject, machine: Step, asked: Asked, known: tuple[Offer, ...]) -> Turn:
    before, offer = _size(about, machine), _offer(ctx, about, machine, known)
    found = choose(before, asked.wish, offer)
    if isinstance(found, str):
        hint = f"another size may do: accords providers check {offer.provider} lists them"
        raise Clash(f"{offer.provider}/{offer.zone} {found}", hint=hint, code="resize.refused")
    return Turn(machine, before, offer, found)


def _offer(ctx: Context, about: Subject, machine: Step, known: tuple[Offer, ...]) -> Offer:
    zone = machine.inputs.get("zone")
    for offer in known:
        if (offer.provider, offer.zone) == (machine.provider, zone):
            if why := staleness(offer, now=ctx.now(), max_age=round(ctx.settings.offer_max_age * 1_000_000)):
                raise Clash(
                    f"{offer.provider}/{offer.zone}: {why}", hint=f"see accords providers check {offer.provider}"
                )
            return offer
    raise Clash(f"{machine.provider} offers nothing in the zone {zone} now", hint="see accords providers")


def _size(about: Subject, machine: Step) -> Size:
    """As it was last given."""
    (architecture,) = {each.size.architecture for each in about.deploy.placements if each.node == _node(machine)} or {
        ""
    }
    said = machine.inputs
    cores, memory, disk = (value if isinstance(value := said.get(what), int) else 0 for what in _AMOUNTS)
    return Size(str(said["size"]) if said.get("size") else None, cores, memory, disk, architecture)


_AMOUNTS = ("cores", "memory", "disk")


def _node(machine: Step) -> str:
    return str(machine.inputs["name"])


def _plan(about: Subject, turns: list[Turn]) -> Plan:
    """A machine that rests is not started for it."""
    resting = {id for id, thing in about.desired.things.items() if thing.state is not State.ACTIVE}
    return resize(about.deploy, about.made, {turn.machine.id: turn.chosen.size for turn in turns}, resting)


def _shown(turn: Turn) -> dict[str, object]:
    return {
        "name": turn.machine.subject.partition("/")[2],
        "provider": turn.offer.provider,
        "zone": turn.offer.zone,
        "before": _amounts(turn.before, turn.chosen.before),
        "after": _amounts(turn.chosen.size, turn.chosen.after),
        "reason": turn.chosen.reason,
    }


def _amounts(size: Size, price: Decimal | None) -> dict[str, object]:
    amounts = {what: getattr(size, what) for what in _AMOUNTS}
    return {"size": size.name, **amounts, "price": None if price is None else str(price)}


def _sent(body: bytes) -> Asked:
    try:
        return _read(orjson.loads(body or b"{}"))
    except orjson.JSONDecodeError as error:
        raise Invalid("a size is asked for in JSON", hint='send {"node": "web", "cores": 4}') from error


def _read(said: object) -> Asked:
    try:
        return Asked.model_validate(said)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise Invalid(
            f"a size is not asked for so: {place}: {first['msg']}", hint="such as cores 4, memory 8G"
        ) from error
