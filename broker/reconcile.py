"""What is against what should be: a pure comparison with the time as an argument. The worker observes and reports.

Repairing is not here yet: a difference is reported, with what can be done, and the user decides.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from providers.protocol import Kind, Resource, State

INSTALLATION = "accords-installation"
ACCOUNT = "accords-account"
SERVICE = "accords-service"
DIFFERS = "service.differs"
"""The code of a service's error that comes from here and not from an operation."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A machine as it should be: where, its provider's id for it, and the state it was last brought to."""

    provider: str
    id: str
    state: State


@dataclass(frozen=True, slots=True)
class Desired:
    """A service as it should be. `machines` by the step that made each; `changed` is when anything about the service
    last changed (UTC microseconds)."""

    service: str
    state: str
    machines: Mapping[str, Wanted]
    changed: int


@dataclass(frozen=True, slots=True)
class Observed:
    """One provider's answer: what it has of this installation, by kind and id, and when it was asked (UTC
    microseconds)."""

    provider: str
    at: int
    resources: Mapping[tuple[Kind, str], Resource]


@dataclass(frozen=True, slots=True)
class Difference:
    """A machine that is not as it should be. `seen` None: the provider does not have it."""

    step: str
    wanted: State
    seen: State | None

    @property
    def node(self) -> str:
        return self.step.removesuffix(".machine")

    def __str__(self) -> str:
        return f"{self.node} is {self.seen.value if self.seen else 'gone'} and should be {self.wanted.value}"


@dataclass(frozen=True, slots=True)
class Report:
    """The state a service is really in, and what differs from how it should be."""

    service: str
    state: str
    differences: tuple[Difference, ...] = ()

    @property
    def error(self) -> dict[str, object] | None:
        """What people read; None when nothing differs."""
        if not self.differences:
            return None
        return {
            "code": DIFFERS,
            "message": "; ".join(map(str, self.differences)),
            "hint": "start the service to bring stopped nodes back, or release it",
            "seen": {each.node: each.seen.value if each.seen else "gone" for each in self.differences},
            "can": ["start", "release"],
        }


NAMES: Mapping[State | None, str] = {
    State.ACTIVE: "active",
    State.STOPPED: "stopped",
    State.SUSPENDED: "suspended",
}


def reconcile(desired: Desired, observed: Mapping[str, Observed], now: int, *, settle: int = 0) -> Report | None:
    """How a service really is. None when that cannot be said: a machine is changing, the service was changed less than
    `settle` microseconds before `now`, or not all its providers answered since."""
    asked = [observed.get(each.provider) for each in desired.machines.values()]
    if now - desired.changed < settle or any(_late(each, desired) for each in asked):
        return None
    seen = {step: _state(observed[each.provider], each.id) for step, each in desired.machines.items()}
    if State.PENDING in seen.values():
        return None
    wanted = {step: each.state for step, each in desired.machines.items()}
    differences = tuple(
        Difference(step, wanted[step], seen[step]) for step in sorted(seen) if seen[step] != wanted[step]
    )
    return Report(desired.service, _name(set(seen.values())) if differences else desired.state, differences)


def _late(answer: Observed | None, desired: Desired) -> bool:
    return answer is None or answer.at <= desired.changed


def _state(answer: Observed, identifier: str) -> State | None:
    found = answer.resources.get((Kind.MACHINE, identifier))
    return found.state if found else None


def _name(states: Collection[State | None]) -> str:
    """The service's state when all its machines agree; failed when they do not, or one is broken or gone."""
    return NAMES.get(next(iter(states)), "failed") if len(states) == 1 else "failed"


# What holds something comes before what it holds: given back in this order nothing is refused.
ORDER = (
    Kind.ADDRESS,
    Kind.APPLICATION,
    Kind.MACHINE,
    Kind.SNAPSHOT,
    Kind.VOLUME,
    Kind.FIREWALL,
    Kind.KEY,
    Kind.NETWORK,
)


def orphans(observed: Observed, ended: Collection[str], kept: Collection[str]) -> Sequence[Resource]:
    """What services that have ended left at a provider: a call whose answer nobody waited for may be carried out after
    the release looked for it. `ended` are services released before the observation; `kept` the provider's ids of
    retained volumes and saved images."""
    left = [found for found in observed.resources.values() if found.tags.get(SERVICE) in ended and found.id not in kept]
    return sorted(left, key=lambda found: (ORDER.index(found.kind), found.id))
