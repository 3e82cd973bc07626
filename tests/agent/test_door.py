"""The door from inside: every route without a key, with another node's key, and with what no agent would send."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest
from falcon import testing
from hypothesis import HealthCheck, given
from hypothesis import settings as effort
from hypothesis import strategies as st

from broker.door import app as doors
from broker.door.rates import Rate
from broker.settings import Settings
from broker.store import Store, agents, instructions, logs, samples, secrets
from tests.databases import open_store, tables_with

VERSION = {"Accords-Agent": "1"}


@dataclass
class Site:
    """A store with two nodes of one service and one of another account, each with its key."""

    store: Store
    client: testing.TestClient
    service: str

    def key(self, account: str, node: str) -> str:
        token = uuid.uuid4().hex
        with self.store.write() as tx:
            agents.bind(tx, account, self.service, node, token)
        return str(self.client.simulate_post("/v1/hello", json=self.hello(node, token), headers=VERSION).json["key"])

    @staticmethod
    def hello(node: str, token: str) -> dict[str, str]:
        return {"node": node, "token": token}

    def tell(self, account: str, node: str, **arguments: object) -> str:
        id = str(uuid.uuid4())
        with self.store.write() as tx:
            instructions.add(tx, account, self.service, node, id=id, method="run", arguments=arguments)
        return id

    def call(self, method: str, path: str, key: str | None, message: object = None) -> testing.Result:
        headers = VERSION if key is None else {**VERSION, "Authorization": f"Bearer {key}"}
        return self.client.simulate_request(method, path, headers=headers, json=message)


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    home = tmp_path_factory.mktemp("door")
    store = open_store(home)
    yield Site(store, testing.TestClient(doors.application(store, Settings(home=home), waiters=2)), "")
    store.close()


@pytest.fixture
def site(opened: Site) -> Site:
    """The same store and door, and a service that no other test knows."""
    return replace(opened, service=str(uuid.uuid4()))


def messages_for(id: str) -> dict[str, object]:
    """A good message of each route that takes one."""
    return {
        "/v1/outcomes": {"outcomes": [{"id": id, "exit": 0, "output": "x"}]},
        "/v1/samples": {"samples": [{"metric": "cpu", "location": "", "value": 1.5, "age": 2.0}]},
        "/v1/logs": {"id": id, "text": "x\n"},
        "/v1/instructions": None,
    }


@pytest.mark.parametrize("path", doors.ROUTES)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("key", [None, "", "x", "a" * 5000, "%00"])
def test_no_route_and_no_method_opens_without_a_key(site: Site, path: str, method: str, key: str | None) -> None:
    id = site.tell("acme", "db", script="true")
    found = site.call(method, path, key, messages_for(id)[path])
    if method == "OPTIONS":
        assert found.content == b""
    else:
        assert found.status_code in (401, 405)
    with site.store.read() as tx:
        assert instructions.get(tx, "acme", id).exit is None
        assert not logs.after(tx, "acme", site.service)


def test_another_nodes_key_reads_and_writes_nothing_of_this_one(site: Site) -> None:
    site.key("acme", "db")
    id = site.tell("acme", "db", script="secret plans")
    for account, node in (("acme", "pacs"), ("rival", "db")):
        key = site.key(account, node)
        for path, message in messages_for(id).items():
            found = site.call(doors.ROUTES[path][0], path, key, message)
            assert id not in found.text
            assert "secret plans" not in found.text
    with site.store.read() as tx:
        assert instructions.get(tx, "acme", id).exit is None
        assert not samples.window(tx, "acme", site.service, "cpu", "db")
        assert not logs.after(tx, "acme", site.service)
        assert not logs.after(tx, "rival", site.service)


def test_a_node_gets_its_own_instructions_in_order_until_it_says_how_they_ended(site: Site) -> None:
    key = site.key("acme", "db")
    ids = [site.tell("acme", "db", script=str(n)) for n in range(3)]
    found = site.call("GET", "/v1/instructions", key).json["instructions"]
    assert [(each["id"], each["arguments"]["script"]) for each in found] == list(zip(ids, "012", strict=True))
    said = {"outcomes": [{"id": ids[0], "exit": 3, "output": "no"}, {"id": str(uuid.uuid4()), "exit": 0}]}
    assert site.call("POST", "/v1/outcomes", key, said).json == {"accepted": [ids[0]]}
    assert site.call("POST", "/v1/outcomes", key, said).json == {"accepted": []}
    assert [each["id"] for each in site.call("GET", "/v1/instructions", key).json["instructions"]] == ids[1:]
    with site.store.read() as tx:
        assert instructions.get(tx, "acme", ids[0]).exit == 3


def test_a_secret_is_told_to_the_node_whose_instruction_names_it_and_only_as_a_whole_value(site: Site) -> None:
    key = site.key("acme", "db")
    with site.store.write() as tx:
        mine = secrets.put(tx, "acme", site.service, "opens sesame")
        theirs = secrets.put(tx, "rival", site.service, "not yours")
    site.tell("acme", "db", symbol="p", value=mine)
    site.tell("acme", "db", script=f"echo {mine}")
    stolen = site.tell("acme", "db", symbol="q", value=theirs)
    found = site.call("GET", "/v1/instructions", key)
    assert [each["arguments"] for each in found.json["instructions"]] == [
        {"symbol": "p", "value": "opens sesame"},
        {"script": f"echo {mine}"},
    ]
    assert [each["secret"] for each in found.json["instructions"]] == [["value"], []]
    assert "not yours" not in found.text
    with site.store.read() as tx:
        assert instructions.get(tx, "acme", stolen).exit == doors.GONE


def test_a_token_is_good_for_one_node_until_its_key_was_used_and_for_half_an_hour(tmp_path: Path) -> None:
    now = [1_700_000_000_000_000]
    store = open_store(tmp_path, clock=lambda: now[0])
    site = Site(store, testing.TestClient(doors.application(store, Settings(home=tmp_path), waiters=2)), "s")

    def hello(node: str, token: str) -> testing.Result:
        return site.call("POST", "/v1/hello", None, site.hello(node, token))

    with store.write() as tx:
        agents.bind(tx, "acme", "s", "db", "once")
        agents.bind(tx, "acme", "s", "late", "late")
    assert hello("pacs", "once").status_code == 401
    lost, kept = hello("db", "once").json["key"], hello("db", "once").json["key"]
    assert site.call("GET", "/v1/instructions", lost).status_code == 401
    assert site.call("GET", "/v1/instructions", kept).status_code == 200
    assert hello("db", "once").status_code == 401
    now[0] += 31 * 60 * 1_000_000
    assert hello("late", "late").status_code == 401
    assert site.call("GET", "/v1/instructions", kept).status_code == 200
    store.close()


def test_only_hashes_of_token_and_key_are_stored(site: Site) -> None:
    with site.store.write() as tx:
        agents.bind(tx, "acme", site.service, "db", "the-one-time-token")
    key = site.call("POST", "/v1/hello", None, site.hello("db", "the-one-time-token")).json["key"]
    assert tables_with(site.store, "the-one-time-token") == tables_with(site.store, key) == set()
    assert "agents" in tables_with(site.store, site.service)


def test_a_long_poll_ends_when_there_is_something_and_when_its_time_is_over(site: Site) -> None:
    key = site.key("acme", "db")
    assert site.call("GET", "/v1/instructions?wait=1", key).json == {"instructions": [], "again": 0.0}
    answers: list[testing.Result] = []
    poll = threading.Thread(target=lambda: answers.append(site.call("GET", "/v1/instructions?wait=30", key)))
    poll.start()
    id = site.tell("acme", "db", script="true")
    poll.join(20)
    assert [each["id"] for each in answers[0].json["instructions"]] == [id]


def test_who_finds_no_place_to_wait_is_answered_at_once_and_told_when_to_come_again(site: Site) -> None:
    keys = [site.key("acme", f"n{n}") for n in range(3)]

    def poll_until_told(key: str) -> None:
        while not site.call("GET", "/v1/instructions?wait=30", key).json.get("instructions"):
            time.sleep(0.01)  # who comes too often is told so, which is no instruction either

    polls = [threading.Thread(target=poll_until_told, args=(key,), daemon=True) for key in keys[:2]]
    for poll in polls:
        poll.start()
    while not (found := site.call("GET", "/v1/instructions?wait=1", keys[2]).json)["again"]:
        pass
    assert 0 < found["again"] <= 2 * doors.AGAIN
    for n in range(2):
        site.tell("acme", f"n{n}", script="true")
    for poll in polls:
        poll.join(20)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/v1/outcomes", {"outcomes": [{"id": "x", "exit": 1000}]}),
        ("/v1/outcomes", {"outcomes": [{"id": "x", "exit": "0"}]}),
        ("/v1/outcomes", {"outcomes": [{"id": "x", "exit": 0, "output": "x" * 20000}]}),
        ("/v1/outcomes", {"outcomes": [{"id": "x", "exit": 0}] * 65}),
        ("/v1/outcomes", []),
        ("/v1/samples", {"samples": [{"metric": "cpu", "value": "1"}]}),
        ("/v1/samples", {"samples": [{"metric": "cpu", "value": 1, "age": -1}]}),
        ("/v1/samples", {"samples": [{"metric": "cpu", "value": 1, "age": 1e9}]}),
        ("/v1/samples", {"samples": [{"metric": "c" * 65, "value": 1}]}),
        ("/v1/logs", {"id": "x", "text": 3}),
        ("/v1/logs", {"id": "x", "text": "x" * 70000}),
        ("/v1/hello", {"node": "n"}),
    ],
)
def test_what_is_too_large_or_of_another_type_is_refused_and_not_repeated(
    site: Site, path: str, message: object
) -> None:
    found = site.call("POST", path, site.key("acme", "db"), message)
    assert found.status_code == 400
    assert found.json["code"] == "agent.message"
    assert "xxx" not in found.text


def test_a_body_beyond_the_limit_is_refused_unread(site: Site) -> None:
    key = site.key("acme", "db")
    headers = {**VERSION, "Authorization": f"Bearer {key}"}
    found = site.client.simulate_post("/v1/logs", body=b"x" * (doors.BODY + 1), headers=headers)
    assert found.status_code == 413


@effort(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=st.sampled_from(["/v1/hello", *doors.ROUTES]), body=st.binary(max_size=200))
def test_no_bytes_whatever_make_the_door_stumble(site: Site, path: str, body: bytes) -> None:
    key = site.key("acme", f"n{uuid.uuid4()}")
    headers = {**VERSION, "Authorization": f"Bearer {key}"}
    method = doors.ROUTES.get(path, ("POST",))[0]
    found = site.client.simulate_request(method, path, body=body, headers=headers)
    assert found.status_code in (200, 400, 429)


def test_a_node_cannot_forge_what_is_probed_from_outside(site: Site) -> None:
    key = site.key("acme", "db")
    said = [{"metric": metric, "value": 1} for metric in ("dicom:echo", "tcp:connect", "cpu", "net:eth0:rx", "cpux")]
    assert site.call("POST", "/v1/samples", key, {"samples": said}).status_code == 200
    with site.store.read() as tx:
        kept = [
            m
            for m in ("dicom:echo", "tcp:connect", "cpu", "net:eth0:rx", "cpux")
            if samples.window(tx, "acme", site.service, m, "db")
        ]
    assert kept == ["cpu", "net:eth0:rx"]


def test_a_sites_own_metric_is_taken_from_the_nodes_that_were_told_to_measure_it(site: Site) -> None:
    with site.store.write() as tx:
        for metric in ("studies", "dicom:echo"):
            told = {"metric": metric, "expression": "echo 1"}
            instructions.add(tx, "acme", site.service, "db", id=str(uuid.uuid4()), method="probe", arguments=told)
    said = [{"metric": metric, "value": 1} for metric in ("studies", "dicom:echo", "series")]
    for node in ("db", "web"):
        assert site.call("POST", "/v1/samples", site.key("acme", node), {"samples": said}).status_code == 200
    with site.store.read() as tx:
        kept = [
            (node, metric)
            for node in ("db", "web")
            for metric in ("studies", "dicom:echo", "series")
            if samples.window(tx, "acme", site.service, metric, node)
        ]
    assert kept == [("db", "studies")]


def test_control_characters_of_a_node_do_not_reach_a_terminal(site: Site) -> None:
    key = site.key("acme", "db")
    id = site.tell("acme", "db", script="true")
    site.call("POST", "/v1/logs", key, {"id": id, "text": "a\x1b[2Jb\tc\n\x00\x9b"})
    site.call("POST", "/v1/outcomes", key, {"outcomes": [{"id": id, "exit": 0, "output": "\x1b]0;x\x07"}]})
    with site.store.read() as tx:
        assert [line.text for line in logs.after(tx, "acme", site.service)] == ["a[2Jb\tc\n"]
        assert instructions.get(tx, "acme", id).output == "]0;x"


def test_who_sends_too_much_is_told_to_wait_and_others_are_not(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock stands still meanwhile: a busy machine would not ask quickly enough."""
    monkeypatch.setattr(doors, "Rate", partial(Rate, clock=lambda: 0.0))
    door = doors.application(site.store, Settings(home=tmp_path), waiters=2)
    site = replace(site, client=testing.TestClient(door))
    loud, quiet = site.key("acme", "loud"), site.key("acme", "quiet")
    answers = [site.call("GET", "/v1/instructions", loud) for _ in range(260)]
    refused = [found for found in answers if found.status_code == 429]
    assert refused
    assert int(refused[0].headers["Retry-After"]) >= 1
    assert site.call("GET", "/v1/instructions", quiet).status_code == 200


@pytest.mark.parametrize("version", [None, "", "0", "2", "one", "-1", "99999999999"])
def test_a_version_that_is_not_served_is_said(site: Site, version: str | None) -> None:
    headers = {} if version is None else {"Accords-Agent": version}
    found = site.client.simulate_post("/v1/hello", json=site.hello("db", "x"), headers=headers)
    assert found.status_code == 400
    assert found.json["code"] == "agent.version"


def test_a_newer_door_serves_older_agents(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("broker.door.messages.NEWEST", 3)
    found = site.call("GET", "/v1/instructions", site.key("acme", "db"))
    assert found.status_code == 200
    assert found.headers["Accords-Agent"] == "3"


def test_a_released_nodes_key_opens_nothing(site: Site) -> None:
    key = site.key("acme", "db")
    with site.store.write() as tx:
        agents.forget(tx, "acme", site.service, "db")
    assert site.call("GET", "/v1/instructions", key).status_code == 401
