"""Who serves what, by lease: the publisher's clock decides, and a row that comes back is listed again."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from broker import addresses, auth, discovery
from broker.client import Client
from broker.discovery import Published, Renewal
from broker.errors import RowDown
from broker.services import ROWS, row
from broker.settings import Settings
from broker.web.app import Rows
from tests.databases import database
from tests.http.brokers import PATIENCE, Processes

LEASE = 15.0
SECOND = 1_000_000
NODE = Published("node", row("node").kinds, "http://127.0.0.1:9")


class Clock:
    """The publisher's."""

    def __init__(self) -> None:
        self.at = 1_800_000_000 * SECOND

    def __call__(self) -> int:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def publisher(tmp_path: Path, clock: Clock) -> Iterator[Rows]:
    settings = Settings(home=tmp_path, database=database(tmp_path), publication_lease=LEASE)
    found = Rows([row("publisher")], settings, auth.installation(settings).key)
    found.sites["publisher"].clock = clock
    yield found
    found.close()


def renewal(publisher: Rows, clock: Clock, published: Published = NODE) -> Renewal:
    return Renewal(publisher.sites["publisher"].client, [published], lease=LEASE, now=clock)


def listed(publisher: Rows) -> set[tuple[str, str]]:
    site = publisher.sites["publisher"]
    token = auth.issue(site.key, auth.Principal("ann", "ann", auth.Role.USER))
    found = Client(site.settings, token, local=publisher.apps).get("publisher", "/publication/")
    attributes = [each["attributes"] for each in found["resources"]]
    return {(each["occi.publication.who"], each["occi.publication.why"]) for each in attributes}


def test_a_row_is_listed_with_its_kinds_and_its_address(publisher: Rows, clock: Clock) -> None:
    renewal(publisher, clock).renew()
    assert listed(publisher) == {("node", "http://127.0.0.1:9")}


def test_a_row_that_does_not_renew_is_not_listed_past_its_lease(publisher: Rows, clock: Clock) -> None:
    renewal(publisher, clock).renew()
    clock.at += int(LEASE * SECOND)
    assert listed(publisher)
    clock.at += 1
    assert not listed(publisher)


def test_a_row_that_wakes_up_is_listed_again(publisher: Rows, clock: Clock) -> None:
    own = renewal(publisher, clock)
    own.renew()
    clock.at += int(3 * LEASE * SECOND)
    assert not listed(publisher)
    own.renew()
    assert listed(publisher)


def test_a_row_that_renews_stays_listed(publisher: Rows, clock: Clock) -> None:
    own = renewal(publisher, clock)
    for _ in range(10):
        own.renew()
        clock.at += int(LEASE / 3 * SECOND)
        assert listed(publisher)


def test_a_row_that_ends_takes_its_publications_back(publisher: Rows, clock: Clock) -> None:
    own = renewal(publisher, clock)
    own.start()
    deadline = time.monotonic() + PATIENCE
    while not listed(publisher):
        assert time.monotonic() < deadline
    clock.at += 1
    own.stop()
    assert not listed(publisher)


def test_one_row_at_two_addresses_is_listed_twice(publisher: Rows, clock: Clock) -> None:
    renewal(publisher, clock).renew()
    renewal(publisher, clock, Published("node", NODE.kinds, "http://127.0.0.2:9")).renew()
    assert len(listed(publisher)) == 2


def test_nothing_is_removed_that_is_within_its_lease() -> None:
    assert discovery.expired((), now=0, lease=LEASE) == ()


def test_without_a_publisher_the_configured_address_is_used(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, publisher="http://127.0.0.1:1", rows={"node": "http://127.0.0.1:2"})
    client = Client(settings, "token", timeout=2)
    assert client.addresses("node") == ("http://127.0.0.1:2",)
    assert client.addresses("cloud") == (f"http://127.0.0.1:{addresses.port(settings, 'cloud')}",)


def test_a_row_that_is_down_is_named_with_when_to_try_again(tmp_path: Path) -> None:
    client = Client(Settings(home=tmp_path, rows={"node": "http://127.0.0.1:1"}, publisher="http://127.0.0.1:1"), "t")
    with pytest.raises(RowDown) as caught:
        client.get("node", "/node/")
    assert (caught.value.fields["row"], caught.value.status) == ("node", 503)
    assert int(str(caught.value.fields["retry_after"])) > 0


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    found = Processes(tmp_path, together=False)
    yield found
    found.close()


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def published(processes: Processes) -> set[str]:
    token = auth.issue(processes.key, auth.Principal("ann", "ann", auth.Role.USER))
    found = Client(processes.settings, token, timeout=PATIENCE).get("publisher", "/publication/")
    return {each["attributes"]["occi.publication.who"] for each in found["resources"]}


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_process_that_ends_is_not_listed_any_more_and_is_back_when_it_starts(
    processes: Processes, how: signal.Signals
) -> None:
    processes.start("publisher", "publisher")
    processes.start("node", "node")
    until(lambda: published(processes) == {"publisher", "node"})
    processes.end("node", how)
    until(lambda: published(processes) == {"publisher"})
    processes.start("node", "node")
    until(lambda: published(processes) == {"publisher", "node"})


@pytest.mark.slow
def test_a_process_that_is_stopped_is_not_listed_and_is_back_when_it_goes_on(processes: Processes) -> None:
    processes.start("publisher", "publisher")
    node = processes.start("node", "node")
    until(lambda: "node" in published(processes))
    os.killpg(node.pid, signal.SIGSTOP)
    try:
        until(lambda: "node" not in published(processes))
    finally:
        os.killpg(node.pid, signal.SIGCONT)
    until(lambda: "node" in published(processes))


def test_every_kind_has_one_row() -> None:
    kinds = [kind for each in ROWS for kind in each.kinds]
    assert len(kinds) == len(set(kinds))
