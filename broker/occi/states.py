"""One table for the three vocabularies of state: what CORDS, OCCI and the command line say for each of ours.

CORDS counts 0 idle, 1 active, 2 suspended, 4 invalid, 8 working (cords.md 2.4). OCCI's words are those of
GFD.224; it has none for "on its way", which is rendered as inactive until it has arrived (ASY-01).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum


class Cords(IntEnum):
    """The integers of CORDS' `state` attributes (cords.md 2.4)."""

    IDLE = 0
    ACTIVE = 1
    SUSPENDED = 2
    INVALID = 4
    WORKING = 8


@dataclass(frozen=True, slots=True)
class Words:
    """`cords`: the integer of `occi.service.state` and its like; `occi`: the word of `occi.compute.state`; `shown`:
    the word on the command line."""

    cords: Cords
    occi: str
    shown: str


_IDLE, _ACTIVE, _SUSPENDED, _INVALID, _WORKING = Cords

STATES: Mapping[str, Mapping[str, Words]] = {
    "service": {
        "pending": Words(_IDLE, "inactive", "pending"),
        "deploying": Words(_WORKING, "inactive", "deploying"),
        "active": Words(_ACTIVE, "active", "active"),
        "failed": Words(_INVALID, "error", "failed"),
        "stopping": Words(_WORKING, "active", "stopping"),
        "stopped": Words(_IDLE, "inactive", "stopped"),
        "starting": Words(_WORKING, "inactive", "starting"),
        "suspending": Words(_WORKING, "active", "suspending"),
        "suspended": Words(_SUSPENDED, "suspended", "suspended"),
        "saving": Words(_WORKING, "active", "saving"),
        "releasing": Words(_WORKING, "inactive", "releasing"),
        "released": Words(_IDLE, "inactive", "released"),
    },
    "contract": {
        "idle": Words(_IDLE, "inactive", "stopped"),
        "active": Words(_ACTIVE, "active", "running"),
        "suspended": Words(_SUSPENDED, "suspended", "suspended"),
        "invalid": Words(_INVALID, "error", "failed"),
        "working": Words(_WORKING, "inactive", "working"),
    },
    # what a provider observes (providers.State)
    "machine": {
        "pending": Words(_WORKING, "inactive", "starting"),
        "active": Words(_ACTIVE, "active", "running"),
        "stopped": Words(_IDLE, "inactive", "stopped"),
        "suspended": Words(_SUSPENDED, "suspended", "suspended"),
        "error": Words(_INVALID, "error", "failed"),
    },
}


def shown(subject: str, state: str) -> str:
    """The word on the command line. A state that is not in the table (a node that is planned, or gone) is its own."""
    found = STATES[subject].get(state)
    return found.shown if found else state


def words(subject: str, state: str) -> Words:
    """The words for a state of a `service`, `contract` or `machine`; KeyError for a state the table does not have."""
    return STATES[subject][state]


def attribute(kind: str) -> str:
    """The attribute that holds the state of entities of a kind: `occi.compute.state`, and below our own name where the
    kind is ours."""
    scheme, _, term = kind.rpartition("#")
    return f"{'org.accords' if scheme.endswith('/accords') else 'occi'}.{term}.state"
