"""kill -9 of the process that walks, while a request of it is under way: the next one ends what it began.

The process is killed while the proxy keeps its request: it is never carried out, or has been, or is when the process is
dead. Then the lease ends, and another takes the service over, up or down. (`tests/crash` kills whole workers.)
"""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Mapping
from itertools import count
from pathlib import Path

import pytest

from providers import open_provider
from tests.faults.choice import first, sample
from tests.faults.conftest import Field
from tests.faults.site import KILLED
from tests.faults.sites import OURS, SITES
from tests.faults.trial import Armed, Place, Quick, Trial
from tests.operations.stage import Stage
from tests.providers.between import PATIENCE, untouched

LEASE = 30.0
ONE_IN = {"fake": 6, "azure": 6, "opennebula": 6, "moto": 14, "ministack": 14}
"""The sample of the slow suite."""
CHILDREN = multiprocessing.get_context("forkserver")  # from a process without threads, so that no lock is inherited
CHILDREN.set_forkserver_preload(["tests.faults.sites", "tests.operations.stage", "azure.mgmt.compute", "providers.ec2"])


def worker(driver: str, options: Mapping[str, object], home: Path, installation: str) -> None:
    """Carries out what there is to do. In a process of its own."""
    cloud = open_provider("paris", driver, options)
    own = {"walk_parallel": 1}
    Stage(home, cloud, clock=Quick(), own=own, installation=installation).work()  # type: ignore[arg-type]


@pytest.mark.parametrize("at", OURS, indirect=True)
def test_a_worker_that_is_killed_is_followed_by_another(at: Field, tmp_path: Path) -> None:
    tried(at, first(at.site, at.places, "killed"), "after", tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("when", KILLED)
@pytest.mark.parametrize("at", SITES, indirect=True)
def test_a_worker_may_be_killed_at_any_change(at: Field, when: str, tmp_path: Path, subtests: pytest.Subtests) -> None:
    homes = (tmp_path / str(number) for number in count())
    for place in sample(at.site, at.places, f"killed {when}", ONE_IN[at.site.name]):
        with subtests.test(str(place)):
            tried(at, place, when, next(homes))


def tried(at: Field, place: Place, when: str, home: Path) -> None:
    home.mkdir(exist_ok=True)
    at.site.begin()
    trial = Trial(at.site, at.cloud, home)
    service = trial.submit()
    if place.phase == "up":
        killed(at, place, when, home)
        trial.later += LEASE
    assert trial.walk(service) == "active", trial.why(service)
    trial.accounted(service)
    assert at.site.holds() == at.held
    trial.stage.ask(service, "release", volumes=True)
    if place.phase == "down":
        killed(at, place, when, home)
        trial.later += LEASE
    assert trial.walk(service) == "released", trial.why(service)
    assert not at.site.holds()
    trial.stage.store.close()


def killed(at: Field, place: Place, when: str, home: Path) -> None:
    """A worker of its own, ended by SIGKILL at that request."""
    proxy = at.site.proxy
    proxy.rule = rule = Armed(at.site, place, KILLED[when])
    child = CHILDREN.Process(target=worker, args=(at.site.driver, dict(at.site.options), home, at.site.service))
    child.start()
    came = proxy.waiting.wait(PATIENCE)
    child.kill()
    child.join()
    proxy.quiet()
    proxy.rule = untouched
    assert came, f"{place} did not come"
    assert rule.hit
    assert child.exitcode == -signal.SIGKILL
