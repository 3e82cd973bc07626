"""The operations of a service as one table: the state it shows meanwhile, and where it then is. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Phase:
    """States of a service. `during` the operation, None: as it was; `ends` when it was done, None: where it shall
    be."""

    during: str | None
    ends: str | None


PHASES: Mapping[str, Phase] = {
    "deploy": Phase("deploying", "active"),
    "start": Phase("starting", "active"),
    "restart": Phase("starting", "active"),
    "stop": Phase("stopping", "stopped"),
    "suspend": Phase("suspending", "suspended"),
    "save": Phase("saving", None),
    "invoke": Phase(None, None),
    "repair": Phase("starting", None),
    "resize": Phase("starting", None),
    "release": Phase("releasing", "released"),
    "remove": Phase(None, None),
}

SETTLED = ("active", "stopped", "suspended")
"""The states a service stays in by itself while it has machines."""

CAN: Mapping[str, tuple[str, ...]] = {
    "pending": ("cancel",),
    "deploying": ("cancel",),
    "active": ("stop", "restart", "suspend", "save", "resize", "invoke", "repair", "release"),
    "stopped": ("start", "save", "resize", "repair", "release"),
    "suspended": ("start", "save", "repair", "release"),
    "failed": ("retry", "release"),
}
"""What may be asked for in each state, as the report says it: `invoke` where the service has methods, `repair`
where something differs. A failure that is no operation's cannot be retried: then `start` is what helps."""
