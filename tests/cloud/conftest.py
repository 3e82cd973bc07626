"""All rows and a worker over the fake cloud, and a plain OCCI client that speaks text to the cloud row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from broker import auth
from tests.operations.house import House, User

INFRASTRUCTURE = "http://schemas.ogf.org/occi/infrastructure#"
OS = "http://schemas.accords.org/occi/paris/os_tpl#"
SIZE = "http://schemas.accords.org/occi/paris/resource_tpl#"
DEBIAN, SMALL = OS + "debian-12-59706d17", SIZE + "small"


def category(id: str, class_: str = "mixin") -> str:
    scheme, _, term = id.rpartition("#")
    return f'{term}; scheme="{scheme}#"; class="{class_}"'


def compute(*mixins: str, **attributes: object) -> str:
    return rendered("compute", *mixins, **attributes)


def rendered(term: str, *mixins: str, **attributes: object) -> str:
    """An entity in text/plain; names of attributes with `__` for dots."""
    lines = [f"Category: {category(INFRASTRUCTURE + term, 'kind')}"]
    lines += [f"Category: {category(mixin)}" for mixin in mixins]
    for name, value in attributes.items():
        said = f'"{value}"' if isinstance(value, str) else value
        lines.append(f"X-OCCI-Attribute: {name.replace('__', '.')}={said}")
    return "\n".join(lines) + "\n"


@dataclass
class Occi:
    """What an OCCI client of somebody else's does."""

    http: httpx.Client

    def get(self, path: str, accept: str = "text/plain", **headers: str) -> httpx.Response:
        return self.http.get(path, headers={"Accept": accept, **headers})

    def send(self, method: str, path: str, body: str, media: str = "text/plain") -> httpx.Response:
        return self.http.request(method, path, content=body, headers={"Content-Type": media, "Accept": "text/plain"})

    def post(self, path: str, body: str) -> httpx.Response:
        return self.send("POST", path, body)

    def made(self, *mixins: str, **attributes: object) -> str:
        """The path of a new compute."""
        return self.thing("compute", *mixins, **attributes)

    def thing(self, term: str, *mixins: str, status: int = 201, **attributes: object) -> str:
        """The path of a new network, storage or link; empty when another status than 201 is expected."""
        answer = self.post(f"/{term}/", rendered(term, *mixins, **attributes))
        assert answer.status_code == status, answer.text
        return httpx.URL(answer.headers["Location"]).path if status == 201 else ""

    def link(self, term: str, source: str, target: str, *mixins: str, status: int = 201, **attributes: object) -> str:
        ends = {"occi__core__source": source, "occi__core__target": target}
        return self.thing(term, *mixins, status=status, **ends, **attributes)

    def act(self, path: str, term: str, *attributes: str) -> httpx.Response:
        scheme = f"{INFRASTRUCTURE[:-1]}{path[: path.index('/', 1)]}/action#"
        said = "".join(f"X-OCCI-Attribute: {each}\n" for each in attributes)
        return self.post(f"{path}?action={term}", f'Category: {term}; scheme="{scheme}"; class="action"\n{said}')

    def delete(self, path: str, **query: str) -> httpx.Response:
        return self.http.delete(path, params=query, headers={"Accept": "text/plain"})

    def attributes(self, path: str) -> dict[str, object]:
        found: dict[str, object] = self.get(path, "application/occi+json").json()["attributes"]
        return found

    def mixins(self) -> dict[str, str]:
        """Titles of the mixins of the query interface, by their type identifiers."""
        listed = self.get("/-/", "application/occi+json").json()["mixins"]
        return {each["scheme"] + each["term"]: each.get("title", "") for each in listed}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    found = House(tmp_path)
    found.work()
    yield found
    found.close()


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Occi]:
    """A client of rows that no worker has ever told of anything."""
    found = House(tmp_path)
    client = occi(found)
    yield client
    client.http.close()
    found.close()


def occi(house: House, name: str = "ann", account: str = "ward") -> Occi:
    token = auth.issue(house.installation.key, auth.Principal(name, account, auth.Role.USER))
    transport = httpx.WSGITransport(app=house.rows.apps["cloud"])
    headers = {"Authorization": f"Bearer {token}"}
    return Occi(httpx.Client(transport=transport, base_url="http://127.0.0.1:8095", headers=headers))


@pytest.fixture
def ann(house: House) -> Iterator[Occi]:
    found = occi(house)
    yield found
    found.http.close()


@pytest.fixture
def user(house: House) -> User:
    return User(house.client("ann", "ward"))
