"""Desired and observed -> the differences, and the state that the service is really in."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TypeAlias

from broker.reconcile.values import Aspect, Desired, Difference, Observed, Report, Wanted
from providers.protocol import Kind, Resource, State

Facts: TypeAlias = Mapping[str, str | int]

NAMES: Mapping[str, str] = {
    State.ACTIVE: "active",
    State.STOPPED: "stopped",
    State.SUSPENDED: "suspended",
}


def reconcile(desired: Desired, observed: Mapping[str, Observed], now: int, *, settle: int = 0) -> Report | None:
    """How a service really is. None when that cannot be said: a machine is changing, the service was changed less than
    `settle` microseconds before `now`, or not all its providers answered since."""
    asked = [observed.get(each.provider) for each in desired.things.values()]
    if now - desired.changed < settle or any(_late(each, desired) for each in asked):
        return None
    seen = {step: _seen(observed[each.provider], each) for step, each in desired.things.items()}
    machines = {step: seen[step] for step, each in desired.things.items() if each.kind is Kind.MACHINE}
    if any(each is not None and each.state is State.PENDING for each in machines.values()):
        return None
    found = tuple(each for step in sorted(seen) for each in _differences(step, desired.things[step], seen[step]))
    return Report(desired.service, _state(desired, found, machines), found)


def _late(answer: Observed | None, desired: Desired) -> bool:
    return answer is None or answer.at <= desired.changed


def _seen(answer: Observed, wanted: Wanted) -> Resource | None:
    return answer.resources.get((wanted.kind, wanted.id))


def _differences(step: str, wanted: Wanted, seen: Resource | None) -> Iterator[Difference]:
    """What is gone has no more to differ in."""
    of = (step, wanted.provider, wanted.kind, wanted.id)
    if seen is None:
        yield Difference(*of, Aspect.GONE, wanted.state.value, "gone")
        return
    for aspect, should, found in _compared(wanted, seen):
        other = {name for name in should if found.get(name, "") != should[name]}
        if other:
            there = {name: found.get(name, "") for name in should}
            yield Difference(*of, aspect, _words(aspect, should, other), _words(aspect, there, other), there)


def _compared(wanted: Wanted, seen: Resource) -> Iterator[tuple[Aspect, Facts, Facts]]:
    """What can differ, as it should be and as it is. A fact that its provider no longer tells says nothing."""
    if wanted.kind is Kind.MACHINE or seen.state is State.ERROR:
        yield Aspect.STATE, {"state": wanted.state.value}, {"state": seen.state.value}
    yield Aspect.SIZE, {name: value for name, value in wanted.size.items() if name in seen.facts}, seen.facts
    yield Aspect.TAGS, wanted.tags, seen.tags


def _words(aspect: Aspect, facts: Facts, other: Collection[str]) -> str:
    if aspect is Aspect.STATE:
        return str(facts["state"])
    return " ".join(f"{name}={facts[name]}" for name in sorted(other))


def _state(desired: Desired, found: Collection[Difference], machines: Mapping[str, Resource | None]) -> str:
    """What all machines agree on, if that is what differs; failed when they do not, or one is broken, or something is
    gone."""
    grave = [each for each in found if each.grave]
    if not grave:
        return desired.state
    states = {each.state for each in machines.values() if each is not None}
    agree = len(states) == 1 and all(each.aspect is Aspect.STATE and each.kind is Kind.MACHINE for each in grave)
    return NAMES.get(next(iter(states)), "failed") if agree else "failed"
