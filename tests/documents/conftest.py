"""All rows in this process, somebody with a token, and a worker over the fake cloud where plans are made."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from broker import auth
from tests.operations.house import House


@dataclass
class Poster:
    """Somebody who posts documents and looks at what became of them."""

    house: House
    account: str
    role: auth.Role = auth.Role.USER

    def __call__(
        self, row: str, method: str, path: str, *, body: str = "", media: str = "", accept: str = "application/json"
    ) -> httpx.Response:
        """Any request; what is refused is an answer, too."""
        key = self.house.installation.key
        token = auth.issue(key, auth.Principal(self.account, self.account, self.role))
        headers = {"Authorization": f"Bearer {token}", "Accept": accept}
        if media:
            headers["Content-Type"] = media
        transport = httpx.WSGITransport(app=self.house.rows.apps[row])
        with httpx.Client(transport=transport, base_url=f"http://{row}.test") as client:
            return client.request(method, path, content=body.encode(), headers=headers)

    def post(self, text: str, media: str = "application/xml", accept: str = "application/json") -> httpx.Response:
        """The answer to a document, good or not."""
        return self("manifest", "POST", "/manifest/", body=text, media=media, accept=accept)

    def stored(self, text: str, media: str = "application/xml") -> dict[str, Any]:
        """What was made of a good document."""
        answer = self.post(text, media)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def attributes(self, row: str, path: str) -> dict[str, Any]:
        answer = self(row, "GET", path)
        assert answer.status_code == 200, answer.text
        return dict(answer.json()["attributes"])

    def planned(self, location: str) -> str:
        """The listing of the plan of a manifest."""
        body = f'Category: plan; scheme="{CORDS}"; class="kind"\nX-OCCI-Attribute: occi.plan.manifest="{location}"\n'
        answer = self("manifest", "POST", "/plan/", body=body, media="text/plain")
        assert answer.status_code == 201, answer.text
        return str(answer.json()["attributes"]["org.accords.listing"])


CORDS = "http://scheme.compatibleone.fr/scheme/compatible#"


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One for all: a test's accounts are its own."""
    found = House(tmp_path_factory.mktemp("house"))
    yield found
    found.close()


@pytest.fixture
def ann(house: House, request: pytest.FixtureRequest) -> Poster:
    return Poster(house, f"ann-{uuid.uuid5(uuid.NAMESPACE_OID, request.node.nodeid)}")


@pytest.fixture
def bob(ann: Poster) -> Poster:
    return Poster(ann.house, f"bob-{ann.account}")
