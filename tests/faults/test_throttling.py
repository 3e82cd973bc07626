"""A cloud that throttles is asked again when it said, and not before; where it says nothing, later each time."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from broker.execute import PATIENCE
from tests.faults.conftest import Field
from tests.faults.site import Fate, fate
from tests.faults.sites import OURS, SITES
from tests.faults.trial import Quick, Trial
from tests.providers.between import Asked, Fault, untouched

EACH = [pytest.param(name, marks=() if name in OURS else pytest.mark.slow) for name in SITES]
DATED = 40.0
"""Seconds until the date that an answer names."""


@dataclass(slots=True)
class Throttled:
    """A rule: the first `times` requests of a word are throttled. `asked` are the times of all, by the walk's clock."""

    at: Field
    word: str
    fate: Fate
    clock: Quick
    times: int
    asked: list[float] = field(default_factory=list)

    def __call__(self, asked: Asked) -> Fault | None:
        if self.at.site.word(asked) != self.word:
            return None
        self.asked.append(self.clock.monotonic())
        return self.fate(asked) if len(self.asked) <= self.times else None


def pauses(at: Field, home: Path, fate: Fate, times: int = 1) -> list[float]:
    """The seconds between the tries of a request that is throttled so often, and passes then."""
    at.site.begin()
    trial = Trial(at.site, at.cloud, home)
    service = trial.submit()
    at.site.proxy.rule = rule = Throttled(at, word_of_one_step(at), fate, trial.clock, times)
    state = trial.walk(service)
    at.site.proxy.rule = untouched
    assert state == "active", trial.why(service)
    assert trial.walk(service, "release") == "released"
    assert not at.site.holds()
    return [later - earlier for earlier, later in zip(rule.asked, rule.asked[1:], strict=False)]


def word_of_one_step(at: Field) -> str:
    """A change on the way up that one step alone asks for, once."""
    words = Counter(each.word for each in at.places if each.phase == "up" and at.site.changes(each.word))
    return next(word for word, count in words.items() if count == 1)


@pytest.mark.parametrize("at", EACH, indirect=True)
def test_a_throttled_request_comes_again_when_the_cloud_said_or_later_each_time(at: Field, tmp_path: Path) -> None:
    said = fate(at.site, "429")
    assert said is not None
    tries = 3
    wanted = [at.site.pause or PATIENCE.delay(count) for count in range(1, tries + 1)]
    waited = pauses(at, tmp_path, said, tries)
    assert len(waited) == tries
    assert all(took >= least for took, least in zip(waited, wanted, strict=True)), waited


@pytest.mark.parametrize("at", EACH, indirect=True)
def test_a_gateway_may_name_a_date(at: Field, tmp_path: Path) -> None:
    def until(asked: Asked) -> Fault:
        date = format_datetime(datetime.now(UTC) + timedelta(seconds=DATED), usegmt=True)
        return Fault(asked=False, status=429, headers={"Retry-After": date}, body=b"slow down")

    (waited,) = pauses(at, tmp_path, until)
    assert waited >= DATED - 2  # a date has no parts of seconds
