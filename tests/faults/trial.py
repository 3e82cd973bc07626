"""One service of the demo's shape at a site, up and down, with a fault at one request. Not a test."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from broker.store import operations, services
from broker.store.journal import Entry
from manifests import Manifest
from providers import Provider
from tests.faults.site import CREDENTIALS, Fate, Held, Site, fate
from tests.operations.stage import ACCOUNT, Stage, manifest_of
from tests.providers.between import Asked, Fault, untouched

DEMO = Path(__file__).parents[2] / "examples" / "pacs.xml"


def shaped(without: Sequence[str]) -> Manifest:
    """The demo's manifest, without what matches these regular expressions."""
    text = DEMO.read_text()
    for each in without:
        text = re.sub(each, "", text, flags=re.DOTALL)
    return manifest_of(text)


class Quick:
    """A clock for walks: who waits has waited. Real time passes, too, for a cloud to get on, at most `longest` seconds
    a wait. `slept` are the waits."""

    def __init__(self, longest: float = 0.005) -> None:
        self.longest = longest
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return time.monotonic() + sum(self.slept)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        time.sleep(min(seconds, self.longest))


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """The `nth` request (from 1) of that word in the walk up or down."""

    phase: str
    word: str
    nth: int

    def __str__(self) -> str:
        return f"{self.phase}: {self.word} {self.nth}"


@dataclass(slots=True)
class Armed:
    """A rule for the proxy: the fault at one place; `lasting` from there on. `hit`: it has come."""

    site: Site
    place: Place
    fate: Fate
    lasting: bool = False
    hit: bool = False
    _words: Counter[str] = field(default_factory=Counter)

    def __call__(self, asked: Asked) -> Fault | None:
        word = self.site.word(asked)
        self._words[word] += 1
        if self.hit:
            return self.fate(asked) if self.lasting else None
        self.hit = word == self.place.word and self._words[word] == self.place.nth
        return self.fate(asked) if self.hit else None


@dataclass(slots=True)
class Trial:
    """One service at a site, walked by this process; a step at a time, so that its n-th request is always the same.
    `deadline` of a call in seconds, `parallel` steps at once."""

    site: Site
    cloud: Provider
    home: Path
    deadline: float = 20.0
    clock: Quick = field(default_factory=Quick)
    parallel: int = 1
    later: float = 0.0
    stage: Stage = field(init=False)

    def __post_init__(self) -> None:
        own = {"walk_parallel": self.parallel, "call_deadline": self.deadline}
        self.stage = Stage(
            self.home, self.cloud, shaped(self.site.without), self.clock, self._now, own, self.site.service
        )  # type: ignore[arg-type]

    def _now(self) -> int:
        """`later` seconds from now: so far has time gone for what ends by the database's clock."""
        return round((time.time() + self.later) * 1_000_000)

    def submit(self) -> str:
        return self.stage.submit(self.site.service)

    @contextmanager
    def armed(self, place: Place, phase: str, fault: str) -> Iterator[Armed]:
        """The fault while this lasts, if it is of this phase."""
        meant = fate(self.site, fault)
        assert meant is not None, f"no {fault} at {self.site.name}"
        rule = Armed(self.site, place, meant, fault == CREDENTIALS)
        self.site.proxy.rule = rule if place.phase == phase else untouched
        try:
            yield rule
        finally:
            self.site.proxy.rule = untouched

    def walk(self, service: str, kind: str = "") -> str:
        """Carry out what is asked for, and how the service then is; AssertionError when an operation has not ended."""
        if kind:
            self.stage.ask(service, kind, **({"volumes": True} if kind == "release" else {}))
        self.stage.work()
        with self.stage.store.read() as tx:
            states = [each.state for each in operations.of_service(tx, ACCOUNT, service)]
        assert set(states) <= set(operations.ENDED), states
        return self.stage.service(service).state

    def give_back(self) -> None:
        """Everything, whatever became of it: the next test is to find nothing of this one."""
        with self.stage.store.read() as tx:
            left = [each.id for each in services.living(tx)]
        for service in left:
            self.walk(service, "release")
        self.stage.store.close()

    def why(self, service: str) -> object:
        return self.stage.service(service).error

    def accounted(self, service: str) -> None:
        """What carries the service's tag is what its journal knows: each thing once, none that it does not know, and
        all that it calls done."""
        listed = self.cloud.list({"accords-service": service}, deadline=20)
        tokens = Counter(each.token for each in listed)
        journal = self.stage.history(service)
        known = {entry.token: entry for entry in journal.values()}
        assert not [token for token, count in tokens.items() if count > 1 or token not in known], listed
        made = {str(each.result["id"]) for step, each in journal.items() if _there(step, journal)}
        there = {each.id for each in listed}
        assert made <= there, (made, there)
        if self.stage.is_state(service, "active"):
            assert there == made


def _there(step: str, journal: Mapping[str, Entry]) -> bool:
    """Whether the journal says that the step made something which nobody has begun to give back."""
    made = journal[step]
    is_thing = made.state == "done" and {"id", "name"} <= (made.result or {}).keys()
    return is_thing and f"{step}.delete" not in journal


def clean(trial: Trial) -> tuple[tuple[Place, ...], Held]:
    """The places of a walk up and down without a fault, and what is there between them."""
    seen, site = trial.site.proxy.seen, trial.site
    found: list[Place] = []
    service = trial.submit()
    seen.clear()
    assert trial.walk(service) == "active", trial.why(service)
    found += _places("up", site.word, seen)
    held = site.holds()
    trial.accounted(service)
    seen.clear()
    assert trial.walk(service, "release") == "released", trial.why(service)
    found += _places("down", site.word, seen)
    assert not site.holds(), site.holds()
    return tuple(found), held


def _places(phase: str, word: Callable[[Asked], str], seen: list[Asked]) -> Iterator[Place]:
    count: Counter[str] = Counter()
    for asked in list(seen):
        count[word(asked)] += 1
        yield Place(phase, word(asked), count[word(asked)])
