"""What is compared, and what comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from providers.protocol import Kind, Resource, State

INSTALLATION = "accords-installation"
ACCOUNT = "accords-account"
SERVICE = "accords-service"
DIFFERS = "service.differs"
"""The code of a service's error that comes from here and not from an operation."""


class Aspect(StrEnum):
    """In what a thing differs. STRAY: it is there, and the store does not know it."""

    GONE = "gone"
    STATE = "state"
    SIZE = "size"
    TAGS = "tags"
    STRAY = "stray"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A thing as it should be: where, its provider's id for it, the state it was last brought to (machines), the facts
    of its size and the tags it was made with (empty: not compared)."""

    provider: str
    kind: Kind
    id: str
    state: State = State.ACTIVE
    size: Mapping[str, str | int] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Desired:
    """A service as it should be. `things` by the step that made each; `changed` is when anything about the service
    last changed (UTC microseconds)."""

    service: str
    state: str
    things: Mapping[str, Wanted]
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
    """A thing that is not as it should be: `wanted` and `seen` in words; what is gone is seen as `gone`. `facts` are
    those seen, of a state or a size."""

    step: str
    provider: str
    kind: Kind
    id: str
    aspect: Aspect
    wanted: str
    seen: str
    facts: Mapping[str, str | int] = field(default_factory=dict)

    @property
    def thing(self) -> str:
        """A machine is called by its node."""
        return self.step.removesuffix(".machine")

    @property
    def grave(self) -> bool:
        """Whether the service is not in the state it should be in because of this. A machine runs without the key it
        was made with."""
        return self.aspect in (Aspect.GONE, Aspect.STATE) and self.kind is not Kind.KEY

    def __str__(self) -> str:
        return f"{self.thing} is {self.seen} and should be {self.wanted}"


@dataclass(frozen=True, slots=True)
class Report:
    """The state a service is really in, and what differs from how it should be."""

    service: str
    state: str
    differences: tuple[Difference, ...] = ()

    @property
    def error(self) -> dict[str, object] | None:
        """What people read; None when the service is as it should be, but for what does not keep it from working."""
        grave = [each for each in self.differences if each.grave]
        if not grave:
            return None
        return {
            "code": DIFFERS,
            "message": "; ".join(map(str, grave)),
            "hint": "accords drift shows each difference, accords repair puts them right; or release the service",
            "seen": {each.thing: each.seen for each in grave if each.kind is Kind.MACHINE},
            "can": ["repair", "start", "release"],
        }
