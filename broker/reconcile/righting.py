"""Differences -> the plan that repairs them, or takes things as they are from now on.

Both are made of what the last comparison found: whoever is shown a plan, and whoever carries it out, reads the same.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from broker.reconcile.values import Aspect, Desired, Difference
from manifests import Plan, Wrong, accept, losses, repair
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
    """Everything as it was wanted. Tags are left: no provider changes them. So is a volume that this service only
    borrowed: nobody here knows how to make it."""
    wrong = wrong_of(deploy, desired, found)
    mended = wrong.gone | wrong.turn.keys() | wrong.resized
    left = tuple(each for each in found if each.step not in mended or each.aspect is Aspect.TAGS)
    return Righted(repair(deploy, made, wrong), left, losses(deploy, made, wrong))


def wrong_of(deploy: Plan, desired: Desired, found: Collection[Difference]) -> Wrong:
    """The differences by what is done about them."""
    gone = {each.step for each in found if _is_gone(each) and deploy.step(each.step).verb == "create"}
    turn = {
        each.step: TURNS[each.wanted, each.seen]
        for each in found
        if each.aspect is Aspect.STATE and (each.wanted, each.seen) in TURNS
    }
    resized = {each.step for each in found if each.aspect is Aspect.SIZE}
    resting = {step: RESTS[each.state] for step, each in desired.things.items() if each.state in RESTS}
    return Wrong(frozenset(gone), turn, frozenset(resized), resting)


def _is_gone(found: Difference) -> bool:
    """What is broken is made anew, too."""
    return found.aspect is Aspect.GONE or (found.aspect is Aspect.STATE and found.seen == State.ERROR)


def adopted(deploy: Plan, made: Made, desired: Desired, found: Sequence[Difference]) -> Righted:
    """States and sizes as they are seen; what is gone is given up. What is broken cannot be wanted."""
    seen: dict[str, dict[str, str | int]] = {}
    for each in found:
        if each.kind is Kind.MACHINE and _is_acceptable(each):
            seen.setdefault(each.step, {"state": desired.things[each.step].state.value}).update(each.facts)
    given_up = [each.step for each in found if each.aspect is Aspect.GONE]
    left = tuple(each for each in found if each.step not in {*seen, *given_up} or each.aspect is Aspect.TAGS)
    lost = tuple(f"{deploy.step(step).subject} is given up" for step in given_up)
    return Righted(accept(deploy, made, seen, given_up), left, lost)


def _is_acceptable(found: Difference) -> bool:
    return found.aspect is Aspect.SIZE or (found.aspect is Aspect.STATE and found.seen in LASTING)


WAYS: Mapping[str, Callable[[Plan, Made, Desired, Sequence[Difference]], Righted]] = {
    "repair": repaired,
    "adopt": adopted,
}
