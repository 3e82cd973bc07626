"""What ever happened at the fake cloud, for tests: every call, everything made, every instruction carried out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from providers.protocol import Kind, Resource


@dataclass(frozen=True, slots=True)
class Call:
    """One call as it arrived. `thing` is the name or, where the cloud does not know it, the id; "" where there is
    none. `kind` is "" for calls without one."""

    method: str
    kind: str = ""
    thing: str = ""
    id: str = ""
    token: str = ""


@dataclass(frozen=True, slots=True)
class Carried:
    """An instruction as the machine got it. It may hold secrets: it is for assertions, never for a log."""

    machine: str
    token: str
    method: str
    arguments: Mapping[str, object]


@dataclass(slots=True)
class Ledger:
    """Lists that only grow, in order."""

    calls: list[Call] = field(default_factory=list)
    made: list[Resource] = field(default_factory=list)
    carried: list[Carried] = field(default_factory=list)

    def twice(self) -> tuple[tuple[Kind, str], ...]:
        """The (kind, token) of everything that was made more than once."""
        counts = Counter((one.kind, one.token) for one in self.made)
        return tuple(key for key, count in counts.items() if count > 1)
