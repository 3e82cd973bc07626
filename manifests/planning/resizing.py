"""Another size for machines that are there: which one an offer has for them, and the plan that gives it. Pure.

A machine is stopped for it and started again: most clouds want it, and a guest that is told ends well. What is not
asked for stays at least what it is. The plan ends in what the journal says of the machine from then on (`accept`), so
that neither a comparison nor a repair takes the new size back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from manifests.grammar.units import readable
from manifests.offers import Offer, Size
from manifests.plan import Plan, Step, Value
from manifests.planning import sizes
from manifests.planning.operating import act
from manifests.planning.quotas import exceeded
from manifests.planning.steps import base_of, needing, node_of, ordered
from manifests.planning.teardown import Made, result_id

SIZES = ("size", "cores", "memory", "disk")
"""What a machine's size is, in a step's inputs and in a provider's facts."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for: a size of the provider's by its name, or amounts (`memory` and `disk` in bytes). None: as it
    is."""

    size: str | None = None
    cores: int | None = None
    memory: int | None = None
    disk: int | None = None


@dataclass(frozen=True, slots=True)
class Chosen:
    """The size a machine would get, and why this; `before` and `after` are prices an hour, None: nobody says."""

    size: Size
    reason: str
    before: Decimal | None
    after: Decimal | None


def machines(deploy: Plan, made: Made, node: str) -> tuple[Step, ...]:
    """The steps that made the machines of a node that are known: all of it, or with its index (`web.0`) that one."""
    return tuple(
        step
        for step in deploy.steps
        if step.subject.startswith("machine/") and made.get(step.id) and node in (node_of(step.id), base_of(step.id))
    )


def choose(now: Size, wish: Wish, offer: Offer) -> Chosen | str:
    """The size that an offer has for a machine that is `now` of that size, or the sentence why it has none."""
    if "resize" not in offer.abilities:
        return "gives no other size to a machine that is there"
    found = _named(wish.size, offer) if wish.size else _enough(now, wish, offer)
    if found.size is None:
        return found.reason
    more = exceeded(_more(now, found.size), {}, offer.left)
    if more or _same(now, found.size):
        return more or f"gives it what it has: {_words(found.size)}"
    return Chosen(found.size, found.reason, _price(_known(now, offer), offer), _price(found.size, offer))


def resize(deploy: Plan, made: Made, wanted: Mapping[str, Size], resting: Collection[str] = ()) -> Plan:
    """Machine step -> the size that it shall have; those of `resting` are not started afterwards."""
    steps: list[Step] = []
    for machine, size in wanted.items():
        facts: dict[str, Value] = {name: getattr(size, _FIELDS[name]) for name in SIZES}
        steps += turn(deploy, made, machine, facts, rests=machine in resting, accepted=True)
    return Plan("resize", deploy.service, ordered(steps), deploy.placements)


def turn(
    deploy: Plan, made: Made, machine: str, size: Mapping[str, Value], *, rests: bool, accepted: bool = False
) -> Iterator[Step]:
    """What gives one machine a size: stopped for it, and started again if it shall run."""
    step, known = deploy.step(machine), {"id": result_id(made, machine)}
    stop, again, last = (f"{base_of(machine)}.{verb}" for verb in ("stop", "resize", "accept"))
    yield Step(stop, "stop", step.subject, known, step.provider)
    yield Step(again, "resize", step.subject, {**known, **size}, step.provider, (stop,))
    if accepted:
        yield Step(last, "accept", step.subject, {**known, **_said(size)}, needs=(again,))
    if not rests:
        for each in act(deploy, made, "start", [base_of(machine)]).steps:
            yield replace(each, needs=needing(each.needs, again)) if each.verb == "start" else each


def as_resized(deploy: Plan, given: Mapping[str, Mapping[str, Value]]) -> Plan:
    """The plan as it would be made now: each machine step of `given` with the size that it was given since."""
    if not given:
        return deploy
    steps = (
        replace(step, inputs={**step.inputs, **given[step.id]}) if step.id in given else step for step in deploy.steps
    )
    return replace(deploy, steps=tuple(steps))


def as_planned(deploy: Plan, plan: Plan) -> Plan:
    """The deploy plan with the sizes that this plan gives."""
    sized = (step for step in plan.steps if step.verb == "resize")
    return as_resized(deploy, {f"{base_of(step.id)}.machine": _said(sizes_of(step)) for step in sized})


def sizes_of(step: Step) -> dict[str, Value]:
    return {name: step.inputs.get(name) for name in SIZES}


_FIELDS: Mapping[str, str] = {"size": "name", "cores": "cores", "memory": "memory", "disk": "disk"}


def _said(size: Mapping[str, Value]) -> dict[str, Value]:
    return {name: value for name, value in size.items() if value not in (None, "")}


def _named(name: str, offer: Offer) -> sizes.Fit:
    for size in offer.sizes:
        if size.name == name:
            return sizes.Fit(size, "as asked")
    named = ", ".join(sorted(size.name for size in offer.sizes if size.name)) or "any, by amounts"
    return sizes.Fit(None, f"has no size {name}; it has: {named}")


def _enough(now: Size, wish: Wish, offer: Offer) -> sizes.Fit:
    wanted = sizes.Need(
        now.cores if wish.cores is None else wish.cores,
        now.memory if wish.memory is None else wish.memory,
        now.disk if wish.disk is None else wish.disk,
        now.architecture,
    )
    return sizes.fit(wanted, offer.sizes, flexible=offer.flexible)


def _more(now: Size, then: Size) -> dict[str, int]:
    """What it takes beside what it has."""
    found = {"cores": then.cores - now.cores, "memory": then.memory - now.memory}
    return {what: amount for what, amount in found.items() if amount > 0}


def _same(now: Size, then: Size) -> bool:
    if then.name is not None:
        return now.name == then.name
    return (now.cores, now.memory, now.disk) == (then.cores, then.memory, then.disk)


def _known(now: Size, offer: Offer) -> Size:
    return next((size for size in offer.sizes if size.name is not None and size.name == now.name), now)


def _price(size: Size, offer: Offer) -> Decimal | None:
    return offer.price if size.price is None else size.price


def _words(size: Size) -> str:
    amounts = f"{size.cores} cores and {readable(size.memory)}"
    return f"{size.name} of {amounts}" if size.name else amounts


def difference(chosen: Iterable[Chosen]) -> Decimal | None:
    """What more it costs an hour, less than nothing where it is cheaper; None where a price is not known."""
    prices: Sequence[tuple[Decimal | None, Decimal | None]] = [(each.before, each.after) for each in chosen]
    known = [after - before for before, after in prices if before is not None and after is not None]
    return sum(known, Decimal(0)) if len(known) == len(prices) else None
