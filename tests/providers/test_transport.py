"""One deadline over all phases of a request, and what its failures are called."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import httpx
import pytest

from providers.errors import Ambiguous, Unavailable
from providers.transport import Clock, exchange, retry_after

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"


@contextmanager
def serving(serve: Callable[[socket.socket, threading.Event], None]) -> Iterator[str]:
    """A listener that does `serve` with its first connection, until the event it is given is set."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def run() -> None:
            connection, _ = listener.accept()
            with connection:
                serve(connection, over)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        over.set()
        thread.join()


def silent(connection: socket.socket, over: threading.Event) -> None:
    over.wait()


def dripping(connection: socket.socket, over: threading.Event) -> None:
    """A byte of the body every 20 ms: no single wait is ever long."""
    connection.recv(65536)
    connection.sendall(HEAD)
    while not over.wait(0.02):
        try:
            connection.sendall(b".")
        except OSError:
            return


def hanging_up(connection: socket.socket, over: threading.Event) -> None:
    connection.recv(65536)


def ask(url: str, deadline: float) -> httpx.Response:
    with httpx.Client(trust_env=False) as client:
        request = client.build_request("POST", url, content=b"{}")
        return exchange(client, request, Clock(deadline), provider="paris", thing="machine/pacs")


@pytest.mark.parametrize("serve", [silent, dripping, hanging_up])
def test_no_answer_in_time_is_ambiguous_however_it_fails_to_come(
    serve: Callable[[socket.socket, threading.Event], None],
) -> None:
    """The dripping body would take 20 seconds: the one deadline ends it, as the test's end shows."""
    with serving(serve) as url, pytest.raises(Ambiguous) as raised:
        ask(url, 0.3)
    assert (raised.value.provider, raised.value.thing) == ("paris", "machine/pacs")


def test_nobody_listening_is_unavailable() -> None:
    with pytest.raises(Unavailable, match="does not answer"):
        ask("http://127.0.0.1:9", 2.0)


def test_nothing_is_sent_when_no_time_is_left() -> None:
    with pytest.raises(Unavailable, match="no time was left"):
        ask("http://127.0.0.1:9", 0.0)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("17", 17.0),
        ("Sun, 06 Nov 1994 08:49:42 GMT", 5.0),
        ("Sun, 06 Nov 1994 08:49:42 -0000", 5.0),
        ("Sun, 06 Nov 1994 08:00:00 GMT", 0.0),
        ("soon", None),
        ("-3", None),
        ("", None),
    ],
)
def test_a_cloud_that_throttles_names_seconds_or_a_date_or_nothing(said: str, seconds: float | None) -> None:
    now = datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)
    assert retry_after(httpx.Headers({"retry-after": said}), now) == seconds
