"""What start, stop, restart, suspend and resume mean for a machine, as a table. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from providers.protocol import Action, State


@dataclass(frozen=True, slots=True)
class Change:
    """`ends` is the state waited for; `by` the call that leads there from each state. A state that is neither `ends`
    nor in `by` forbids the change."""

    ends: State
    by: Mapping[State, Action]


CHANGES: Mapping[str, Change] = {
    "start": Change(State.ACTIVE, {State.STOPPED: Action.START, State.SUSPENDED: Action.RESUME}),
    "resume": Change(State.ACTIVE, {State.STOPPED: Action.START, State.SUSPENDED: Action.RESUME}),
    "stop": Change(State.STOPPED, {State.ACTIVE: Action.STOP, State.SUSPENDED: Action.STOP}),
    "suspend": Change(State.SUSPENDED, {State.ACTIVE: Action.SUSPEND}),
    "restart": Change(
        State.ACTIVE, {State.ACTIVE: Action.RESTART, State.STOPPED: Action.START, State.SUSPENDED: Action.RESUME}
    ),
}
