"""A cloud with the proxy before it, and what the suite has to know of it to try faults there. Not a test.

What a cloud says when it throttles, fails, or refuses a credential it says in its own words: `said`. `behind` counts
what is there, past driver and proxy, by the cloud's own kinds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from tests.providers.between import CUT, HALF, LATE, LOST, SLOW, Asked, Between, Fault

Held: TypeAlias = Counter[str]
"""Kind, as the cloud calls it -> how many there are."""
Fate: TypeAlias = Callable[[Asked], Fault | None]
"""What becomes of a request, in words that may depend on it; None: it passes, but something has changed."""
PAUSE = 7.0
"""Seconds that a cloud which throttles says to wait, where it names a time."""


TELLING = (r"<package.*?(/>|</package>)", r"<action [^>]*/>")
"""What nodes are told that do not boot: nothing of it."""


@dataclass(frozen=True, slots=True)
class Site:
    """`word` says what a request is (`PUT virtualNetworks`, `RunInstances`), `changes` whether one of that word may
    change something; `said` is by the names of `FAULTS`. `without`
    is what of the demo's document it cannot have (regular expressions).
    `service`: the name of services there, which those of its things begin with; of the installation, too."""

    name: str
    driver: str
    options: Mapping[str, object]
    proxy: Between
    word: Callable[[Asked], str]
    changes: Callable[[str], bool]
    said: Mapping[str, Fate]
    behind: Callable[[], Held]
    without: tuple[str, ...] = TELLING
    service: str = "pacs"
    pause: float | None = PAUSE
    before: Held = field(default_factory=Counter)

    def holds(self) -> Held:
        """What is there now and was not before."""
        return self.behind() - self.before

    def begin(self) -> None:
        """What is there now is nothing of the next service's."""
        self.before.clear()
        self.before.update(self.behind())


def always(fault: Fault) -> Fate:
    return lambda asked: fault


CONNECTION: Mapping[str, Fate] = {
    "cut": always(CUT),
    "lost": always(LOST),
    "half": always(HALF),
    "slow": always(SLOW),
    "late": always(LATE),
}
"""What any connection may do. `slow`: answered past the call's deadline; `late`: carried out past it."""
KILLED: Mapping[str, Fate] = {
    "before": always(Fault(asked=False, waits=True)),
    "after": always(SLOW),
    "late": always(LATE),
}
"""Where a worker is killed: what it has asked for is never done, is done, or is done once it is dead."""
WORDS = ("429", "500", "503")
"""What a cloud may say. `500` of what it did, `429` and `503` of what it did not do."""
CREDENTIALS = "credentials"
"""Refused from some request on, until somebody mends it."""
EXPIRED = "expired"
"""What the driver shows the cloud has ended; it can have a new one by itself. Not everywhere."""
FAULTS = (*CONNECTION, *WORDS, CREDENTIALS, EXPIRED)


def fate(site: Site, fault: str) -> Fate | None:
    """None where that cannot happen."""
    return CONNECTION.get(fault) or site.said.get(fault)
