"""A client gives back the error that a row answered with, and calls rows of its own process without a socket."""

from __future__ import annotations

import httpx
import pytest

from broker import auth, logs
from broker.client import Client
from broker.errors import AccordsError, Forbidden, Missing, RowDown, Unauthenticated
from broker.settings import Settings
from tests.http.brokers import InProcess


@pytest.fixture
def ann(broker: InProcess) -> Client:
    token = auth.issue(broker.key, auth.Principal("ann", "client", auth.Role.USER))
    return Client(broker.settings, token, local=broker.rows.apps)


def test_what_was_posted_is_read_back(ann: Client) -> None:
    kind = "http://scheme.compatibleone.fr/scheme/compatible#node"
    made = ann.post("node", "/node/", {"kind": kind, "attributes": {"occi.node.name": "pacs"}})
    assert ann.get("node", made["location"])["attributes"]["occi.node.name"] == "pacs"
    ann.delete("node", made["location"])
    with pytest.raises(Missing):
        ann.get("node", made["location"])


def test_a_row_tells_who_may_not(ann: Client) -> None:
    with pytest.raises(Forbidden) as caught:
        ann.acting_for("other").get("node", "/node/")
    assert caught.value.code == "auth.forbidden"


def test_a_token_of_nobody_is_told_so(broker: InProcess) -> None:
    with pytest.raises(Unauthenticated):
        Client(broker.settings, "nonsense", local=broker.rows.apps).get("node", "/node/")


def test_a_worker_acts_for_an_account_and_its_other_requests_stay_its_own(broker: InProcess) -> None:
    token = auth.issue(broker.key, auth.Principal("worker", auth.PLATFORM, auth.Role.WORKER))
    worker = Client(broker.settings, token, local=broker.rows.apps)
    kind = "http://scheme.compatibleone.fr/scheme/compatible#node"
    worker.acting_for("theirs").post("node", "/node/", {"kind": kind})
    assert len(worker.acting_for("theirs").get("node", "/node/")["resources"]) == 1
    assert worker.get("node", "/node/")["resources"] == []


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 412, 413, 415, 503, 507])
def test_an_answer_that_says_no_code_still_has_its_status(status: int) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(status, text="a sentence"))
    with pytest.raises(AccordsError) as caught:
        Client(Settings(), "token", transport=transport).get("publisher", "/")
    assert (caught.value.status, caught.value.message) == (status, "a sentence")


def test_a_request_that_is_made_for_another_has_its_id() -> None:
    seen = []
    transport = httpx.MockTransport(lambda request: seen.append(request.headers) or httpx.Response(200, json={}))
    given = logs.context.set({"request": "trace-7"})
    try:
        Client(Settings(), "token", transport=transport).get("publisher", "/")
    finally:
        logs.context.reset(given)
    assert seen[0]["X-Request-Id"] == "trace-7"


def test_a_row_that_does_not_answer_in_time_is_down() -> None:
    def late(_: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("late")

    with pytest.raises(RowDown):
        Client(Settings(), "token", transport=httpx.MockTransport(late)).get("publisher", "/")
