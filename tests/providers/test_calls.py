"""What a service of ten nodes asks of each cloud, up and down, is what docs/calls.md says; and who waits asks one list
a second, however many nodes it waits for.

The walk is the product's own. Whoever waits has waited: the seconds of its clock are not sat through.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from providers import Provider, open_provider
from providers.occi import wire
from tests.faults.at_openstack import lab
from tests.faults.sites import SITES
from tests.faults.trial import Quick
from tests.operations.house import House
from tests.operations.stage import XMLNS, Stage, manifest_of
from tests.providers import chain
from tests.providers.lab import Missing
from tests.providers.targets import absent

PAGE = Path(__file__).parents[2] / "docs" / "calls.md"
NODES = 10
ROW = re.compile(r"\| `(?P<word>[^`]+)` \| *(?P<up>[0-9]*\+?) *\| *(?P<down>[0-9]*\+?) *\|")
NODE = (
    '<node name="n{0}"><infrastructure name="i{0}"><compute name="c{0}" cores="1" memory="512M"/><network name="lan">'
    '<port name="p{0}" protocol="tcp" from="22" to="22" range="0.0.0.0/0"/></network></infrastructure>'
    '<image name="im{0}"><system name="linux"/></image></node>'
)
EVERY = "".join(map(NODE.format, range(NODES)))
TEN = f'<manifest xmlns="{XMLNS}" name="ten">{EVERY}<configuration name="c"/></manifest>'
Words = Callable[[], Counter[str]]
"""What was asked since it was last called."""


@dataclass(frozen=True, slots=True)
class Said:
    """What the page says of a call: so often, and at least so often where it is also how one waits."""

    times: int
    waits: bool


@contextmanager
def site(name: str, folder: Path) -> Iterator[tuple[Provider, Words]]:
    """A site of the matrix of faults, without faults. What only the proxy brings about is left out: where the addresses
    of services are given, the SDK asks each of them for its versions."""
    opened = {**SITES, "openstack": lab}[name]
    with opened(folder) as found, closing(open_provider("paris", found.driver, found.options)) as cloud:

        def words() -> Counter[str]:
            asked, found.proxy.seen[:] = list(found.proxy.seen), []
            return Counter(word for each in asked if (word := found.word(each)) != "GET ")

        yield cloud, words


@contextmanager
def second_broker(folder: Path) -> Iterator[tuple[Provider, Words]]:
    """Another broker in this process: its row for clouds is asked, its worker works by itself."""
    asked: list[str] = []

    def noted(client: httpx.Client, request: httpx.Request, *more: object, **named: object) -> httpx.Response:
        asked.append(f"{request.method} {request.url.path.split('/')[1]}")
        return exchange(client, request, *more, **named)  # type: ignore[arg-type]  # as it was called

    def words() -> Counter[str]:
        found, asked[:] = list(asked), []
        return Counter(found)

    exchange, house = wire.exchange, House(folder)
    with (
        closing(house),
        chain.at_work(house),
        closing(chain.through(house)) as cloud,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(wire, "exchange", noted)
        yield cloud, words


CLOUDS: Mapping[str, Callable[[Path], AbstractContextManager[tuple[Provider, Words]]]] = {
    "occi": second_broker,
    **{name: (lambda folder, name=name: site(name, folder)) for name in (*SITES, "openstack")},
}
SLOW = ("moto", "ministack", "openstack")


def told(name: str) -> Mapping[str, Mapping[str, Said]]:
    """Phase -> call -> what the page says of it."""
    section = next(each for each in PAGE.read_text().split("\n## ") if f"`{name}`" in each.partition("\n")[0])
    rows = [match for line in section.splitlines() if (match := ROW.match(line))]
    return {
        phase: {row["word"]: Said(int(row[phase].rstrip("+")), "+" in row[phase]) for row in rows if row[phase]}
        for phase in ("up", "down")
    }


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] if name in SLOW else []) for name in CLOUDS]
)
def test_ten_nodes_ask_what_the_page_says_and_one_list_a_second(name: str, tmp_path: Path) -> None:
    (tmp_path / "cloud").mkdir()
    clock = Quick()
    try:
        with CLOUDS[name](tmp_path / "cloud") as (cloud, words):
            cloud.offers(deadline=60)  # what is asked for once is known, and a broker's store is there
            words()
            stage = Stage(tmp_path, cloud, manifest_of(TEN), clock)  # type: ignore[arg-type]  # any cloud will do
            plan = stage.submit("calls")
            for phase in ("up", "down"):
                words()
                began = clock.monotonic()
                if phase == "down":
                    stage.ask(plan, "release")
                stage.work()
                assert stage.is_state(plan, "active" if phase == "up" else "released"), stage.service(plan).error
                compare(told(name)[phase], words(), clock.monotonic() - began)
            stage.store.close()
    except Missing as reason:
        absent(name, reason, os.environ)


def compare(said: Mapping[str, Said], asked: Counter[str], seconds: float) -> None:
    """Who waits asks a list a second for each kind of thing, machines and one more at most."""
    needed = {word for word, each in said.items() if each.times}
    assert needed <= asked.keys() <= said.keys(), asked
    for word, count in asked.items():
        most = said[word].times + (2 * (seconds + 2) if said[word].waits else 0)
        assert said[word].times <= count <= most, (word, count, said[word], seconds)
