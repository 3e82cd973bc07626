"""A request that is carried out when nobody waits for it any more, nor looks for what it did.

It was cut off, the walk made sure and went on without it, and now it arrives: beside what was made instead, or when all
was given back. No token keeps every cloud from that. What it makes carries our tag: while the service lives the audit
names it, and takes it away when it is told to; when the service has ended it is given back by itself.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import httpx
import pytest

from broker.store import findings
from broker.worker import auditing
from broker.worker.observing import Observing
from tests.faults.choice import first, sample
from tests.faults.conftest import Field
from tests.faults.site import Site
from tests.faults.sites import OURS, SITES
from tests.faults.trial import Armed, Place, Trial
from tests.providers.between import CUT, HOPS, PATIENCE, Asked, Fault, untouched

ONE_IN = {"fake": 3, "azure": 4, "opennebula": 4, "moto": 8, "ministack": 8}
TURNS = 20
"""How often the audit may have to come back: what holds something goes before it."""
WHENS = ("beside", "afterwards")


@dataclass(slots=True)
class Stuck:
    """A fate: the request is kept, and can be sent later, as it was."""

    site: Site
    kept: list[Asked] = field(default_factory=list)

    def __call__(self, asked: Asked) -> Fault:
        self.kept.append(asked)
        return CUT

    def arrive(self) -> None:
        (asked,) = self.kept
        headers = {key: value for key, value in asked.headers.items() if key.lower() not in HOPS}
        url = f"{self.site.proxy.url}{asked.path}" + (f"?{asked.query}" if asked.query else "")
        proxy = self.site.proxy
        trusted = ssl.create_default_context(cafile=str(proxy.trusted)) if proxy.trusted else False
        httpx.request(asked.method, url, headers=headers, content=asked.body, verify=trusted, timeout=PATIENCE)


@pytest.mark.parametrize("at", OURS, indirect=True)
def test_what_comes_much_later_is_given_back(at: Field, tmp_path: Path) -> None:
    tried(at, first(at.site, ups(at), "later"), "afterwards", tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("when", WHENS)
@pytest.mark.parametrize("at", SITES, indirect=True)
def test_whatever_comes_much_later_is_given_back(
    at: Field, when: str, tmp_path: Path, subtests: pytest.Subtests
) -> None:
    homes = (tmp_path / str(number) for number in count())
    for place in sample(at.site, ups(at), when, ONE_IN[at.site.name]):
        with subtests.test(str(place)):
            tried(at, place, when, next(homes))


def ups(at: Field) -> list[Place]:
    return [each for each in at.places if each.phase == "up"]


def tried(at: Field, place: Place, when: str, home: Path) -> None:
    home.mkdir(exist_ok=True)
    at.site.begin()
    trial, stuck = Trial(at.site, at.cloud, home), Stuck(at.site)
    service = trial.submit()
    at.site.proxy.rule = Armed(at.site, place, stuck)
    assert trial.walk(service) == "active", trial.why(service)
    at.site.proxy.rule = untouched
    if when == "beside":
        stuck.arrive()
        audited(at, trial)
        assert at.site.holds() == at.held
    assert trial.walk(service, "release") == "released", trial.why(service)
    if when == "afterwards":
        stuck.arrive()
        swept(at, trial)
    assert not at.site.holds()
    trial.stage.store.close()


def audited(at: Field, trial: Trial) -> None:
    """`accords audit`, and `accords audit --remove` of all that it names."""
    tools, installation = trial.stage.tools, trial.stage.installation
    for _ in range(TURNS):
        if at.site.holds() == at.held:
            return
        Observing(tools, installation).turn("paris")
        with trial.stage.store.write() as tx:
            findings.ask_removal(tx, findings.strays(tx, "paris"))
        auditing.give_back(tools, installation, "paris")


def swept(at: Field, trial: Trial) -> None:
    observing = Observing(trial.stage.tools, trial.stage.installation)
    for _ in range(TURNS):
        if not at.site.holds():
            return
        observing.turn("paris")
