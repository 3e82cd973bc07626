"""The states of machines and images, and what may be asked in which: tables, from the reference 7.x ("VM states").

What a machine does takes `path`s: the LCM states it passes, one step of the pace each, and the state it ends in. An
action without a row for the state a machine is in is refused, as everything is while it is in a HOTPLUG state.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum


class State(IntEnum):
    """STATE of a machine."""

    INIT = 0
    PENDING = 1
    HOLD = 2
    ACTIVE = 3
    STOPPED = 4
    SUSPENDED = 5
    DONE = 6
    POWEROFF = 8
    UNDEPLOYED = 9
    CLONING = 10


class Lcm(IntEnum):
    """LCM_STATE, of a machine that is ACTIVE."""

    LCM_INIT = 0
    PROLOG = 1
    BOOT = 2
    RUNNING = 3
    SAVE_STOP = 5
    SAVE_SUSPEND = 6
    EPILOG_STOP = 10
    EPILOG = 11
    SHUTDOWN = 12
    CLEANUP_RESUBMIT = 15
    UNKNOWN = 16
    HOTPLUG = 17
    SHUTDOWN_POWEROFF = 18
    BOOT_UNKNOWN = 19
    BOOT_POWEROFF = 20
    BOOT_SUSPENDED = 21
    CLEANUP_DELETE = 23
    HOTPLUG_SNAPSHOT = 24
    HOTPLUG_NIC = 25
    HOTPLUG_SAVEAS = 26
    HOTPLUG_SAVEAS_POWEROFF = 27
    HOTPLUG_SAVEAS_SUSPENDED = 28
    SHUTDOWN_UNDEPLOY = 29
    EPILOG_UNDEPLOY = 30
    HOTPLUG_PROLOG_POWEROFF = 33
    HOTPLUG_EPILOG_POWEROFF = 34
    BOOT_FAILURE = 36
    HOTPLUG_NIC_POWEROFF = 66
    HOTPLUG_RESIZE = 67


class ImageState(IntEnum):
    READY = 1
    USED = 2
    LOCKED = 4
    ERROR = 5
    USED_PERS = 8


class ImageType(IntEnum):
    OS = 0
    CDROM = 1
    DATABLOCK = 2


class NetworkState(IntEnum):
    INIT = 0
    READY = 1
    LOCK_CREATE = 2
    LOCK_DELETE = 3
    DONE = 4
    ERROR = 5


@dataclass(frozen=True, slots=True)
class Place:
    """Where a machine is: its state, and where it matters the LCM's."""

    state: State
    lcm: Lcm = Lcm.LCM_INIT

    @property
    def word(self) -> str:
        """As messages name it: the LCM state of what is ACTIVE."""
        return self.lcm.name if self.state is State.ACTIVE else self.state.name


Path = tuple[Place, ...]


def active(*lcm: Lcm) -> Path:
    return tuple(Place(State.ACTIVE, each) for each in lcm)


RUNNING = Place(State.ACTIVE, Lcm.RUNNING)
UNKNOWN = Place(State.ACTIVE, Lcm.UNKNOWN)
FAILED = Place(State.ACTIVE, Lcm.BOOT_FAILURE)
PENDING = Place(State.PENDING)
HOLD = Place(State.HOLD)
STOPPED = Place(State.STOPPED)
SUSPENDED = Place(State.SUSPENDED)
POWEROFF = Place(State.POWEROFF)
UNDEPLOYED = Place(State.UNDEPLOYED)
CLONING = Place(State.CLONING)
DONE = Place(State.DONE)

