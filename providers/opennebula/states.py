"""The states of OpenNebula's machines, images and networks, and what is told to a machine in which: tables.

Reference 7.x: "Virtual Machine States" (STATE and LCM_STATE), "Image states", "Virtual Network states".
"""

from __future__ import annotations

from collections.abc import Mapping

from providers.protocol import Action, State

PENDING, HOLD, ACTIVE, STOPPED, SUSPENDED, DONE, POWEROFF, UNDEPLOYED, CLONING, CLONING_FAILURE = (
    1, 2, 3, 4, 5, 6, 8, 9, 10, 11,
)  # fmt: skip
RUNNING, EPILOG, SHUTDOWN, CLEANUP_DELETE = 3, 11, 12, 23

RESTING: Mapping[int, State] = {
    STOPPED: State.STOPPED,
    SUSPENDED: State.SUSPENDED,
    POWEROFF: State.STOPPED,
    UNDEPLOYED: State.STOPPED,
    HOLD: State.ERROR,  # allocated, and not released: half made
    CLONING_FAILURE: State.ERROR,
}
"""STATE of a machine that does nothing. The others (INIT, PENDING, CLONING) are on their way."""
FAILED = frozenset({36, 37, 38, 39, 40, 41, 42, 44, 46, 47, 48, 49, 50, 61})
"""LCM_STATE that ends in FAILURE, of a machine that is ACTIVE to OpenNebula."""
ENDING = frozenset({EPILOG, SHUTDOWN, CLEANUP_DELETE})
"""LCM_STATE of a machine that was terminated."""

TOLD: Mapping[Action, Mapping[State, str | None]] = {
    Action.START: {State.ACTIVE: None, State.STOPPED: "resume", State.SUSPENDED: "resume"},
    Action.STOP: {State.ACTIVE: "poweroff", State.STOPPED: None},
    Action.RESTART: {State.ACTIVE: "reboot"},
    Action.SUSPEND: {State.ACTIVE: "suspend", State.SUSPENDED: None},
    Action.RESUME: {State.SUSPENDED: "resume", State.ACTIVE: None},
}
"""What one.vm.action is told; None where it is so already; what is not here is a Conflict."""

IMAGES: Mapping[int, State] = {
    1: State.ACTIVE,
    2: State.ACTIVE,
    3: State.STOPPED,  # disabled
    5: State.ERROR,
    8: State.ACTIVE,
}
"""STATE of an image: READY, USED, DISABLED, ERROR, USED_PERS; the others are on their way."""
NETWORKS: Mapping[int, State] = {1: State.ACTIVE, 5: State.ERROR, 6: State.ERROR}
"""STATE of a network: READY, ERROR, UPDATE_FAILURE; the others are on their way."""


def machine_state(state: int, lcm: int) -> State:
    """A machine that is attaching, resizing, saving (HOTPLUG_*), starting or ending is PENDING."""
    if state != ACTIVE:
        return RESTING.get(state, State.PENDING)
    if lcm in FAILED:
        return State.ERROR
    return State.ACTIVE if lcm == RUNNING else State.PENDING
