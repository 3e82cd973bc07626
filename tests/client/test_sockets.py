"""Over real sockets: silence, cancellation, a stream that breaks and goes on where it broke."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from broker.client import AsyncClient, categories, entities, events
from broker.client.ways import STREAM
from broker.errors import RowDown, Unauthenticated
from broker.settings import Settings
from tests.client.conftest import Faces

PATIENCE = 30.0


@dataclass
class Server:
    """Answers each connection with the next of the texts that it was given; an empty one is silence."""

    texts: Sequence[bytes]
    heard: list[bytes] = field(default_factory=list)
    closed: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        for text in self.texts:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(PATIENCE)
                self.heard.append(connection.recv(65536))
                if text:
                    connection.sendall(text)
                else:
                    while connection.recv(65536):
                        pass
                    self.closed.set()

    def close(self) -> None:
        self._socket.close()


@contextmanager
def serving(*texts: bytes) -> Iterator[Server]:
    found = Server(texts)
    try:
        yield found
    finally:
        found.close()


def at(row: str, server: Server) -> Settings:
    """Settings that know of this server alone."""
    return Settings(rows={row: server.url}, publisher="http://127.0.0.1:1")


def test_a_row_that_is_silent_is_down_after_the_time_and_its_connection_closed(faces: Faces) -> None:
    with serving(b"") as server:
        client = faces(at("node", server), "t", timeout=0.2)
        with pytest.raises(RowDown, match="ReadTimeout") as caught:
            client.do(entities.delete("node", "/node/1"))
        assert caught.value.fields["row"] == "node"
        assert server.closed.wait(PATIENCE)


def test_nobody_who_listens_is_a_row_that_is_down(faces: Faces) -> None:
    settings = Settings(rows={"node": "http://127.0.0.1:1"}, publisher="http://127.0.0.1:1")
    with pytest.raises(RowDown, match="ConnectError"):
        faces(settings, "t").do(categories.discover("node"))


def test_what_is_cancelled_lets_go_of_its_connection() -> None:
    with serving(b"") as server:

        async def given_up() -> None:
            async with AsyncClient(at("node", server), "t") as client:
                asking = asyncio.create_task(client.do(entities.get("node", "/node/1")))
                while not server.heard:
                    await asyncio.sleep(0)
                asking.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await asking
                assert await asyncio.to_thread(server.closed.wait, PATIENCE)

        asyncio.run(given_up())


def test_a_deadline_of_asyncio_ends_a_flow() -> None:
    with serving(b"") as server:

        async def hurried() -> None:
            async with AsyncClient(at("node", server), "t") as client:
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.1):
                        await client.do(entities.get("node", "/node/1"))

        asyncio.run(hurried())


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\nretry: 1\n\n"
EVENT = 'id: {0}\nevent: e\ndata: {{"seq":{0},"account":"a","service":null,"at":"now","name":"e","fields":{{}}}}\n\n'


def told(*numbers: int) -> bytes:
    return HEAD + "".join(EVENT.format(number) for number in numbers).encode()


def test_a_stream_that_breaks_goes_on_after_the_last_event(faces: Faces) -> None:
    cut = told(5, 6) + b"id: 7\ndata: {"
    with serving(cut, told(7, 8), b"") as server:
        found = faces(at(STREAM, server), "t").some(events.stream(4), 4)
        assert [each.seq for each in found] == [5, 6, 7, 8]
        assert [b"last-event-id: %d" % number in server.heard[n].lower() for n, number in enumerate((4, 6))] == [
            True
        ] * 2


def test_a_stream_that_breaks_before_its_first_event_goes_on_where_it_began(faces: Faces) -> None:
    with serving(HEAD + b": events follow\nid: 4\n\n", told(5)) as server:
        (found,) = faces(at(STREAM, server), "t").some(events.stream(), 1)
        assert found.seq == 5
        assert b"last-event-id: 4" in server.heard[1].lower()


def test_a_stream_that_is_left_is_closed(faces: Faces) -> None:
    with serving(told(1)) as server:
        assert len(faces(at(STREAM, server), "t").some(events.stream(), 1)) == 1
        assert b"last-event-id" not in server.heard[0].lower()


def test_a_stream_that_is_refused_says_why(faces: Faces) -> None:
    body = b'{"code": "auth.expired", "title": "the token is too old", "status": 401}'
    head = b"HTTP/1.1 401 No\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
    with serving(head % len(body) + body) as server, pytest.raises(Unauthenticated) as caught:
        faces(at(STREAM, server), "t").some(events.stream(1), 1)
    assert caught.value.code == "auth.expired"
