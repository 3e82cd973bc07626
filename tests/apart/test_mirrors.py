"""Two publishers that mirror each other: each shows what renews with the other, and nothing goes round."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from broker import addresses, auth, discovery
from broker.client import Client
from broker.discovery import Mirror, Published, Renewal
from broker.errors import AccordsError
from broker.services import row
from broker.settings import Settings
from broker.web.app import Rows
from tests.databases import database
from tests.loopback import own_address
from tests.pacs.installation import until

LEASE = 15.0
SECOND = 1_000_000
KEY = "one key for both, long enough for HS256"
NODE = Published("node", row("node").kinds, "http://127.0.0.1:9")


@dataclass
class Clock:
    at: int = 1_800_000_000 * SECOND

    def __call__(self) -> int:
        return self.at


class Publisher:
    """One of two, in this process."""

    def __init__(self, home: Path, clock: Clock, address: str) -> None:
        home.mkdir()
        self.settings = Settings(home=home, database=database(home), publication_lease=LEASE)
        self.rows = Rows([row("publisher")], self.settings, KEY)
        self.site = self.rows.sites["publisher"]
        self.site.clock = clock
        self.clock, self.address = clock, address

    def client(self) -> Client:
        token = auth.issue(KEY, auth.Principal("tests", auth.PLATFORM, auth.Role.SERVER))
        return Client(self.settings, token, local=self.rows.apps)

    def renewal(self) -> Renewal:
        return Renewal(self.client(), [NODE], lease=LEASE, now=self.clock)

    def mirror_at(self, other: Publisher) -> Mirror:
        return Mirror(other.client(), self.address, partial(discovery.living, self.site.store, LEASE))

    def rows_shown(self) -> dict[str, list[str]]:
        found = self.client().get("publisher", "/rows")["rows"]
        assert isinstance(found, dict)
        return found

    def origins(self) -> set[str]:
        found = discovery.living(self.site.store, LEASE)
        return {str(each.attributes.get("occi.publication.remote", "")) for each in found}


@dataclass
class Two:
    clock: Clock
    one: Publisher
    other: Publisher

    def exchange(self) -> None:
        for mirror in (self.there, self.back):
            mirror.tell()

    def __post_init__(self) -> None:
        self.there, self.back = self.one.mirror_at(self.other), self.other.mirror_at(self.one)


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Two]:
    clock = Clock()
    found = Two(clock, Publisher(tmp_path / "a", clock, "http://a"), Publisher(tmp_path / "b", clock, "http://b"))
    yield found
    found.one.rows.close()
    found.other.rows.close()


def test_what_renews_with_one_is_shown_by_the_other_with_where_it_came_from(two: Two) -> None:
    two.one.renewal().renew()
    two.exchange()
    assert two.other.rows_shown() == {"node": ["http://127.0.0.1:9"]} == two.one.rows_shown()
    assert two.other.origins() == {"http://a"}


def test_nothing_that_a_mirror_told_is_told_back(two: Two) -> None:
    two.one.renewal().renew()
    two.exchange()
    two.exchange()
    assert two.one.origins() == {""}
    two.clock.at += int((LEASE + 1) * SECOND)
    two.exchange()
    assert two.one.rows_shown() == two.other.rows_shown() == {}


def test_telling_again_does_not_lengthen_a_lease(two: Two) -> None:
    two.one.renewal().renew()
    for _ in range(4):
        two.one.mirror_at(two.other).tell()  # a mirror that has just started tells everything
        two.clock.at += int(LEASE / 3 * SECOND)
    two.one.mirror_at(two.other).tell()
    assert two.other.rows_shown() == {}


def test_a_row_that_ends_is_taken_back_from_both(two: Two) -> None:
    own = two.one.renewal()
    own.renew()
    two.exchange()
    two.clock.at += SECOND
    own.withdraw()
    two.exchange()
    assert two.one.rows_shown() == two.other.rows_shown() == {}


def test_a_row_that_goes_over_to_the_mirror_stays_shown_when_the_first_forgets_it(two: Two) -> None:
    two.one.renewal().renew()
    two.exchange()
    two.clock.at += int(LEASE * SECOND)
    two.other.renewal().renew()
    two.clock.at += SECOND
    two.there.tell()
    assert two.other.rows_shown() == {"node": ["http://127.0.0.1:9"]}
    assert two.other.origins() == {""}


def test_both_give_the_same_tag_for_the_same_rows(two: Two) -> None:
    two.one.renewal().renew()
    two.exchange()
    tags = {each.client().get("publisher", "/rows")["tag"] for each in (two.one, two.other)}
    assert len(tags) == 1


@pytest.mark.slow
def test_when_one_publisher_dies_the_other_answers_and_rows_renew_with_it(tmp_path: Path) -> None:
    hosts = {name: own_address() for name in ("one", "other", "node")}
    publishers = [f"http://{hosts[name]}:8086" for name in ("one", "other")]
    key = auth.installation(Settings(home=tmp_path)).key
    running: dict[str, subprocess.Popen[bytes]] = {}

    def start(name: str, served: str, first: str, mirror: str) -> None:
        home = tmp_path / name
        home.mkdir()
        (home / "installation.json").write_bytes((tmp_path / "installation.json").read_bytes())
        given = {
            "ACCORDS_HOME": str(home),
            "ACCORDS_DATABASE": database(home),
            "ACCORDS_HOST": hosts[name],
            "ACCORDS_PUBLISHER": first,
            "ACCORDS_MIRRORS": json.dumps([mirror]),
            "ACCORDS_PUBLICATION_LEASE": "3",
        }
        command = [str(Path(sys.executable).with_name("accords")), "serve", served]
        with (tmp_path / f"{name}.log").open("wb") as log:
            running[name] = subprocess.Popen(command, env=os.environ | given, stderr=log, start_new_session=True)

    settings = Settings(home=tmp_path, publisher=publishers[0], mirrors=(publishers[1],))
    token = auth.issue(key, auth.Principal("ann", "ann", auth.Role.USER))
    client = Client(settings, token, timeout=10)

    def shown() -> set[str]:
        with suppress(AccordsError):
            return set(client.get("publisher", "/rows")["rows"])
        return set()

    try:
        start("one", "publisher", publishers[0], publishers[1])
        start("other", "publisher", publishers[1], publishers[0])
        start("node", "node", publishers[0], publishers[1])
        until(lambda: shown() == {"publisher", "node"}, "both rows are listed")
        os.killpg(running["one"].pid, signal.SIGKILL)
        other = Client(Settings(home=tmp_path, publisher=publishers[1]), token)
        until(lambda: other.get("publisher", "/rows")["rows"].get("publisher") == [publishers[1]], "its lease ends")
        until(lambda: shown() == {"publisher", "node"}, "the mirror answers, and the row renews with it")
        node = addresses.port(settings, "node")
        assert client.addresses("node") == (f"http://{hosts['node']}:{node}",)
        other.close()
    finally:
        client.close()
        for process in running.values():
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
