"""Every fault at every request of the demo's way up and down: the walk ends, and the cloud holds what the store says.

Up: after one fault the service is active, and what is at the cloud is what a walk without faults leaves there, thing
for thing. Down: it is released, and nothing is left, of things without tags either. A credential that is refused from
some request on fails the walk; when it is mended the service is retried, or released, and the same holds.

The ordinary suite tries each fault once at each site of its own; the slow one a sample; `make faults` everything.
"""

from __future__ import annotations

from itertools import count
from pathlib import Path

import pytest

from tests.faults.choice import first, sample
from tests.faults.conftest import Field
from tests.faults.site import CREDENTIALS, FAULTS, fate
from tests.faults.sites import OURS, SITES
from tests.faults.trial import Place, Trial

DEADLINES = {"slow": 1.5, "late": 1.5}
"""Seconds of a call where it has to be waited for."""
ONE_IN = {"fake": 4, "azure": 8, "opennebula": 8, "moto": 24, "ministack": 20}
"""The sample of the slow suite."""


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("at", OURS, indirect=True)
def test_a_fault_at_a_request_ends_well(at: Field, fault: str, tmp_path: Path) -> None:
    if fate(at.site, fault) is None:
        pytest.skip("it has nothing that ends")
    tried(at, first(at.site, at.places, fault), fault, tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("at", SITES, indirect=True)
def test_a_fault_at_any_request_ends_well(at: Field, fault: str, tmp_path: Path, subtests: pytest.Subtests) -> None:
    if fate(at.site, fault) is None:
        pytest.skip("it has nothing that ends")
    homes = (tmp_path / str(number) for number in count())
    for place in sample(at.site, at.places, fault, ONE_IN[at.site.name]):
        with subtests.test(str(place)):
            tried(at, place, fault, next(homes))


def tried(at: Field, place: Place, fault: str, home: Path) -> None:
    """A service, up and down, with that fault at that place."""
    home.mkdir(exist_ok=True)
    at.site.begin()
    trial = Trial(at.site, at.cloud, home, DEADLINES.get(fault, 20.0))
    service = up(at, trial, place, fault)
    down(at, trial, service, place, fault)
    trial.stage.store.close()


def up(at: Field, trial: Trial, place: Place, fault: str) -> str:
    service = trial.submit()
    with trial.armed(place, "up", fault) as rule:
        state = trial.walk(service)
    reached(at, rule.hit or place.phase != "up", place)
    trial.accounted(service)
    if state == "failed" and fault == CREDENTIALS and len(place.word) % 2:
        state = trial.walk(service, "retry")
        trial.accounted(service)
    if state == "active":
        assert at.site.holds() == at.held
    else:
        assert fault == CREDENTIALS, trial.why(service)
    return service


def down(at: Field, trial: Trial, service: str, place: Place, fault: str) -> None:
    with trial.armed(place, "down", fault) as rule:
        state = trial.walk(service, "release")
    reached(at, rule.hit or place.phase != "down", place)
    if state != "released" and fault == CREDENTIALS:
        trial.accounted(service)
        state = trial.walk(service, "release")
    assert state == "released", trial.why(service)
    assert not at.site.holds()


def reached(at: Field, hit: bool, place: Place) -> None:
    """How often a thing is looked at until it is there is for the cloud to say; what is changed is always the same."""
    if not hit and not at.site.changes(place.word):
        pytest.skip("it was not looked at so often")
    assert hit, "the fault did not come"
