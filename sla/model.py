"""What is judged, and the judgement. Values only; `sla.evaluate` decides, `sla.probes` measures."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class VerdictState(StrEnum):
    """A missing measurement is its own state: not good, not bad."""

    MET = "met"
    VIOLATED = "violated"
    UNKNOWN = "unknown"


class Comparison(StrEnum):
    """The historic operators (cords.md 4.3). They state the desired condition."""

    EQ = "eq"
    NE = "ne"
    GR = "gr"
    LS = "ls"
    LE = "le"
    GE = "ge"


@dataclass(frozen=True, slots=True)
class Objective:
    """The desired condition: a measured value `comparison` `value`."""

    comparison: Comparison
    value: float


@dataclass(frozen=True, slots=True)
class Business:
    """`nature` is reward, penalty or both."""

    name: str
    nature: str
    expression: str


@dataclass(frozen=True, slots=True)
class Watch:
    """What is measured of one node, `target`, every `period` seconds and told once there are `samples`. `location` is
    where in the node, for metrics that need it (a path, a port). `address` is that of a node which nobody here made,
    `expression` what is run for a metric of the site's own."""

    metric: str
    target: str
    period: int = 60
    samples: int = 1
    location: str | None = None
    address: str | None = None
    expression: str = ""


@dataclass(frozen=True, slots=True)
class Guarantee:
    """`target` is the node; `period` and `window` in seconds: the newest sample inside the window is judged, a window
    without one is unknown. The other fields of what is measured are those of a Watch."""

    name: str
    metric: str
    objective: Objective
    target: str
    period: int = 60
    window: int = 120
    samples: int = 1
    location: str | None = None
    address: str | None = None
    expression: str = ""
    obligated: str | None = None
    importance: str | None = None
    business: tuple[Business, ...] = ()

    @property
    def watch(self) -> Watch:
        """What has to be measured to judge it."""
        return Watch(self.metric, self.target, self.period, self.samples, self.location, self.address, self.expression)


@dataclass(frozen=True, slots=True)
class Agreement:
    """What is judged of an agreement between `parties` about a service."""

    name: str
    parties: tuple[str, ...]
    service: str
    guarantees: tuple[Guarantee, ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """One measurement: `at` is UTC microseconds, `value` in the metric's unit."""

    metric: str
    target: str
    value: float
    at: int
    location: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """`evidence` are the samples it rests on, `reason` a sentence with the numbers."""

    guarantee: str
    target: str
    state: VerdictState
    at: int
    reason: str
    evidence: tuple[Sample, ...] = ()
