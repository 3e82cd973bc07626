"""Two who change an entity at once: who names a generation loses with 412, who names none changes the newest."""

from __future__ import annotations

from dataclasses import replace

import pytest

from broker import auth
from broker.occi.model import Entity
from broker.store import Record, entities
from broker.web.entity import EntityResource
from broker.web.exchange import Exchange
from tests.http.brokers import InProcess

CATEGORY = 'Category: node; scheme="http://scheme.compatibleone.fr/scheme/compatible#"; class="kind"\n'
NAMED = CATEGORY + 'X-OCCI-Attribute: occi.node.name="{}"\n'


@pytest.fixture
def headers(broker: InProcess) -> dict[str, str]:
    token = auth.issue(broker.key, auth.Principal("ann", "ward", auth.Role.USER))
    return {"Authorization": f"Bearer {token}", "Content-Type": "text/plain", "Accept": "text/plain"}


@pytest.fixture
def node(broker: InProcess, headers: dict[str, str]) -> str:
    """The path of a node."""
    made = broker("node", "POST", "/node/", headers, NAMED.format("pacs").encode())
    return "/node/" + made.headers["location"].rpartition("/")[2]


@pytest.fixture
def somebody(broker: InProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody who changes the summary between a request's first reading and writing."""
    save = EntityResource._save
    came: list[Exchange] = []

    def late(self: EntityResource, exchange: Exchange, record: Record, before: Entity, after: Entity) -> None:
        if not came:
            came.append(exchange)
            with broker.rows.sites["node"].store.write() as tx:
                entities.update(tx, replace(record, summary="theirs"))
        save(self, exchange, record, before, after)

    monkeypatch.setattr(EntityResource, "_save", late)


@pytest.mark.usefixtures("somebody")
def test_a_change_that_names_no_generation_is_made_on_what_others_wrote(
    broker: InProcess, headers: dict[str, str], node: str
) -> None:
    answer = broker("node", "POST", node, headers, NAMED.format("archive").encode())
    assert answer.status_code == 200
    assert 'occi.node.name="archive"' in answer.text
    assert 'occi.core.summary="theirs"' in answer.text


@pytest.mark.usefixtures("somebody")
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_change_that_names_a_generation_is_not_made_on_another(
    broker: InProcess, headers: dict[str, str], node: str, method: str
) -> None:
    seen = broker("node", "GET", node, headers).headers["etag"]
    body = NAMED.format("archive").encode()
    assert broker("node", method, node, {**headers, "If-Match": seen}, body).status_code == 412
    assert 'occi.node.name="pacs"' in broker("node", "GET", node, headers).text
