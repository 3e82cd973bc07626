"""Events as a stream, from a real server: in order, by account, resumable, and never more than a client takes."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from broker import auth
from broker.settings import Settings
from broker.store import Store, events
from broker.stream import app
from tests.databases import database, open_store
from tests.http.brokers import until_listening
from tests.loopback import own_address

PATIENCE = 60.0


@dataclass
class Streaming:
    url: str
    key: str
    store: Store

    def headers(self, account: str = "ward", **more: str) -> dict[str, str]:
        token = auth.issue(self.key, auth.Principal("ann", account, auth.Role.USER))
        return {"Authorization": f"Bearer {token}", **more}

    def happens(self, *names: str, account: str = "ward", service: str | None = None) -> int:
        with self.store.write() as tx:
            return events.extend(tx, account, service, [(name, {"n": number}) for number, name in enumerate(names)])

    @contextmanager
    def listening(self, query: str = "", **headers: str) -> Iterator[Iterator[dict[str, Any]]]:
        sent = {**self.headers(), **headers}
        with httpx.stream("GET", self.url + query, headers=sent, timeout=PATIENCE, trust_env=False) as answer:
            assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/event-stream")
            lines = answer.iter_lines()
            assert next(line for line in lines if line.startswith("retry:"))
            yield _read(lines)


def _read(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    """Each event: what its fields say."""
    found: dict[str, Any] = {}
    for line in lines:
        name, _, value = line.partition(": ")
        if line and name:
            found[name] = json.loads(value) if name == "data" else value
        elif "data" in found:
            yield found
            found = {}


@pytest.fixture(scope="module")
def streaming(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Streaming]:
    home = tmp_path_factory.mktemp("stream")
    host = own_address()
    given = {"ACCORDS_HOME": str(home), "ACCORDS_HOST": host, "ACCORDS_DATABASE": database(home)}
    command = [str(Path(sys.executable).with_name("accords")), "serve", "stream"]
    with (home / "stream.log").open("wb") as log:
        process = subprocess.Popen(command, env=os.environ | given, stderr=log)
    store = open_store(home)
    try:
        port = Settings.model_fields["stream_port"].default
        until_listening(host, port)
        yield Streaming(f"http://{host}:{port}/events", auth.installation(Settings(home=home)).key, store)
    finally:
        store.close()
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE)


def test_events_come_as_they_happen_in_their_order(streaming: Streaming) -> None:
    with streaming.listening() as heard:
        last = streaming.happens("first", "second")
        found = [next(heard), next(heard)]
    assert [(each["event"], each["data"]["name"]) for each in found] == [("first", "first"), ("second", "second")]
    assert [int(each["id"]) for each in found] == [last - 1, last] == [each["data"]["seq"] for each in found]


def test_who_comes_back_misses_nothing_and_hears_nothing_twice(streaming: Streaming) -> None:
    with streaming.listening() as heard:
        streaming.happens("before")
        last = next(heard)["id"]
    streaming.happens(*(f"away-{number}" for number in range(450)))
    with streaming.listening(**{"Last-Event-ID": last}) as heard:
        found = [next(heard)["event"] for _ in range(450)]
    assert found == [f"away-{number}" for number in range(450)]


def test_the_id_of_the_last_event_wins_over_the_address(streaming: Streaming) -> None:
    streaming.happens("one")
    last = streaming.happens("two")
    with streaming.listening("?after=0", **{"Last-Event-ID": str(last - 1)}) as heard:
        assert next(heard)["event"] == "two"


def test_nobody_hears_another_accounts_events(streaming: Streaming) -> None:
    with streaming.listening() as heard:
        streaming.happens("theirs", account="other")
        streaming.happens("ours")
        assert next(heard)["event"] == "ours"


def test_one_service_can_be_listened_to(streaming: Streaming) -> None:
    service = "6f2c0e0a-6a0e-4b0e-9f5e-3b1b6d1f7c11"
    with streaming.listening(f"?service={service}") as heard:
        streaming.happens("of-none")
        streaming.happens("of-it", service=service)
        assert next(heard)["event"] == "of-it"


@pytest.mark.parametrize(
    ("query", "headers", "status", "code"),
    [
        ("", {}, 401, "auth.missing"),
        ("", {"Authorization": "Bearer nonsense"}, 401, "auth.invalid"),
        ("?after=yesterday", None, 400, "request.invalid"),
        ("?service=nonsense", None, 400, "request.invalid"),
        ("", {"X-Accords-Account": "other"}, 403, "auth.forbidden"),
    ],
)
def test_what_cannot_be_is_said_as_rows_say_it(
    streaming: Streaming, query: str, headers: dict[str, str] | None, status: int, code: str
) -> None:
    sent = streaming.headers() if headers is None or "X-Accords-Account" in headers else {}
    sent |= {**(headers or {}), "Accept": "application/json"}
    answer = httpx.get(streaming.url + query, headers=sent, timeout=PATIENCE, trust_env=False)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_an_address_that_is_not_there_is_said(streaming: Streaming) -> None:
    url = streaming.url.replace("/events", "/nothing")
    assert httpx.get(url, headers=streaming.headers(), trust_env=False).status_code == 404


def test_who_takes_nothing_of_what_is_sent_loses_the_connection() -> None:
    async def talks(_scope: app.Scope, _receive: app.Receive, send: app.Send) -> None:
        await send({"type": "http.response.body"})

    async def never(_: app.Message) -> None:
        await asyncio.Event().wait()

    async def nothing() -> dict[str, Any]:
        return {}

    with pytest.raises(TimeoutError):
        asyncio.run(app.bounded(talks, seconds=0.01)({}, nothing, never))


def test_a_stream_ends_with_its_token(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, database=database(tmp_path))
    key = auth.installation(settings).key
    store = open_store(tmp_path)
    clock = [store.now()]
    verify = auth.Verifier(key, now=lambda: clock[0])
    token = auth.issue(key, auth.Principal("ann", "ward", auth.Role.USER), expires=clock[0] + 3600 * 1_000_000)

    async def listen() -> list[str | None]:
        found = []
        with store.write() as tx:
            events.append(tx, "ward", None, "one", {})
        async for each in app.Stream(store, verify).flow(token, "ward", None, 0):
            found.append(each.event if each else None)
            if found[-1] == "one":
                clock[0] += 7200 * 1_000_000  # what the verifier remembers is over: it checks again
                verify._key = "another key, as long as it has to be"
        return found

    assert asyncio.run(asyncio.wait_for(listen(), PATIENCE)) == [None, "one"]
    store.close()