DEPLOY: Path = active(Lcm.PROLOG, Lcm.BOOT, Lcm.RUNNING)
FAIL: Path = active(Lcm.PROLOG, Lcm.BOOT, Lcm.BOOT_FAILURE)
_END: Path = (*active(Lcm.SHUTDOWN, Lcm.EPILOG), DONE)
_OFF: Path = (*active(Lcm.SHUTDOWN_POWEROFF), POWEROFF)
_UNDEPLOY: Path = (*active(Lcm.SHUTDOWN_UNDEPLOY, Lcm.EPILOG_UNDEPLOY), UNDEPLOYED)
DELETE: Path = (*active(Lcm.CLEANUP_DELETE), DONE)
RESUBMIT: Path = (*active(Lcm.CLEANUP_RESUBMIT), PENDING)
_FREED: dict[Place, Path] = dict.fromkeys((PENDING, HOLD, CLONING, DONE), (DONE,))
_ENDED: dict[Place, Path] = {place: (*active(Lcm.EPILOG), DONE) for place in (POWEROFF, SUSPENDED, STOPPED, UNDEPLOYED)}
_GONE: dict[Place, Path] = {RUNNING: _END, UNKNOWN: _END, FAILED: DELETE, **_ENDED, **_FREED}

ACTIONS: Mapping[str, Mapping[Place, Path]] = {
    "terminate": _GONE,
    "terminate-hard": {**_GONE, Place(State.ACTIVE, Lcm.SHUTDOWN): _END},
    "poweroff": {RUNNING: _OFF, UNKNOWN: _OFF},
    "poweroff-hard": {RUNNING: _OFF, UNKNOWN: _OFF},
    "undeploy": {RUNNING: _UNDEPLOY, POWEROFF: (*active(Lcm.EPILOG_UNDEPLOY), UNDEPLOYED)},
    "undeploy-hard": {RUNNING: _UNDEPLOY, POWEROFF: (*active(Lcm.EPILOG_UNDEPLOY), UNDEPLOYED)},
    "suspend": {RUNNING: (*active(Lcm.SAVE_SUSPEND), SUSPENDED)},
    "stop": {
        RUNNING: (*active(Lcm.SAVE_STOP, Lcm.EPILOG_STOP), STOPPED),
        SUSPENDED: (*active(Lcm.EPILOG_STOP), STOPPED),
    },
    "resume": {
        POWEROFF: active(Lcm.BOOT_POWEROFF, Lcm.RUNNING),
        SUSPENDED: active(Lcm.BOOT_SUSPENDED, Lcm.RUNNING),
        UNKNOWN: active(Lcm.BOOT_UNKNOWN, Lcm.RUNNING),
        STOPPED: (PENDING,),
        UNDEPLOYED: (PENDING,),
    },
    "reboot": {RUNNING: (RUNNING,)},
    "reboot-hard": {RUNNING: (RUNNING,)},
    "hold": {PENDING: (HOLD,)},
    "release": {HOLD: (PENDING,)},
    "resched": {RUNNING: (RUNNING,), UNKNOWN: (UNKNOWN,)},
    "unresched": {RUNNING: (RUNNING,), UNKNOWN: (UNKNOWN,)},
}
"""one.vm.action: action -> where the machine is -> what it passes. A machine that is being made (PROLOG, BOOT) can only
be ended by one.vm.recover."""

CHANGES: Mapping[str, Mapping[Place, Path]] = {
    "disk": {
        RUNNING: (*active(Lcm.HOTPLUG), RUNNING),
        POWEROFF: (*active(Lcm.HOTPLUG_PROLOG_POWEROFF), POWEROFF),
    },
    "nic": {
        RUNNING: (*active(Lcm.HOTPLUG_NIC), RUNNING),
        POWEROFF: (*active(Lcm.HOTPLUG_NIC_POWEROFF), POWEROFF),
    },
    "saveas": {
        RUNNING: (*active(Lcm.HOTPLUG_SAVEAS), RUNNING),
        POWEROFF: (*active(Lcm.HOTPLUG_SAVEAS_POWEROFF), POWEROFF),
        SUSPENDED: (*active(Lcm.HOTPLUG_SAVEAS_SUSPENDED), SUSPENDED),
    },
    "snapshot": {RUNNING: (*active(Lcm.HOTPLUG_SNAPSHOT), RUNNING)},
    "resize": {place: (place,) for place in (PENDING, HOLD, POWEROFF, UNDEPLOYED)},
    "live-resize": {RUNNING: (*active(Lcm.HOTPLUG_RESIZE), RUNNING)},
    "updateconf": {place: (place,) for place in (PENDING, HOLD, POWEROFF, UNDEPLOYED, RUNNING)},
}
"""What the other methods of one.vm do, by the same rule."""
