"""What a driver promises, call by call. It says no more than its Protocol's docstrings."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol, runtime_checkable

from providers.protocol.answers import OfferedSize, Offering, Outcome, Problem, Resource
from providers.protocol.specs import Instruction, Spec
from providers.protocol.words import EVERY, Action, Kind


@runtime_checkable
class Provider(Protocol):
    """A cloud, or one account at one. Instances are safe to call from many threads.

    `lists`: a list answers for many looks at less than they cost, as at clouds over a network; whoever waits for many
    things then asks for one list and not for each. `immediate`: the kinds of which nothing is left when `delete`
    returns, so that nobody has to look."""

    name: str
    driver: str
    lists: bool
    immediate: frozenset[Kind]

    def check(self, *, deadline: float) -> Sequence[Problem]:
        """Everything that keeps this provider from working; empty when it works."""
        ...

    def offers(self, *, deadline: float) -> Sequence[Offering]:
        """One offering a zone."""
        ...

    def create(self, spec: Spec, *, token: str, tags: Mapping[str, str], deadline: float) -> Resource:
        """Make one thing. The same token twice gives the same thing once, also at the same time from two threads. May
        answer PENDING. `tags` are kept with the thing and come back from `list`."""
        ...

    def find(self, kind: Kind, token: str, *, deadline: float) -> Resource | None:
        """The thing this token made, if it is there: how a walk learns what a lost answer did. None when nothing of it
        is left: nobody gives back what is not found."""
        ...

    def observe(self, kind: Kind, id: str, *, deadline: float) -> Resource:
        """As it is now; NotFound when it is gone."""
        ...

    def act(self, kind: Kind, id: str, action: Action, *, deadline: float) -> Resource:
        """Ask for a change of state. May answer PENDING, and so do looks until the change has ended; Conflict when
        something else is asked meanwhile. A state that was seen after that lasts: nothing asked for before changes it.
        Asking for the state it is in already is fine. NotFound when it is gone; Conflict when the state forbids it."""
        ...

    def resize(self, id: str, size: OfferedSize, *, deadline: float) -> Resource:
        """Ask for another size of a machine, one of the offering's or, where it is flexible, any up to it. May answer
        PENDING, and so do looks until it has that size; the size it has already is fine. Conflict where it must be
        stopped first. Refused without Ability.RESIZE."""
        ...

    def retag(self, kind: Kind, id: str, tags: Mapping[str, str], *, deadline: float) -> Resource:
        """Put these tags on what is there, in place of what it has under the same names; others stay. Those it has
        already are fine. `accords-token` among them is the token that it is found by. NotFound when it is gone; Refused
        where a cloud cannot change the tags of what is made."""
        ...

    def delete(self, kind: Kind, id: str, *, deadline: float) -> None:
        """Give it back. Deleting what is gone is fine. Conflict while something else still uses it."""
        ...

    def list(self, tags: Mapping[str, str], *, kinds: Collection[Kind] = EVERY, deadline: float) -> Sequence[Resource]:
        """Everything of these kinds that carries all these tags. An empty answer has been checked: a cloud that would
        answer so to whoever may not look raises Auth or Unavailable instead."""
        ...

    def console(self, id: str, *, deadline: float) -> str:
        """The machine's console log, its end if it is long."""
        ...

    def instruct(self, id: str, instruction: Instruction, *, token: str, deadline: float) -> Outcome | None:
        """Carry one instruction to a machine whose offering says delivery `direct`, and say how it ended; None while it
        runs (ask again with the same token). The same token is carried out once. Refused where delivery is not so."""
        ...

    def close(self) -> None:
        """Let go of connections and threads; what was made stays."""
        ...
