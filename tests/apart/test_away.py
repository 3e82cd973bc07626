"""A row that needs another which is away: it says whose name is missing, and changes nothing meanwhile."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from broker import auth
from broker.occi.model import CORDS
from broker.services import row
from broker.settings import Settings
from broker.store import Record, entities
from broker.web.app import Rows
from tests.databases import ON_POSTGRESQL, database
from tests.loopback import own_address
from tests.pacs.installation import ACCORDS

AGREEMENT = CORDS + "agreement"
DOCUMENT = "6f2c0e0a-6a0e-4b0e-9f5e-3b1b6d1f7c11"


@contextmanager
def serving(settings: Settings, *names: str) -> Iterator[Rows]:
    """These rows and no other."""
    rows = Rows([row(name) for name in names], settings, auth.installation(settings).key)
    try:
        yield rows
    finally:
        rows.close()


def delete(rows: Rows, path: str) -> httpx.Response:
    key = rows.sites["agreement"].key
    token = auth.issue(key, auth.Principal("ann", "ward", auth.Role.USER))
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
    with httpx.Client(transport=httpx.WSGITransport(app=rows.apps["agreement"]), base_url="http://a") as http:
        return http.delete(path, headers=headers)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Of rows at an address where nobody else is."""
    return Settings(home=tmp_path, database=database(tmp_path), host=own_address())


def test_a_document_stays_until_the_row_that_keeps_what_it_defines_can_be_told(settings: Settings) -> None:
    with serving(settings, "agreement") as alone:
        with alone.sites["agreement"].store.write() as tx:
            entities.insert(tx, Record("ward", AGREEMENT, DOCUMENT, attributes={"org.accords.document": "<a/>"}))
        answer = delete(alone, f"/cords/agreement/{DOCUMENT}")
        assert (answer.status_code, answer.json()["row"]) == (503, "manifest")
        assert int(answer.headers["Retry-After"]) > 0
        with alone.sites["agreement"].store.write() as tx:  # nobody holds the writers' lock
            assert entities.find(tx, "ward", AGREEMENT, DOCUMENT) is not None
    with serving(settings, "agreement", "manifest") as both:
        assert delete(both, f"/cords/agreement/{DOCUMENT}").status_code == 200
        assert delete(both, f"/cords/agreement/{DOCUMENT}").status_code == 404


@pytest.mark.skipif(ON_POSTGRESQL, reason="a database that is a file")
@pytest.mark.parametrize("words", [["work"], ["serve", "agent"], ["serve", "stream"]])
def test_what_works_on_the_service_rows_database_says_where_that_should_be(tmp_path: Path, words: list[str]) -> None:
    own = own_address()
    given = {"ACCORDS_HOME": str(tmp_path), "ACCORDS_HOST": own, "ACCORDS_DOOR_ADDRESS": own}
    ran = subprocess.run(
        [ACCORDS, *words], env=os.environ | given, text=True, capture_output=True, timeout=60, check=False
    )
    assert ran.returncode == 2, ran.stderr
    assert f"no database of the service row at {tmp_path}/service.sqlite" in ran.stderr
    assert "machine of the service row" in ran.stderr
    assert not (tmp_path / "service.sqlite").exists(), "none was made that nobody would write to"
