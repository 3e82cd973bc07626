"""What runs, seen through the cloud row.

A compute that a client POSTs becomes a service of its own, with it as the only node; one that belongs to a manifest's
service is acted on through that service, and goes with it. What neither is, is kept as an entity (`unowned`). Networks
and storages are `thing`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from broker.errors import AccordsError, Clash, Missing
from broker.hooks import chained, errands, linked, machine, making, owned, templates, underway, unowned
from broker.hooks.owned import ALONE, NODE, PROVIDER, name_of
from broker.occi.model import Mixin
from broker.occi.registry import Registry
from broker.services import Context
from broker.store import Record, Transaction, entities

Action = Callable[[Context, Record, Mapping[str, object]], Record | Mixin]
Together = Callable[[Context, Sequence[Record], Mapping[str, object]], Sequence[Record]]

FIXED = (*(f"occi.compute.{name}" for name in ("architecture", "cores", "hostname", "memory", "share")), PROVIDER)
"""What a machine is made with. No driver changes it afterwards: what an entity says of it is what runs."""


def create(ctx: Context, record: Record) -> Record:
    """Planned, and its service named. Refused when nobody can make it; kept as an entity as long as no provider has
    offered anything at all."""
    with ctx.store.read() as tx:
        if not templates.known(tx, ctx.account):
            return record
        chosen = {**templates.of(tx, ctx.account, record.mixins), **making.image(tx, record)}
        uses = linked.uses(tx, ctx)
    made = machine.planned(ctx, record, chosen, uses)
    (placement,) = made.placements
    return owned.asked(record, owned.attributes(record, ctx.new_id(), placement.provider, placement.node), made)


def created(ctx: Context, tx: Transaction, record: Record) -> None:
    """What is stored is owed its service."""
    service = _service(record)
    if isinstance(record, owned.Asked) and service is not None:
        errands.note(tx, record, service, owned.service_name(record), record.plan_json)


def stored(ctx: Context, record: Record) -> None:
    """Ask for the service of a thing that is there now."""
    service = _service(record)
    if isinstance(record, owned.Asked) and service is not None:
        errands.do(ctx, service)


def update(ctx: Context, before: Record, after: Record) -> Record:
    """Clash when templates would come or go (INF-21), or what the machine was made with would change (another size is
    `sized`'s)."""
    with ctx.store.read() as tx:
        former, wanted = (templates.ids_of(tx, ctx.account, each.mixins) for each in (before, after))
    if former != wanted:
        changed = ", ".join(sorted(former ^ wanted))
        raise Clash(
            f"{name_of(before)} keeps the templates it was made with, not {changed}", hint="make another compute"
        )
    if _service(before) is None:
        return after
    for name in FIXED:
        if after.attributes.get(name, before.attributes.get(name)) != before.attributes.get(name):
            raise Clash(
                f"{name} of {name_of(before)} does not change so", hint="say it of the compute itself, or make another"
            )
    kept = {name: before.attributes[name] for name in FIXED if name in before.attributes}
    return replace(after, attributes={**after.attributes, **kept})


def projected(registry: Registry, there: Record, told: Record) -> Record:
    """What the worker tells, with what clients say: title, summary, mixins, and values that are theirs to give. What it
    tells of another service than this one's is late; where it tells no state, that is as it was, and nothing is
    changing any more."""
    if underway.is_late(there, told):
        return there
    if (ended := underway.ended(there, told)) is not None:
        return ended
    mixins = tuple(dict.fromkeys((*told.mixins, *there.mixins)))
    known = registry.definitions(told.kind, mixins)
    own = {
        name: value
        for name, value in there.attributes.items()
        if name not in told.attributes and name in known and known[name].mutable
    }
    return replace(
        told,
        title=there.title or told.title,
        summary=there.summary or told.summary,
        mixins=mixins,
        attributes={**told.attributes, **own},
    )


def _operations(kind: str) -> Together:
    def action(ctx: Context, records: Sequence[Record], arguments: Mapping[str, object]) -> Sequence[Record]:
        """One operation a service with all its nodes, all services or none, and with them what no service owns
        (ACT-06). Entities of services change when their projections arrive; until then they say what was asked."""
        alone = [record for record in records if _service(record) is None]
        followed = unowned.followed(ctx, kind, alone)
        asked = [record for record in records if _service(record) is not None]
        changing = underway.changing(ctx, kind, asked)
        try:
            _ask(ctx, records, kind)
        except AccordsError:
            unowned.restored(ctx, [*alone, *asked], [*followed, *changing])
            raise
        return [_now(ctx, record) for record in records]

    return action


def _operation(kind: str) -> Action:
    many = _operations(kind)

    def action(ctx: Context, record: Record, arguments: Mapping[str, object]) -> Record:
        (found,) = many(ctx, [record], arguments)
        return found

    return action


def _now(ctx: Context, record: Record) -> Record:
    with ctx.store.read() as tx:
        return entities.get(tx, ctx.account, record.kind, record.id)


def save(ctx: Context, record: Record, arguments: Mapping[str, object]) -> Mixin:
    """The template of the image to be, pending; the worker fills it, or takes it away (INF-33)."""
    if _service(record) is None:
        raise Clash(
            f"nothing runs for {name_of(record)}: there is no image to save", hint="make a compute with a template"
        )
    made = templates.announce(ctx, str(arguments.get("name") or name_of(record)))
    try:
        _ask(ctx, [record], "save", template=made.id, title=made.title)
    except AccordsError:
        templates.withdraw(ctx, made)
        raise
    return made.mixin


_OPERATIONS = ("start", "stop", "restart", "suspend")
ACTIONS: Mapping[str, Action] = {**{kind: _operation(kind) for kind in _OPERATIONS}, "save": save}
TOGETHER: Mapping[str, Together] = {kind: _operations(kind) for kind in _OPERATIONS}


def leave(ctx: Context, records: Sequence[Record]) -> None:
    """A compute's own service ends with it. From a manifest's service it goes with `?force=true` alone: its machine is
    given back, and the rest of the service stays. Clash otherwise, before anything is given back."""
    forced = ctx.query.get("force") == "true"
    for record in records:
        if not (forced or record.attributes.get(ALONE)):
            owned.refuse(record, "add ?force=true, which gives back this machine alone, or release the service")
    for record in records:
        if (service := _service(record)) is not None:
            node = {} if record.attributes.get(ALONE) else {"node": str(record.attributes[NODE])}
            with suppress(Missing):
                ctx.client.post("service", f"/services/{service}/end", {}, **node)


def delete(ctx: Context, tx: Transaction, record: Record) -> None:
    """What is still told of the machine while it is given back is of nobody's interest."""
    if (service := _service(record)) is not None:
        errands.turn(tx, service)
        if not chained.is_tagged(record):  # another broker may make it anew
            entities.bury(tx, record.account, record.kind, record.id)


def _ask(ctx: Context, members: Sequence[Record], kind: str, **arguments: str) -> None:
    """An operation of the services that some of these belong to, with those of their nodes: all of a service where one
    is all there is. All services take it, or none."""
    services: dict[str, list[str]] = {}
    for record in members:
        if (service := _service(record)) is not None:
            nodes = services.setdefault(service, [])
            nodes.extend([] if record.attributes.get(ALONE) else [str(record.attributes[NODE])])
    if services:
        body = {"kind": kind, "services": services, "arguments": arguments}
        ctx.client.post("service", "/services/operations", body)


def _service(record: Record) -> str | None:
    return owned.service_of(record.attributes)
