"""Rows as processes of their own. One is killed while the manifest row fans a document out: the answer names it, and
the same POST completes what was cut off. A full disk is an answer, too."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from broker import addresses, auth
from broker.errors import AccordsError
from broker.store import entities
from tests.crash.scene import until
from tests.databases import ON_POSTGRESQL, open_store
from tests.http.brokers import Processes
from tests.operations.house import House, User
from tests.operations.stage import PAIR, nodes

ROWS = ("publisher", "manifest", "infrastructure", "image", "configuration", "node")


@pytest.fixture
def rows(tmp_path: Path) -> Iterator[Processes]:
    found = Processes(tmp_path, together=False)
    for row in ROWS:
        found.start(row, row)
    yield found
    found.close()


def post(rows: Processes) -> httpx.Response:
    token = auth.issue(rows.key, auth.Principal("ann", "ward", auth.Role.USER))
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/xml", "Accept": "application/json"}
    address = addresses.listening(rows.settings, "manifest")
    return httpx.post(f"{address}/manifest/", content=PAIR.encode(), headers=headers, timeout=60, trust_env=False)


def stored(home: Path) -> dict[str, int]:
    """How many entities the account has at each row."""
    found = {}
    for row in ROWS:
        store = open_store(home, row)
        with store.read() as tx:
            found[row] = len([each for each in entities.page(tx, "ward", limit=1000).records if each.account == "ward"])
        store.close()
    return found


def test_a_row_that_is_killed_while_a_document_fans_out_loses_and_doubles_nothing(
    rows: Processes, tmp_path: Path
) -> None:
    os.killpg(rows.start("node", "node").pid, signal.SIGSTOP)  # its port takes the request, and nobody answers it
    answers: list[httpx.Response] = []
    asking = threading.Thread(target=lambda: answers.append(post(rows)))
    asking.start()
    until(lambda: stored(tmp_path)["infrastructure"], "the rows before it have their part")
    rows.end("node", signal.SIGKILL)
    asking.join(60)
    for answer in (*answers, post(rows)):
        assert answer.status_code == 503
        assert answer.json()["row"] == "node"
        assert int(answer.headers["Retry-After"]) > 0
    assert stored(tmp_path)["manifest"] == 0, "a document is seen when all of it is there"
    rows.start("node", "node")
    first, second = post(rows), post(rows)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert sum(stored(tmp_path).values()) == len(first.json()["elements"])


@pytest.mark.skipif(ON_POSTGRESQL, reason="a disk that is full by SQLite's own limit; tests/store has PostgreSQL's")
def test_a_full_disk_is_said_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    house = House(tmp_path)
    ann = User(house.client("ann", "ward"))
    store = house.rows.sites["node"].store
    with store.write() as tx:
        pages = tx.run(sa.text("PRAGMA page_count")).scalar_one()
        tx.run(sa.text(f"PRAGMA max_page_count = {pages}"))
    text = nodes(200)
    with pytest.raises(AccordsError) as caught:
        ann.post_document(text)
    assert (caught.value.status, caught.value.code) == (507, "store.full")
    assert "node.sqlite" in caught.value.message
    for row in ("node", "manifest"):
        with house.rows.sites[row].store.read() as tx:
            assert entities.page(tx, "ward").records == ()
    with store.write() as tx:
        tx.run(sa.text("PRAGMA max_page_count = 1000000"))
    assert ann.post_document(text)["name"] == "many"
    house.close()
