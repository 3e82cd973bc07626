"""One fault a verb at a real OpenStack: what the walks of a service ask for first goes wrong, and nothing is left.

Each verb (`POST servers`, `PUT routers add_router_interface`) meets one fault, in one of three walks: a step that
needs five requests would otherwise give up after the fifth failure in a row.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from zlib import crc32

import pytest

from providers import Provider, open_provider
from tests.faults.at_openstack import lab
from tests.faults.site import CREDENTIALS, EXPIRED, Site, fate
from tests.faults.trial import Place, Quick, Trial
from tests.providers.between import Asked, Fault, untouched
from tests.providers.lab import LONG, Missing
from tests.providers.targets import absent

pytestmark = [pytest.mark.slow, pytest.mark.timeout(LONG)]

HELD = Counter(server=2, volume=1, network=1, subnet=1, router=1, group=3)
TOLD = ("lost", "cut", "half", "500", "503", "429")
ROUNDS = 3
DEADLINE = 8.0


@dataclass(slots=True)
class Scattered:
    """A rule: the first request of each verb of this round meets the fault that its name chooses. `hit`: verb ->
    fault."""

    site: Site
    round: int
    hit: dict[str, str] = field(default_factory=dict)

    def __call__(self, asked: Asked) -> Fault | None:
        word = self.site.word(asked)
        number = crc32(word.encode())
        if not self.site.changes(word) or word in self.hit or number % ROUNDS != self.round:
            return None
        self.hit[word] = TOLD[number // ROUNDS % len(TOLD)]
        meant = fate(self.site, self.hit[word])
        assert meant is not None
        return meant(asked)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    try:
        with lab(tmp_path_factory.mktemp("lab")) as found:
            yield found
    except Missing as reason:
        absent("openstack", reason, os.environ)


@pytest.fixture(scope="module")
def cloud(site: Site) -> Iterator[Provider]:
    found = open_provider("paris", site.driver, site.options)
    yield found
    found.close()


@pytest.fixture
def trial(site: Site, cloud: Provider, tmp_path: Path) -> Iterator[Trial]:
    """It looks twice a second: whoever shares the lab is to have something of it, too."""
    site.begin()
    found = Trial(site, cloud, tmp_path, deadline=DEADLINE, clock=Quick(0.5), parallel=4)
    yield found
    site.proxy.rule = untouched
    found.give_back()


def there(trial: Trial, service: str) -> None:
    trial.accounted(service)
    assert trial.site.holds() == HELD


@pytest.mark.parametrize("round", range(ROUNDS))
def test_each_verb_meets_a_fault_and_nothing_is_made_twice_or_left(trial: Trial, round: int) -> None:
    trial.site.proxy.rule = rule = Scattered(trial.site, round)
    service = trial.submit()
    assert trial.walk(service) == "active", (trial.why(service), rule.hit)
    there(trial, service)
    assert trial.walk(service, "release") == "released", (trial.why(service), rule.hit)
    assert not trial.site.holds(), rule.hit
    assert rule.hit


def test_a_token_that_ends_is_renewed_and_a_credential_that_is_refused_ends_the_walk(trial: Trial) -> None:
    service = trial.submit()
    with trial.armed(Place("up", "POST servers", 1), "up", EXPIRED) as renewed:
        assert trial.walk(service) == "active", trial.why(service)
    assert renewed.hit
    there(trial, service)
    with trial.armed(Place("down", "DELETE servers", 2), "down", CREDENTIALS):
        assert trial.walk(service, "release") == "failed"
    trial.accounted(service)
    assert trial.walk(service, "release") == "released", trial.why(service)
    assert not trial.site.holds()


def test_a_machine_that_is_made_after_its_deadline_is_found_and_not_made_twice(trial: Trial) -> None:
    """nova is asked when nobody waits for its answer any more."""
    service = trial.submit()
    with trial.armed(Place("up", "POST servers", 1), "up", "late") as rule:
        assert trial.walk(service) == "active", trial.why(service)
    assert rule.hit
    there(trial, service)
    assert trial.walk(service, "release") == "released", trial.why(service)
    assert not trial.site.holds()
