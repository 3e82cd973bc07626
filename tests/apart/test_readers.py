"""Those who read the stream of events: many, slow ones, and ones whose server went away. None keeps another waiting."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn

from broker.stream.app import Limits, application
from tests.apart.streaming import PATIENCE, Streaming, streaming
from tests.databases import open_store
from tests.loopback import own_address
from tests.pacs.installation import until

KEY = "a key that is long enough for HS256"
MANY = 500
"""As many as there may be."""


class Server(uvicorn.Server):
    """In a thread of this process, which has the signals."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextmanager
def served(home: Path, limits: Limits) -> Iterator[Streaming]:
    """The application with other limits, on a port of its own choice."""
    store, host = open_store(home), own_address()
    found = Streaming(home, host, KEY, store)
    options = {
        "interface": "asgi3",
        "lifespan": "off",
        "ws": "none",
        "log_config": None,
        "timeout_graceful_shutdown": 1,
    }
    server = Server(uvicorn.Config(application(store, KEY, limits=limits), host=host, port=found.port, **options))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        until(lambda: server.started, "it listens")
        yield found
    finally:
        server.should_exit = True
        thread.join(PATIENCE)
        store.close()


def test_who_hears_nothing_gets_a_comment_so_that_the_connection_is_not_taken_for_dead(tmp_path: Path) -> None:
    with (
        served(tmp_path, Limits(heartbeat=0.05)) as stream,
        httpx.stream("GET", stream.url, headers=stream.headers(), timeout=PATIENCE, trust_env=False) as answer,
    ):
        lines = (line for line in answer.iter_lines() if line)
        begun = [next(lines) for _ in ("comment", "id", "retry")]
        assert any("events follow" in line for line in begun)
        assert [next(lines).startswith(":") for _ in range(3)] == [True] * 3


def test_who_reads_nothing_delays_nobody_and_loses_the_connection(tmp_path: Path) -> None:
    with served(tmp_path, Limits(stalled=0.5, most=2)) as stream, closing(_asking(stream)) as slow:
        until(lambda: slow.recv(1, socket.MSG_PEEK), "it is answered, and takes no more than that")
        with stream.listening() as heard:
            for _ in range(20):
                stream.happens(*(f"event-{'x' * 2000}" for _ in range(200)))  # more than kernels keep for anybody
            assert sum(1 for _ in zip(range(4000), heard, strict=False)) == 4000
            until(lambda: _status(stream) == 200, "there is a place again: the slow one has lost its own")


def test_one_more_than_there_may_be_is_told_when_to_come_again(tmp_path: Path) -> None:
    with served(tmp_path, Limits(most=1)) as stream:
        with stream.listening():
            answer = httpx.get(stream.url, headers=stream.headers(Accept="application/json"), trust_env=False)
            assert (answer.status_code, answer.json()["row"]) == (503, "stream")
            assert int(answer.headers["Retry-After"]) > 0
        until(lambda: _status(stream) == 200, "a place is free when its reader is gone")


@pytest.mark.slow
def test_as_many_as_there_may_be_all_hear_what_happens(tmp_path: Path) -> None:
    async def hear(stream: Streaming, begun: asyncio.Semaphore) -> str:
        reader, writer = await asyncio.open_connection(stream.host, stream.port)
        writer.write(_request(stream))
        await reader.readuntil(b"events follow\n")
        begun.release()
        found = await reader.readuntil(b"event: here\n")
        writer.close()
        return found.decode()

    async def all_of_them(stream: Streaming) -> list[str]:
        begun = asyncio.Semaphore(0)
        hearing = [asyncio.create_task(hear(stream, begun)) for _ in range(MANY)]
        for _ in range(MANY):
            await begun.acquire()
        assert await asyncio.to_thread(_status, stream) == 503, "no more than those"
        await asyncio.to_thread(stream.happens, "here")
        return await asyncio.gather(*hearing)

    with streaming(tmp_path) as stream:
        found = asyncio.run(asyncio.wait_for(all_of_them(stream), PATIENCE))
        assert len(found) == MANY
        until(lambda: _status(stream) == 200, "there are places again")


def test_a_reader_whose_server_was_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    with streaming(tmp_path) as stream:
        heard = []
        with stream.listening() as first:
            stream.happens("one", "two")
            heard += [next(first), next(first)]
            stream.end(kill=True)
            stream.happens("three")
            with pytest.raises(httpx.TransportError):
                next(first)
        stream.start()
        stream.happens("four")
        with stream.listening(**{"Last-Event-ID": heard[-1]["id"]}) as again:
            heard += [next(again), next(again)]
        assert [each["event"] for each in heard] == ["one", "two", "three", "four"]


def _request(stream: Streaming) -> bytes:
    head = "".join(f"{name}: {value}\r\n" for name, value in stream.headers().items())
    return f"GET /events HTTP/1.1\r\nHost: {stream.host}\r\n{head}\r\n".encode()


def _asking(stream: Streaming) -> socket.socket:
    """A connection that has asked for events, with little room for them."""
    found = socket.socket()
    found.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    found.connect((stream.host, stream.port))
    found.sendall(_request(stream))
    return found


def _status(stream: Streaming) -> int:
    with httpx.stream("GET", stream.url, headers=stream.headers(), timeout=PATIENCE, trust_env=False) as answer:
        return answer.status_code
