"""Two brokers as processes, the far one killed in the middle: what the near one asked for is made once all the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from providers import open_provider
from providers.protocol import Provider
from tests.chain.conftest import DOCUMENT
from tests.pacs.installation import Installation, until
from tests.providers import chain

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

WHOLE = {"network": 1, "firewall": 2, "volume": 1, "machine": 2, "address": 1}


class Both:
    """`behind` is the pretend cloud, which outlives whoever is killed."""

    def __init__(self, near: Installation, far: Installation, behind: Provider) -> None:
        self.near, self.far, self.behind = near, far, behind

    def comes_to(self, state: str) -> bool:
        """Whether the service is there by now. A walk that has given up meanwhile, as its patience is short, is told to
        go on, as a user would."""
        now = self.near.state("pair")
        if now == "failed":
            self.near.accords("retry", "pair")
        return now == state

    def there(self) -> Counter[str]:
        return Counter(each.kind.value for each in self.behind.list({}, deadline=10))


@pytest.fixture
def both(tmp_path: Path) -> Iterator[Both]:
    with ExitStack() as stack:
        url = stack.enter_context(chain.pretend_cloud())
        behind = open_provider("behind", "fake", {"url": url})
        stack.callback(behind.close)
        paris = {chain.BEHIND: {"driver": "fake", "url": url}}
        (tmp_path / "far").mkdir()
        (tmp_path / "near").mkdir()
        far = stack.enter_context(chain.second_broker(tmp_path / "far", paris))
        own = {"far": {"driver": "occi", "delivery": "home", **chain.options(far)}}
        near = stack.enter_context(chain.second_broker(tmp_path / "near", own))
        (tmp_path / "pair.xml").write_text(DOCUMENT)
        yield Both(near, far, behind)


def test_a_far_broker_that_is_killed_and_comes_back_makes_everything_once(both: Both, tmp_path: Path) -> None:
    both.near.told("up", str(tmp_path / "pair.xml"))
    until(lambda: both.there()["network"], "something is made")
    both.far.kill()
    both.far.start()
    until(lambda: both.comes_to("active"), lambda: str(both.near.report("pair")["error"]), pause=0.5)
    assert both.there() == WHOLE
    both.near.told("release", "pair")
    both.far.kill()
    both.far.start()
    until(lambda: both.comes_to("absent"), lambda: str(both.near.told("status")), pause=0.5)
    assert not both.there()


def test_a_far_worker_that_is_killed_is_followed_by_another(both: Both, tmp_path: Path) -> None:
    both.far.kill_worker()
    both.near.told("up", str(tmp_path / "pair.xml"))
    until(lambda: both.near.report("pair")["steps"], "the near broker is at it")
    assert not both.there()
    both.far.start_worker()
    until(lambda: both.comes_to("active"), lambda: str(both.near.report("pair")["error"]), pause=0.5)
    assert both.there() == WHOLE
