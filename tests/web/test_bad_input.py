"""Bad input is a 4xx with one readable line, never a 500, and nothing is stored. Over TCP where gunicorn decides."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broker import addresses, auth
from broker.web import body, listener
from tests.http.brokers import PATIENCE, InProcess, Processes

NODE = 'Category: node; scheme="http://scheme.compatibleone.fr/scheme/compatible#"; class="kind"\n'


def token(key: str, account: str = "bad-input") -> str:
    return "Bearer " + auth.issue(key, auth.Principal("ann", account, auth.Role.USER))


def test_a_body_over_the_limit_is_too_large(broker: InProcess) -> None:
    headers = {"Authorization": token(broker.key), "Content-Type": "text/plain"}
    answer = broker("node", "POST", "/node/", headers, b"x" * (broker.settings.body_limit + 1))
    assert answer.status_code == 413


def test_a_large_body_that_is_within_the_limit_is_read(broker: InProcess) -> None:
    headers = {"Authorization": token(broker.key), "Content-Type": "text/plain"}
    title = "t" * 100_000
    answer = broker("node", "POST", "/node/", headers, f'{NODE}X-OCCI-Attribute: occi.core.title="{title}"'.encode())
    assert answer.status_code == 201
    long = broker("node", "GET", answer.headers["Location"], {**headers, "Accept": "text/occi"})
    assert long.status_code == 406  # it does not fit in a header, and is not cut


WRONG = yaml.safe_load((Path(__file__).parent / "wrong.yaml").read_text(encoding="utf-8"))
METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD")
TYPES = ["text/plain", "text/occi", "text/uri-list", "application/occi+json", "application/json"]


@pytest.mark.occi("HTTP-20", "HTTP-21")
@pytest.mark.parametrize("accept", TYPES)
@pytest.mark.parametrize("case", WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_said_in_one_line_in_the_rendering_asked_for_and_nothing_is_made(
    broker: InProcess, case: dict[str, Any], accept: str
) -> None:
    method = next(name for name in METHODS if name in case)
    own = {"Authorization": token(broker.key)}
    headers = {**own, "Accept": accept, **case.get("headers", {})}
    answer = broker("cloud", method, case[method], headers, case.get("body", "").encode("latin-1"))
    assert answer.status_code == case["status"], answer.text
    assert case["names"] in _one_line(answer, accept)
    assert broker("cloud", "GET", "/", {**own, "Accept": "text/uri-list"}).text == ""


def _one_line(answer: httpx.Response, accept: str) -> str:
    """The message of a refusal; it is one readable line, in JSON for who asked for JSON."""
    if "json" in accept:
        assert answer.headers["content-type"] == "application/json"
        found = answer.json()
        assert found["error"] == {"code": answer.status_code, "message": found["title"]}
        line = f"{found['title']} {found.get('hint', '')}"
    else:
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        assert answer.text.endswith("\n")
        line = answer.text[:-1]
    assert line.isprintable() and len(line) < 1000, line
    assert "Traceback" not in line
    return line


ABSENT = "/compute/00000000-0000-4000-8000-000000000000"
PLACES = ["/compute/", ABSENT, "/storagelink/", "/os_tpl/", "/-/", "/", "/nowhere/", "/compute/?action=start"]
COMPUTE = 'Category: compute; scheme="http://schemas.ogf.org/occi/infrastructure#"; class="kind"\n'
WORDS = (
    'X-OCCI-Attribute: X-OCCI-Location: Link: occi.compute.cores= occi.core.id= {"kind": {"resources":[ ] } null 1e999'
)
pieces = st.sampled_from([COMPUTE, ABSENT, *WORDS.split(), *'"\\,;=<>\n é'])
near = st.lists(pieces | st.text(max_size=4), max_size=8).map("".join)
line = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=80)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    method=st.sampled_from(METHODS),
    path=st.sampled_from(PLACES) | line.map(lambda text: "/" + quote(text, safe="/?;&=")),
    kind=st.sampled_from(TYPES) | line,
    said=st.binary(max_size=200) | near.map(lambda text: text.encode("utf-8", "replace")),
    names=st.dictionaries(
        st.sampled_from(
            [
                "Category",
                "Link",
                "X-OCCI-Attribute",
                "X-OCCI-Location",
                "Accept",
                "If-Match",
                "If-None-Match",
                "User-Agent",
            ]
        ),
        line,
        max_size=3,
    ),
)
def test_no_bytes_make_a_mistake_of_ours(
    broker: InProcess, *, method: str, path: str, kind: str, said: bytes, names: dict[str, str]
) -> None:
    headers = {"Authorization": token(broker.key, "fuzz"), "Content-Type": kind, **names}
    answer = broker("cloud", method, path, headers, said)
    assert answer.status_code < 500 or answer.status_code == 501, (answer.status_code, answer.text)


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processes]:
    found = Processes(tmp_path_factory.mktemp("bad"), together=False)
    found.start("node", "node")
    yield found
    found.close()


def where(node: Processes) -> tuple[str, int]:
    return node.settings.host, addresses.port(node.settings, "node")


def exchange(node: Processes, *pieces: bytes) -> bytes:
    """Send the pieces and read to the end, or until the answer stands still."""
    with socket.create_connection(where(node), timeout=PATIENCE) as connection:
        for piece in pieces:
            connection.sendall(piece)
        found = b""
        while b"\r\n\r\n" not in found and (piece := connection.recv(65536)):
            found += piece
    return found


def head(node: Processes, *lines: str) -> bytes:
    own = ("Host: x", f"Authorization: {token(node.key)}", "Content-Type: text/plain", *lines, "", "")
    return "\r\n".join(("POST /node/ HTTP/1.1", *own)).encode()


@pytest.mark.occi("HTTP-01")
@pytest.mark.slow
@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 70_000 + b"\r\n\r\n", 431),
        (b"GET /" + b"a" * 10_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 401),
    ],
)
def test_what_never_reaches_the_application_is_refused_in_our_words(
    node: Processes, request_bytes: bytes, status: int
) -> None:
    answer = exchange(node, request_bytes)
    assert answer.startswith(f"HTTP/1.1 {status} ".encode()), answer[:200]
    assert f"Server: {listener.SOFTWARE}\r\n".encode() in answer
    assert b"<html" not in answer


@pytest.mark.slow
def test_a_chunked_body_is_read(node: Processes) -> None:
    chunk = f"{len(NODE):x}\r\n{NODE}\r\n0\r\n\r\n".encode()
    assert exchange(node, head(node, "Transfer-Encoding: chunked"), chunk).startswith(b"HTTP/1.1 201")


@pytest.mark.slow
def test_chunks_over_the_limit_are_too_large(node: Processes) -> None:
    piece = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    pieces = [piece] * (node.settings.body_limit // 0x10000 + 1)
    answer = exchange(node, head(node, "Transfer-Encoding: chunked"), *pieces)
    assert answer.startswith(b"HTTP/1.1 413"), answer[:200]


@pytest.mark.slow
def test_a_chunk_that_is_none_is_a_bad_request(node: Processes) -> None:
    answer = exchange(node, head(node, "Transfer-Encoding: chunked"), b"zz\r\nhello\r\n")
    assert answer.startswith(b"HTTP/1.1 400"), answer[:200]


@pytest.mark.slow
def test_a_body_that_does_not_arrive_is_given_up(node: Processes) -> None:
    assert body.SECONDS < PATIENCE
    assert exchange(node, head(node, "Content-Length: 100"), b"x").startswith(b"HTTP/1.1 408")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("length", "first", "next_"),
    [
        ("Content-Length: 100000", b"", b"x"),
        ("Transfer-Encoding: chunked", b"", b"1\r\nx\r\n"),
        ("Transfer-Encoding: chunked", b"1;", b"x"),
    ],
    ids=["length", "chunks", "the size of a chunk"],
)
def test_a_body_that_trickles_for_ever_is_given_up(node: Processes, length: str, first: bytes, next_: bytes) -> None:
    """Each piece in time, all of it never: what a limit for one read does not notice."""
    with socket.create_connection(where(node), timeout=1.0) as connection:
        connection.sendall(head(node, length) + first)
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                answer = connection.recv(65536)
                break
            except TimeoutError:  # once a second
                connection.sendall(next_)
    assert answer.startswith(b"HTTP/1.1 408"), answer[:200]


@pytest.mark.slow
def test_clients_that_send_no_whole_head_do_not_keep_the_row_from_others(node: Processes) -> None:
    slow = [socket.create_connection(where(node), timeout=PATIENCE) for _ in range(node.settings.threads)]
    try:
        for connection in slow:
            connection.sendall(b"GET / HTTP/1.1\r\nHost:")
        answer = exchange(node, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 401")
        assert all(connection.recv(100).startswith(b"HTTP/1.1 408") for connection in slow)
    finally:
        for connection in slow:
            connection.close()
