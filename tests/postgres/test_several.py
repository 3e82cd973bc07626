"""Several processes of one row, as on several hosts, on one PostgreSQL: nothing is lost, taken twice or skipped, and
one of them may be killed at any time."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from broker import addresses, auth
from broker.store import Service, Store, events, operations, services
from tests.crash.scene import until
from tests.http.brokers import Processes
from tests.postgresql import Server

NODE = 'Category: node; scheme="http://scheme.compatibleone.fr/scheme/compatible#"; class="kind"\n'
MIXIN = 'Category: {0}; scheme="http://example.org/user#"; class="mixin"; location="/{0}/"; title="mine"\n'


@pytest.fixture
def address(postgresql: Server) -> Iterator[str]:
    name = postgresql.make()
    yield f"{postgresql.url(name)}?schema={{row}}"
    postgresql.drop(name)


class Hosts:
    """The node row twice, each with an address of its own, one database."""

    def __init__(self, home: Path, database: str) -> None:
        self.each = [Processes(home, together=False) for _ in range(2)]
        for host in self.each:
            host.settings = host.settings.model_copy(update={"database": database})
            host.start("node", "node")
        token = auth.issue(self.each[0].key, auth.Principal("ann", "ward", auth.Role.USER))
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": "text/plain", "Accept": "application/json"}

    def ask(self, host: int, method: str, path: str, body: str = "", **headers: str) -> httpx.Response:
        where = addresses.listening(self.each[host].settings, "node")
        lines = self.headers | {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx.request(method, where + path, headers=lines, content=body.encode(), timeout=60, trust_env=False)

    def close(self) -> None:
        for host in self.each:
            host.close()


@pytest.fixture
def hosts(tmp_path: Path, address: str) -> Iterator[Hosts]:
    found = Hosts(tmp_path, address)
    yield found
    found.close()


def test_of_updates_on_the_same_sight_one_is_done_and_the_others_are_told(hosts: Hosts) -> None:
    made = hosts.ask(0, "POST", "/node/", f'{NODE}X-OCCI-Attribute: occi.node.name="0"\n')
    assert made.status_code == 201, made.text
    path = httpx.URL(made.headers["Location"]).path
    seen: list[int] = []

    def count(host: int) -> None:
        """Add one, five times, each on what was seen."""
        done = 0
        while done < 5:
            now = hosts.ask(host, "GET", path)
            name = int(now.json()["attributes"]["occi.node.name"])
            body = f'X-OCCI-Attribute: occi.node.name="{name + 1}"\n'
            answer = hosts.ask(host, "POST", path, body, If_Match=now.headers["ETag"])
            seen.append(answer.status_code)
            done += answer.status_code < 300

    threads = [threading.Thread(target=count, args=(number % 2,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    answers = Counter(seen)
    assert answers[200] == 20
    assert set(answers) <= {200, 409, 412}
    assert hosts.ask(1, "GET", path).json()["attributes"]["occi.node.name"] == "20"


def test_a_mixin_that_is_defined_at_one_host_can_be_used_at_the_other_at_once(hosts: Hosts) -> None:
    hosts.ask(1, "GET", "/-/")  # what it remembers now has no mixin
    for number in range(3):
        name = f"mine{number}"
        assert hosts.ask(0, "POST", "/-/", MIXIN.format(name)).status_code == 200
        mixin = MIXIN.format(name).partition("; location")[0]
        made = hosts.ask(1, "POST", "/node/", f'{NODE}{mixin}\nX-OCCI-Attribute: occi.node.name="a"\n')
        assert made.status_code == 201, made.text


def test_when_one_host_is_killed_the_other_goes_on(hosts: Hosts) -> None:
    posts: list[int] = []
    ending = threading.Event()

    def post() -> None:
        while not ending.is_set():
            try:
                posts.append(
                    hosts.ask(0, "POST", "/node/", f'{NODE}X-OCCI-Attribute: occi.node.name="a"\n').status_code
                )
            except httpx.TransportError:
                return

    thread = threading.Thread(target=post)
    thread.start()
    until(lambda: len(posts) > 5, "entities are made")
    hosts.each[0].end("node", signal.SIGKILL)
    thread.join(60)
    ending.set()
    assert set(posts) == {201}
    assert hosts.ask(1, "POST", "/node/", f'{NODE}X-OCCI-Attribute: occi.node.name="b"\n').status_code == 201
    found = hosts.ask(1, "GET", "/node/?number=1000", Accept="text/uri-list").text.split()
    assert len(posts) + 1 <= len(found) <= len(posts) + 2  # the last may be there without its answer


WRITER = """
import sys
from broker.store import Store, events
store = Store.open(sys.argv[1])
number = 0
while True:
    with store.write(durable=number % 5 == 0) as tx:
        events.extend(tx, "ann", None, [(sys.argv[2], {"number": number + n}) for n in range(3)])
    number += 3
"""


def test_who_reads_events_by_number_finds_every_one_though_writers_are_killed(address: str) -> None:
    url = address.format(row="service")
    store = Store.open(url)
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, url, f"writer-{n}"]) for n in range(3)]
    found: list[events.Event] = []
    try:
        for ends, writer in ((300, writers[0]), (600, writers[1]), (900, writers[2])):
            until(lambda ends=ends: _read_on(store, found) >= ends, "events come")  # type: ignore[misc]  # bound
            writer.kill()
            writer.wait()
    finally:
        for writer in writers:
            writer.kill()
            writer.wait()
    _read_on(store, found)
    assert [event.seq for event in found] == list(range(1, len(found) + 1))
    for n in range(3):
        mine = [event.fields["number"] for event in found if event.name == f"writer-{n}"]
        assert mine == list(range(len(mine)))
    store.close()


def _read_on(store: Store, found: list[events.Event]) -> int:
    """Read what came since; how many there are."""
    with store.read() as tx:
        found += events.after(tx, "ann", found[-1].seq if found else 0)
    return len(found)


WORKER = """
import sys
from broker.store import Store, operations
store = Store.open(sys.argv[1])
while True:
    with store.write() as tx:
        lease = operations.take(tx, sys.argv[2], 60)
    if lease is None:
        break
    print(lease.operation.id, lease.epoch, flush=True)
    with store.write() as tx:
        operations.finish(tx, lease, "done")
"""


def test_no_operation_is_taken_twice_by_workers_of_several_hosts(address: str, tmp_path: Path) -> None:
    url = address.format(row="service")
    store = Store.open(url)
    with store.write() as tx:
        for number in range(120):
            services.create(tx, Service("ann", f"s{number}", f"s{number}"))
            operations.submit(tx, "ann", f"s{number}", "deploy")
    outputs = [tmp_path / f"{n}" for n in range(4)]
    workers = [
        subprocess.Popen([sys.executable, "-c", WORKER, url, output.name], stdout=output.open("wb"))
        for output in outputs
    ]
    until(lambda: outputs[0].stat().st_size > 100, "the first has taken some")
    workers[0].kill()
    assert [worker.wait(120) for worker in workers[1:]] == [0, 0, 0]
    taken = Counter(line for output in outputs for line in output.read_text().splitlines() if line.endswith(" 1"))
    assert set(taken.values()) == {1}
    with store.read() as tx:
        states = Counter(operations.of_service(tx, "ann", f"s{number}")[0].state for number in range(120))
    assert states["done"] >= 119  # the killed one's last is taken over when its lease is over
    assert states["done"] + states["running"] == 120
    store.close()
