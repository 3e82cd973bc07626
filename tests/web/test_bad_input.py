"""Bad input is a 4xx with one readable line, never a 500, and nothing is stored. Over TCP where gunicorn decides."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from urllib.parse import quote

import httpx
import pytest
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


KIND = 'Category: {0}; scheme="http://schemas.ogf.org/occi/infrastructure#"; class="kind"\n'
COMPUTE, STORAGE, NETWORK = (KIND.format(term) for term in ("compute", "storage", "network"))
INTERFACE = KIND.format("networkinterface")
JSON_COMPUTE = b'{"kind":"http://schemas.ogf.org/occi/infrastructure#compute"'
ABSENT = "/compute/00000000-0000-4000-8000-000000000000"
TEXT, HEADERS, JSON, LIST = "text/plain", "text/occi", "application/occi+json", "text/uri-list"

Bad = tuple[str, str, dict[str, str], str | bytes, int, str]
"""(method, path, headers, body, status, what the line names)"""

BAD: dict[str, Bad] = {
    "a header that is no category": ("POST", "/compute/", {"Content-Type": HEADERS, "Category": "?"}, "", 400, "?"),
    "an open quote": ("POST", "/compute/", {"Content-Type": TEXT}, 'Category: compute; scheme="http://x', 400, "quote"),
    "an open quote in a header": (
        "POST",
        "/compute/",
        {"Content-Type": HEADERS, "Category": 'a; b="'},
        "",
        400,
        "quote",
    ),
    "a quote in a quote": (
        "POST",
        "/compute/",
        {"Content-Type": TEXT},
        COMPUTE + 'X-OCCI-Attribute: a="b"c"',
        400,
        "quote",
    ),
    "no scheme": ("POST", "/compute/", {"Content-Type": TEXT}, 'Category: compute; class="kind"', 400, "scheme"),
    "a category of no class": (
        "POST",
        "/compute/",
        {"Content-Type": TEXT},
        COMPUTE.replace('"kind"', '"sort"'),
        400,
        "sort",
    ),
    "two kinds": ("POST", "/compute/", {"Content-Type": TEXT}, COMPUTE + STORAGE, 400, "one kind"),
    "no kind": ("POST", "/compute/", {"Content-Type": TEXT}, "X-OCCI-Attribute: occi.compute.cores=1", 400, "kind"),
    "an unknown kind": ("POST", "/compute/", {"Content-Type": TEXT}, KIND.format("comput"), 404, "comput"),
    "an unknown kind in JSON": (
        "POST",
        "/compute/",
        {"Content-Type": JSON},
        b'{"kind":"http://x#y"}',
        404,
        "http://x#y",
    ),
    "an unknown mixin": (
        "POST",
        "/compute/",
        {"Content-Type": TEXT},
        COMPUTE + 'Category: m; scheme="http://x#"; class="mixin"',
        404,
        "x#m",
    ),
    "an unknown line": ("POST", "/compute/", {"Content-Type": TEXT}, COMPUTE + "Attribute: a=1", 400, "Attribute"),
    "an unknown attribute": (
        "POST",
        "/compute/",
        {"Content-Type": TEXT},
        COMPUTE + "X-OCCI-Attribute: occi.compute.core=1",
        400,
        "core",
    ),
    "an attribute without a value": (
        "POST",
        "/compute/",
        {"Content-Type": TEXT},
        COMPUTE + "X-OCCI-Attribute: occi.compute.cores",
        400,
        "cores",
    ),
    "a wrong type": (
        "POST",
        "/compute/",
        {"Content-Type": TEXT},
        COMPUTE + 'X-OCCI-Attribute: occi.compute.cores="x"',
        400,
        "cores",
    ),
    "a fraction of a core": (
        "POST",
        "/compute/",
        {"Content-Type": TEXT},
        COMPUTE + "X-OCCI-Attribute: occi.compute.cores=1.5",
        400,
        "cores",
    ),
    "a number that nothing holds": (
        "POST",
        "/compute/",
        {"Content-Type": TEXT},
        COMPUTE + f"X-OCCI-Attribute: occi.compute.cores={'9' * 30}",
        400,
        "cores",
    ),
    "a value that is none of its values": (
        "POST",
        "/compute/",
        {"Content-Type": TEXT},
        COMPUTE + 'X-OCCI-Attribute: occi.compute.architecture="arm"',
        400,
        "x86",
    ),
    "a value that breaks its pattern": (
        "POST",
        "/networkinterface/",
        {"Content-Type": TEXT},
        INTERFACE + 'X-OCCI-Attribute: occi.networkinterface.mac="02-00"',
        400,
        "mac",
    ),
    "an immutable attribute": (
        "POST",
        "/compute/",
        {"Content-Type": TEXT},
        COMPUTE + 'X-OCCI-Attribute: occi.compute.state="active"',
        403,
        "state",
    ),
    "a mixin that does not apply": (
        "POST",
        "/network/",
        {"Content-Type": TEXT},
        NETWORK + 'Category: os_tpl; scheme="http://schemas.ogf.org/occi/infrastructure#"; class="mixin"',
        403,
        "os_tpl",
    ),
    "a required attribute is missing": ("POST", "/storage/", {"Content-Type": TEXT}, STORAGE, 400, "occi.storage.size"),
    "a link from nowhere": (
        "POST",
        "/networkinterface/",
        {"Content-Type": TEXT},
        INTERFACE + f'X-OCCI-Attribute: occi.core.source="{ABSENT}", occi.core.target="http://x.example/1"',
        404,
        ABSENT,
    ),
    "an inline link to nowhere": (
        "POST",
        "/compute/",
        {"Content-Type": TEXT},
        COMPUTE
        + f'Link: <{ABSENT}>; rel="http://x#y"; category="http://schemas.ogf.org/occi/infrastructure#networkinterface"',
        404,
        ABSENT,
    ),
    "a target that is no address": (
        "POST",
        "/compute/",
        {"Content-Type": TEXT},
        COMPUTE
        + 'Link: <http://[>; rel="http://x#y"; category="http://schemas.ogf.org/occi/infrastructure#storagelink"',
        400,
        "http://[",
    ),
    "bytes that are no UTF-8": (
        "POST",
        "/compute/",
        {"Content-Type": TEXT},
        COMPUTE.encode() + b"\xff\xfe",
        400,
        "UTF-8",
    ),
    "a NUL": (
        "POST",
        "/compute/",
        {"Content-Type": TEXT},
        COMPUTE + 'X-OCCI-Attribute: occi.core.title="\0"',
        400,
        "NUL",
    ),
    "a NUL in JSON": ("POST", "/compute/", {"Content-Type": JSON}, JSON_COMPUTE + b',"title":"\\u0000"}', 400, "NUL"),
    "half a JSON": ("POST", "/compute/", {"Content-Type": JSON}, JSON_COMPUTE, 400, "JSON"),
    "half a character": (
        "POST",
        "/compute/",
        {"Content-Type": JSON},
        JSON_COMPUTE + b',"title":"\\ud800"}',
        400,
        "JSON",
    ),
    "a deep JSON": ("POST", "/compute/", {"Content-Type": JSON}, b'{"links":[' * 2000, 400, "JSON"),
    "a list": ("POST", "/compute/", {"Content-Type": JSON}, b"[]", 400, "object"),
    "a number as a kind": ("POST", "/compute/", {"Content-Type": JSON}, b'{"kind":1}', 400, "kind"),
    "text that says it is JSON": ("POST", "/compute/", {"Content-Type": JSON}, COMPUTE, 400, "JSON"),
    "JSON that says it is text": ("POST", "/compute/", {"Content-Type": TEXT}, JSON_COMPUTE + b"}", 400, "Category"),
    "addresses that say they are an entity": ("POST", "/compute/", {"Content-Type": LIST}, ABSENT, 400, "uri-list"),
    "a type that nobody reads": (
        "POST",
        "/compute/",
        {"Content-Type": "application/pdf"},
        b"%PDF",
        415,
        "application/pdf",
    ),
    "a type that is none": ("POST", "/compute/", {"Content-Type": ";;;"}, COMPUTE, 415, ";;;"),
    "a type that the method has not": ("PATCH", "/compute/", {"Content-Type": JSON}, b"{}", 405, "PATCH"),
    "nothing to replace by": ("PUT", ABSENT, {"Content-Type": TEXT}, "", 400, "kind"),
    "a path that is no entity's": ("PUT", "/compute/%00", {"Content-Type": TEXT}, COMPUTE, 400, "chosen"),
    "nobody": ("GET", ABSENT, {}, "", 404, "compute"),
    "nobody by a strange name": ("GET", "/compute/%00", {}, "", 404, "compute"),
    "a path that nothing is at": ("GET", "/%2e%2e/%00/", {}, "", 404, "nothing"),
    "an action of nobody": ("POST", f"{ABSENT}?action=start", {}, "", 404, "compute"),
    "an action that is none": ("POST", "/compute/?action=%00", {"Content-Type": JSON}, b'{"action":"x"}', 404, "x"),
    "an action in the wrong form": (
        "POST",
        "/compute/?action=start",
        {"Content-Type": JSON},
        b'{"action":[]}',
        400,
        "action",
    ),
    "a filter that is none": ("GET", "/compute/", {"X-OCCI-Attribute": "="}, "", 400, "="),
    "a filter of nobody": ("GET", "/compute/", {"Category": 'x; scheme="http://x#"'}, "", 404, "http://x#x"),
    "a page that is none": ("GET", "/compute/?page=%00", {}, "", 400, "page"),
    "a page that is too large": ("GET", "/compute/?number=99999", {}, "", 413, "99999"),
    "members that are nobody": ("POST", "/os_tpl/", {"Content-Type": LIST}, "http://[", 400, "http://["),
    "members of elsewhere": ("PUT", "/os_tpl/", {"Content-Type": LIST}, "http://x.example/compute/1", 404, "x.example"),
    "a body that names none of them": ("DELETE", "/compute/", {"Content-Type": JSON}, b"{}", 400, "named"),
    "a mixin without a place": (
        "POST",
        "/-/",
        {"Content-Type": TEXT},
        'Category: a; scheme="http://x.example/#"; class="mixin"',
        400,
        "location",
    ),
    "a token that is none": ("GET", "/compute/", {"Authorization": "Bearer x"}, "", 401, "token"),
    "a version to come": ("GET", "/compute/", {"User-Agent": "x OCCI/9.9"}, "", 501, "OCCI/9.9"),
}


@pytest.mark.occi("HTTP-20", "HTTP-21")
@pytest.mark.parametrize(
    "accept", ["text/plain", "text/occi", "text/uri-list", "application/occi+json", "application/json"]
)
@pytest.mark.parametrize("case", BAD.values(), ids=BAD)
def test_what_is_wrong_is_said_in_one_line_in_the_rendering_asked_for_and_nothing_is_made(
    broker: InProcess, case: Bad, accept: str
) -> None:
    method, path, headers, said, status, named = case
    own = {"Authorization": token(broker.key)}
    sent = said.encode() if isinstance(said, str) else said
    answer = broker("cloud", method, path, {**own, "Accept": accept, **headers}, sent)
    assert answer.status_code == status, answer.text
    assert named in _one_line(answer, accept)
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


PLACES = ["/compute/", ABSENT, "/storagelink/", "/os_tpl/", "/-/", "/", "/nowhere/", "/compute/?action=start"]
WORDS = (
    'X-OCCI-Attribute: X-OCCI-Location: Link: occi.compute.cores= occi.core.id= {"kind": {"resources":[ ] } null 1e999'
)
pieces = st.sampled_from([COMPUTE, STORAGE, ABSENT, *WORDS.split(), *'"\\,;=<>\n é'])
near = st.lists(pieces | st.text(max_size=4), max_size=8).map("".join)
line = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=80)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD"]),
    path=st.sampled_from(PLACES) | line.map(lambda text: "/" + quote(text, safe="/?;&=")),
    kind=st.sampled_from([TEXT, HEADERS, LIST, JSON, "application/json"]) | line,
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
