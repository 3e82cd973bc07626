"""Differences -> the plan that repairs them, or takes things as they are from now on.

Both are made of what the last comparison found: whoever is shown a plan, and whoever carries it out, reads the same.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from broker.reconcile.values import Aspect, Desired, Difference, Wanted
from manifests import Plan, Taken, Wrong, accept, losses, repair
from providers.protocol import Kind, State

TURNS: Mapping[tuple[str, str], str] = {
    (State.ACTIVE, State.STOPPED): "start",
    (State.ACTIVE, State.SUSPENDED): "start",
    (State.STOPPED, State.ACTIVE): "stop",
    (State.STOPPED, State.SUSPENDED): "stop",
    (State.SUSPENDED, State.ACTIVE): "suspend",
}
"""(state wanted, state seen) -> the operation that leads there."""

LASTING = frozenset({State.ACTIVE, State.STOPPED, State.SUSPENDED})
"""States that can be wanted."""

RESTS: Mapping[State, str] = {State.STOPPED: "stop", State.SUSPENDED: "suspend"}


Made: TypeAlias = Mapping[str, Mapping[str, object] | None]


@dataclass(frozen=True, slots=True)
class Righted:
    """`plan` carries it out; `left` are the differences that it does nothing about; `losses` what nobody should do
    without being asked, in words."""

    plan: Plan
    left: tuple[Difference, ...] = ()
    losses: tuple[str, ...] = ()


def planned(how: str, deploy: Plan, made: Made, desired: Desired, found: Sequence[Difference]) -> Righted:
    """What `repair` or `adopt` would do about what was found. KeyError for another word."""
    return WAYS[how](deploy, made, desired, found)


def repaired(deploy: Plan, made: Made, desired: Desired, found: Sequence[Difference]) -> Righted:
    """Everything as it was wanted. A volume that this service only borrowed is left: nobody here knows how to make
    it."""
    wrong = wrong_of(deploy, desired, found)
    left = tuple(each for each in found if not _is_mended(wrong, each))
    return Righted(repair(deploy, made, wrong), left, losses(deploy, made, wrong))


def _is_mended(wrong: Wrong, found: Difference) -> bool:
    """What is made anew differs in nothing."""
    does: Mapping[Aspect, Collection[str]] = {
        Aspect.STATE: wrong.turn.keys(),
        Aspect.SIZE: wrong.resized,
        Aspect.TAGS: wrong.retagged,
    }
    return found.step in wrong.gone or found.step in does.get(found.aspect, ())


def wrong_of(deploy: Plan, desired: Desired, found: Collection[Difference]) -> Wrong:
    """The differences by what is done about them."""
    gone = {each.step for each in found if _is_gone(each) and deploy.step(each.step).verb == "create"}
    turn = {
        each.step: TURNS[each.wanted, each.seen]
        for each in found
        if each.aspect is Aspect.STATE and (each.wanted, each.seen) in TURNS
    }
    resized = {each.step for each in found if each.aspect is Aspect.SIZE}
    retagged = {each.step for each in found if each.aspect is Aspect.TAGS}
    resting = {step: RESTS[each.state] for step, each in desired.things.items() if each.state in RESTS}
    return Wrong(frozenset(gone), turn, frozenset(resized), resting, frozenset(retagged))


def _is_gone(found: Difference) -> bool:
    """What is broken is made anew, too."""
    return found.aspect is Aspect.GONE or (found.aspect is Aspect.STATE and found.seen == State.ERROR)


def adopted(deploy: Plan, made: Made, desired: Desired, found: Sequence[Difference]) -> Righted:
    """States, sizes and tags as they are seen; what is gone is given up. What is broken cannot be wanted."""
    seen: dict[str, dict[str, str | int]] = {}
    for each in found:
        if each.kind is Kind.MACHINE and _is_acceptable(each):
            seen.setdefault(each.step, _wanted(desired.things[each.step])).update(each.facts)
    tags = {each.step: each.facts for each in found if each.aspect is Aspect.TAGS}
    given_up = tuple(each.step for each in found if each.aspect is Aspect.GONE)
    left = tuple(each for each in found if each.step not in {*seen, *tags, *given_up} or _is_broken(each))
    lost = tuple(f"{deploy.step(step).subject} is given up" for step in given_up)
    return Righted(accept(deploy, made, Taken(seen, tags, given_up)), left, lost)


def _is_broken(found: Difference) -> bool:
    return found.aspect is Aspect.STATE and not _is_acceptable(found)


def _wanted(thing: Wanted) -> dict[str, str | int]:
    """As it is wanted before: what is accepted last is all that is known of it."""
    return {"state": thing.state.value, **thing.size}


def _is_acceptable(found: Difference) -> bool:
    return found.aspect is Aspect.SIZE or (found.aspect is Aspect.STATE and found.seen in LASTING)


WAYS: Mapping[str, Callable[[Plan, Made, Desired, Sequence[Difference]], Righted]] = {
    "repair": repaired,
    "adopt": adopted,
}
