"""What Azure's states mean here: tables."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from providers.protocol import State

PROVISIONING: Mapping[str, State] = {
    "Succeeded": State.ACTIVE,
    "Failed": State.ERROR,
    "Canceled": State.ERROR,
}
"""provisioningState; what is not here is on its way: Creating, Updating, Deleting, Migrating."""

POWER: Mapping[str, State] = {
    "running": State.ACTIVE,
    "stopped": State.STOPPED,
    "deallocated": State.STOPPED,
}
"""PowerState of a machine; what is not here is on its way: starting, stopping, deallocating."""

DELETING = "Deleting"


def word(value: object) -> str:
    """What Azure said, where the libraries have a text, an enumeration of texts, or nothing."""
    return str(value.value if isinstance(value, Enum) else value or "")


def settled(provisioning: object) -> State:
    """Of what is there or not."""
    return PROVISIONING.get(word(provisioning), State.PENDING)


def of_machine(provisioning: str, power: str) -> State:
    """A change that failed leaves a machine that runs running; one that does not come up is in error."""
    state = settled(provisioning)
    if state is State.ERROR and power == "running":
        return State.ACTIVE
    return POWER.get(power, State.PENDING) if state is State.ACTIVE else state
