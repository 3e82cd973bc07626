"""The states of libvirt's machines, what is told to a machine in which, and what a stop comes to: tables. Pure.

States and reasons: libvirt's libvirt-domain.h (virDomainState, virDomainPausedReason).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

import libvirt

from providers.protocol import Action, State

STATES: Mapping[int, State] = {
    libvirt.VIR_DOMAIN_RUNNING: State.ACTIVE,
    libvirt.VIR_DOMAIN_BLOCKED: State.ACTIVE,
    libvirt.VIR_DOMAIN_PAUSED: State.PENDING,
    libvirt.VIR_DOMAIN_SHUTDOWN: State.PENDING,
    libvirt.VIR_DOMAIN_SHUTOFF: State.STOPPED,
    libvirt.VIR_DOMAIN_CRASHED: State.ERROR,
    libvirt.VIR_DOMAIN_PMSUSPENDED: State.SUSPENDED,
}
PAUSED: Mapping[int, State] = {
    libvirt.VIR_DOMAIN_PAUSED_USER: State.SUSPENDED,
    libvirt.VIR_DOMAIN_PAUSED_IOERROR: State.ERROR,
    libvirt.VIR_DOMAIN_PAUSED_CRASHED: State.ERROR,
    libvirt.VIR_DOMAIN_PAUSED_WATCHDOG: State.ERROR,
}
"""Why it is paused; for the other reasons libvirt itself is at it."""


class Told(Enum):
    """What a machine is told."""

    NOTHING = "nothing"
    START = "start"
    RESUME = "resume"
    SUSPEND = "suspend"
    SHUT_DOWN = "shut down"


TOLD: Mapping[Action, Mapping[State, Told]] = {
    Action.START: {State.ACTIVE: Told.NOTHING, State.STOPPED: Told.START, State.SUSPENDED: Told.RESUME},
    Action.STOP: {State.ACTIVE: Told.SHUT_DOWN, State.STOPPED: Told.NOTHING},
    Action.RESTART: {State.ACTIVE: Told.SHUT_DOWN},
    Action.SUSPEND: {State.ACTIVE: Told.SUSPEND, State.SUSPENDED: Told.NOTHING},
    Action.RESUME: {State.SUSPENDED: Told.RESUME, State.ACTIVE: Told.NOTHING},
}
"""What is asked -> the state it is in -> what it is told; what is not here is a Conflict."""


@dataclass(frozen=True, slots=True)
class Asked:
    """That a machine was told to shut down, for a stop or a restart, and when: seconds since the epoch."""

    action: Action
    at: float


class Next(Enum):
    """What is to be done about a machine that was told to shut down."""

    NOTHING = "nothing"
    WAIT = "wait"
    SWITCH_OFF = "switch off"
    SWITCH_ON = "switch on"


def state(found: Sequence[int]) -> State:
    """Of virDomainGetState's (state, reason)."""
    if found[0] == libvirt.VIR_DOMAIN_PAUSED:
        return PAUSED.get(found[1], State.PENDING)
    return STATES.get(found[0], State.PENDING)


def is_off(found: Sequence[int]) -> bool:
    return found[0] in {libvirt.VIR_DOMAIN_SHUTOFF, libvirt.VIR_DOMAIN_CRASHED}


def next_step(asked: Asked | None, found: Sequence[int], now: float, grace: float) -> Next:
    """A guest may ignore that it is to shut down, and one without a system does: after its grace it is switched off.
    Who looks at it next does so, so that nobody need wait or remember."""
    if asked is None:
        return Next.NOTHING
    if is_off(found):
        return Next.SWITCH_ON if asked.action is Action.RESTART else Next.NOTHING
    return Next.WAIT if now - asked.at < grace else Next.SWITCH_OFF
