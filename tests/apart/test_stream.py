"""Events as a stream, from a real server: in order, by account, resumable, and never more than a client takes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from broker import auth
from broker.settings import Settings
from broker.store import events
from broker.stream import app
from tests.apart.streaming import PATIENCE, Streaming, streaming
from tests.databases import database, open_store


@pytest.fixture(scope="module")
def stream(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Streaming]:
    with streaming(tmp_path_factory.mktemp("stream")) as found:
        yield found


def test_events_come_as_they_happen_in_their_order(stream: Streaming) -> None:
    with stream.listening() as heard:
        last = stream.happens("first", "second")
        found = [next(heard), next(heard)]
    assert [(each["event"], each["data"]["name"]) for each in found] == [("first", "first"), ("second", "second")]
    assert [int(each["id"]) for each in found] == [last - 1, last] == [each["data"]["seq"] for each in found]


def test_who_comes_back_misses_nothing_and_hears_nothing_twice(stream: Streaming) -> None:
    with stream.listening() as heard:
        stream.happens("before")
        last = next(heard)["id"]
    stream.happens(*(f"away-{number}" for number in range(450)))
    with stream.listening(**{"Last-Event-ID": last}) as heard:
        found = [next(heard)["event"] for _ in range(450)]
    assert found == [f"away-{number}" for number in range(450)]


def test_a_stream_that_is_lost_before_its_first_event_is_taken_up_where_it_began(stream: Streaming) -> None:
    with httpx.stream("GET", stream.url, headers=stream.headers(), timeout=PATIENCE, trust_env=False) as answer:
        began = next(line.partition(": ")[2] for line in answer.iter_lines() if line.startswith("id: "))
    stream.happens("meanwhile")
    with stream.listening(**{"Last-Event-ID": began}) as heard:
        assert next(heard)["event"] == "meanwhile"


def test_the_id_of_the_last_event_wins_over_the_address(stream: Streaming) -> None:
    stream.happens("one")
    last = stream.happens("two")
    with stream.listening("?after=0", **{"Last-Event-ID": str(last - 1)}) as heard:
        assert next(heard)["event"] == "two"


def test_nobody_hears_another_accounts_events(stream: Streaming) -> None:
    with stream.listening() as heard:
        stream.happens("theirs", account="other")
        stream.happens("ours")
        assert next(heard)["event"] == "ours"


def test_one_service_can_be_listened_to(stream: Streaming) -> None:
    service = "6f2c0e0a-6a0e-4b0e-9f5e-3b1b6d1f7c11"
    with stream.listening(f"?service={service}") as heard:
        stream.happens("of-none")
        stream.happens("of-it", service=service)
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
    stream: Streaming, query: str, headers: dict[str, str] | None, status: int, code: str
) -> None:
    sent = stream.headers() if headers is None or "X-Accords-Account" in headers else {}
    sent |= {**(headers or {}), "Accept": "application/json"}
    answer = httpx.get(stream.url + query, headers=sent, timeout=PATIENCE, trust_env=False)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_an_address_that_is_not_there_is_said(stream: Streaming) -> None:
    url = stream.url.replace("/events", "/nothing")
    assert httpx.get(url, headers=stream.headers(), trust_env=False).status_code == 404


def test_who_takes_nothing_of_what_is_sent_loses_the_connection() -> None:
    ended = []

    async def talks(_scope: app.Scope, _receive: app.Receive, send: app.Send) -> None:
        try:
            await send({"type": "http.response.body"})
        finally:
            ended.append("by itself")

    async def never(_: app.Message) -> None:
        await asyncio.Event().wait()

    async def nothing() -> dict[str, Any]:
        return {}

    asyncio.run(asyncio.wait_for(app.bounded(talks, app.Limits(stalled=0.01))({}, nothing, never), PATIENCE))
    assert ended == ["by itself"]


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
