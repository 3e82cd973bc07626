"""Nobody passes without a token, and nobody sees another account's things: asked of every route of every row."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator
from typing import Any

import falcon
import falcon.inspect
import httpx
import orjson
import pytest

from broker import auth
from broker.services import ROWS
from broker.store import Record, entities
from tests.http.brokers import InProcess

HIDDEN = "5f1b1d0c-3f0e-4f0e-8c0a-9d7a3b3b1c2a"
SECRET = "seen-by-nobody-else"


def routes(app: falcon.App[Any, Any]) -> Iterator[tuple[str, str]]:
    """Every (method, path template) the router knows, and some paths that only the fallback answers."""
    for route in falcon.inspect.inspect_routes(app):
        yield from ((method.method, route.path) for method in route.methods if method.method not in _UNUSED)
    for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
        yield from ((method, path) for path in ("/", "/nothing", "/nothing/", "/tags/ann/"))


_UNUSED = {"WEBSOCKET"}
EVERY = [pytest.param(row.name, id=row.name) for row in ROWS]


def token(broker: InProcess, account: str, role: auth.Role = auth.Role.USER) -> dict[str, str]:
    found = auth.issue(broker.key, auth.Principal(account, account, role))
    return {"Authorization": f"Bearer {found}"}


DESCRIPTION = {("GET", "/openapi.json"), ("HEAD", "/openapi.json")}
SCHEMAS = {(method, path) for method in ("GET", "HEAD") for path in ("/schemas", "/schemas/{name}")}
"""What each row gives to whoever asks, and the manifest row beside. Written out here: opening another route is a
decision."""


@pytest.mark.parametrize("row", EVERY)
def test_every_route_and_method_wants_a_token(broker: InProcess, row: str) -> None:
    without = DESCRIPTION | SCHEMAS if row == "manifest" else DESCRIPTION
    known = set(routes(broker.rows.apps[row]))
    assert without <= known
    for method, template in known - without:
        answer = broker(row, method, template.format(id=HIDDEN, name="report"), {})
        assert answer.status_code == 401, (method, template, answer.status_code)
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("path", ["/schemas/cords.xsd/x", "/schemas/", "/schemasx", "/x/schemas", "/schemas/a/b"])
def test_nothing_beside_an_open_route_is_open(broker: InProcess, path: str) -> None:
    assert broker("manifest", "GET", path, {}).status_code == 401


def test_a_wrong_token_opens_nothing_that_is_open_without_one(broker: InProcess) -> None:
    assert broker("manifest", "GET", "/schemas", {"Authorization": "Bearer not.a.token"}).status_code == 401
    assert broker("manifest", "GET", "/schemas", {"X-Accords-Account": "ann"}).status_code == 403


@pytest.mark.parametrize("row", EVERY)
def test_no_route_shows_another_accounts_entities(broker: InProcess, row: str) -> None:
    site = broker.rows.sites[row]
    with site.store.write() as tx:
        for kind in site.row.kinds:
            entities.insert(tx, Record(account="ann", kind=kind, id=HIDDEN, title=SECRET))
    for method, template in routes(broker.rows.apps[row]):
        for role in (auth.Role.USER, auth.Role.ADMIN):
            path = template.format(id=HIDDEN, name="report")
            headers = {**token(broker, "bob", role), "Accept": "application/json"}
            answer = broker(row, method, path, headers)
            assert SECRET not in answer.text, (method, template)
            if "{id}" in template and method in ("GET", "HEAD", "POST", "DELETE"):
                assert answer.status_code in (404, 405), (method, template, answer.status_code)
    with site.store.read() as tx:
        for kind in site.row.kinds:
            assert entities.get(tx, "ann", kind, HIDDEN).title == SECRET


def test_a_server_acts_for_the_account_it_names(broker: InProcess) -> None:
    mine = {**token(broker, "cid"), "Content-Type": "application/json", "Accept": "application/json"}
    kind = {"kind": "http://scheme.compatibleone.fr/scheme/compatible#node"}
    made = broker("node", "POST", "/node/", mine, orjson.dumps(kind)).json()["location"]
    server = {**token(broker, "platform", auth.Role.SERVER), "X-Accords-Account": "cid"}
    assert broker("node", "GET", made, server).status_code == 200


def test_a_user_who_names_another_account_is_refused(broker: InProcess) -> None:
    answer = broker("node", "GET", "/node/", {**token(broker, "bob"), "X-Accords-Account": "ann"})
    assert answer.status_code == 403


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "Basic YW5uOmFubg==", "Bearer not.a.token"])
def test_what_is_no_token_of_ours_is_refused(broker: InProcess, header: str) -> None:
    assert broker("node", "GET", "/node/", {"Authorization": header}).status_code == 401


def test_a_token_of_another_installation_is_refused(broker: InProcess) -> None:
    found = auth.issue("another-key-that-is-long-enough-for-it", auth.Principal("ann", "ann", auth.Role.ADMIN))
    assert broker("node", "GET", "/node/", {"Authorization": f"Bearer {found}"}).status_code == 401


def test_a_token_that_has_expired_is_refused(broker: InProcess) -> None:
    found = auth.issue(broker.key, auth.Principal("ann", "ann", auth.Role.USER), expires=1_000_000)
    answer = broker("node", "GET", "/node/", {"Authorization": f"Bearer {found}", "Accept": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (401, "auth.expired")


def test_a_request_keeps_the_id_it_came_with_and_gets_one_otherwise(broker: InProcess) -> None:
    own = broker("node", "GET", "/node/", {**token(broker, "ann"), "X-Request-Id": "trace-7"})
    assert own.headers["X-Request-Id"] == "trace-7"
    odd = broker("node", "GET", "/node/", {**token(broker, "ann"), "X-Request-Id": "a b\tc"})
    assert odd.headers["X-Request-Id"] != "a b\tc"
    assert uuid.UUID(int=int(odd.headers["X-Request-Id"], 16))


def test_a_mistake_of_ours_shows_its_request_id_and_no_traceback(
    broker: InProcess, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("the inner workings")

    monkeypatch.setattr(entities, "get", broken)
    with caplog.at_level(logging.ERROR):
        answer: httpx.Response = broker(
            "node", "GET", "/node/00000000-2a9a-404f-8861-000000000000", {**token(broker, "ann"), "X-Request-Id": "r-1"}
        )
    assert answer.status_code == 500
    assert "r-1" in answer.text
    assert "inner workings" not in answer.text
    (record,) = [each for each in caplog.records if each.message == "request.failed"]
    assert record.exc_info is not None


def test_a_request_is_one_line_in_the_log(broker: InProcess, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="broker.web.gate"):
        broker("node", "GET", "/node/", token(broker, "ann"))
    (record,) = [vars(each) for each in caplog.records if each.name == "broker.web.gate"]
    said = {name: record[name] for name in ("row", "method", "path", "status", "who")}
    assert said == {"row": "node", "method": "GET", "path": "/node/", "status": 200, "who": "ann"}
