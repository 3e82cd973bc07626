"""A row that moved is known at once: the publisher says so to who waits, and clients do not stay with old news."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from broker import auth, discovery
from broker.client import Client
from broker.discovery import Published, Renewal, Watch
from broker.errors import RowDown
from broker.services import row
from broker.settings import Settings
from broker.web.app import Rows
from tests.databases import database
from tests.pacs.installation import until

NODE = row("node")


@pytest.fixture
def publisher(tmp_path: Path) -> Iterator[Rows]:
    settings = Settings(home=tmp_path, database=database(tmp_path))
    found = Rows([row("publisher")], settings, auth.installation(settings).key)
    yield found
    found.close()


def client(publisher: Rows, **settings: object) -> Client:
    site = publisher.sites["publisher"]
    token = auth.issue(site.key, auth.Principal("tests", auth.PLATFORM, auth.Role.SERVER))
    return Client(site.settings.model_copy(update=settings), token, local=publisher.apps, timeout=5)


def publish(publisher: Rows, address: str) -> Renewal:
    site = publisher.sites["publisher"]
    found = Renewal(site.client, [Published("node", NODE.kinds, address)], lease=15.0, now=site.now)
    found.renew()
    return found


@pytest.fixture
def listening() -> Iterator[str]:
    """A row that answers everything with {}."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            """pytest's output is no log."""

    server = HTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_who_waits_is_told_when_a_row_comes(publisher: Rows) -> None:
    found = client(publisher)
    tag = found.get("publisher", "/rows")["tag"]
    answers = []
    waiting = threading.Thread(
        target=lambda: answers.extend(
            found.get("publisher", "/rows", after=tag, wait="2")["rows"] for _ in range(30) if not any(answers)
        )
    )
    waiting.start()
    publish(publisher, "http://127.0.0.1:9")
    waiting.join()
    assert answers[-1] == {"node": ["http://127.0.0.1:9"]}


def test_a_renewal_is_no_news(publisher: Rows) -> None:
    own = publish(publisher, "http://127.0.0.1:9")
    before = client(publisher).get("publisher", "/rows")["tag"]
    own.renew()
    assert client(publisher).get("publisher", "/rows")["tag"] == before


def test_a_watch_tells_the_directory(publisher: Rows) -> None:
    found = client(publisher)
    assert found.directory.find("node") == ()  # remembered for a while from here on
    watch = Watch(found)
    watch.start()
    publish(publisher, "http://127.0.0.1:9")
    until(lambda: found.directory.find("node") == ["http://127.0.0.1:9"], "it is told")
    watch.stop()


def test_the_address_that_was_published_last_is_tried_first(publisher: Rows) -> None:
    site = publisher.sites["publisher"]
    for age, address in ((60, "http://127.0.0.1:1"), (1, "http://127.0.0.1:2")):
        times = iter((site.now() - age * 1_000_000, site.now()))  # when it started, when it renews
        published = [Published("node", NODE.kinds, address)]
        Renewal(site.client, published, lease=15.0, now=lambda left=times: next(left)).renew()
    assert client(publisher).addresses("node") == ("http://127.0.0.1:2", "http://127.0.0.1:1")


def test_a_request_goes_on_to_where_somebody_listens(publisher: Rows, listening: str) -> None:
    publish(publisher, "http://127.0.0.1:1")
    assert client(publisher, rows={"node": listening}).get("node", "/node/") == {}


def test_a_row_that_moved_after_the_publisher_was_asked_is_found(publisher: Rows, listening: str) -> None:
    own = publish(publisher, "http://127.0.0.1:1")
    found = client(publisher)
    assert list(found.addresses("node")) == ["http://127.0.0.1:1"]
    own.withdraw()
    publish(publisher, listening)
    assert found.get("node", "/node/") == {}


def test_nobody_who_listens_is_a_row_that_is_down(publisher: Rows) -> None:
    publish(publisher, "http://127.0.0.1:1")
    with pytest.raises(RowDown) as caught:
        client(publisher).get("node", "/node/")
    assert (caught.value.fields["row"], caught.value.status) == ("node", 503)


def test_a_reference_to_an_entity_of_another_process_is_the_address_it_published(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, database=database(tmp_path))
    rows = Rows([row("image")], settings, auth.installation(settings).key)
    site = rows.sites["image"]
    site.client.directory.learn({"node": ["http://10.1.2.3:8094"]})
    kind = NODE.kinds[0]
    registry = site.registries.base
    assert site.references.shown(registry, f"{kind} 1") == "http://10.1.2.3:8094/node/1"
    assert site.references.stored(registry, "http://10.1.2.3:8094/node/1") == f"{kind} 1"
    rows.close()


def test_rows_are_ordered_and_their_tag_does_not_depend_on_it() -> None:
    one, other = {"node": ["a", "b"]}, {"node": ["b", "a"]}
    assert discovery.tag(one) == discovery.tag(other) != discovery.tag({"node": ["a"]})
