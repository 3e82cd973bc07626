"""What requests cost the server: CPU of `accords serve node`, beside bare Falcon sending the same bytes under the same
gunicorn in the same run.

CPU is what the serving processes used (user and system) while they answered one client on one kept-alive connection,
divided by the requests; the least of some rounds taken in turns, because neighbours on the machine only ever add. Both
serve on one core. pyssf, the other OCCI server in Python, cannot stand beside them: its last release, 0.4.7 of 2012, is
written for Python 2 (`import StringIO`).
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from installation import Installation, family, free, installation, until_listening

from broker import addresses, auth

ROUNDS = 5
WARM = 200
TEXT, JSON = "text/plain", "application/occi+json"
BARE = """
import sys, falcon
from gunicorn.app.base import BaseApplication
class Body:
    def __init__(self, file, media):
        self.body, self.media = open(file, "rb").read(), media
    def on_get(self, req, resp):
        resp.content_type = self.media
        resp.data = self.body
    def on_post(self, req, resp):
        req.bounded_stream.read()
        resp.status = 201
        self.on_get(req, resp)
app = falcon.App()
port, *bodies = sys.argv[1:]
for number in range(0, len(bodies), 2):
    app.add_route(f"/{number // 2}", Body(*bodies[number:number + 2]))
class Server(BaseApplication):
    def load_config(self):
        for name, value in dict(bind=f"127.0.0.1:{port}", worker_class="gthread", threads=8, preload_app=True,
                                control_socket_disable=True, keepalive=30).items():
            self.cfg.set(name, value)
    def load(self):
        return app
Server().run()
"""
NODE = b'Category: node; scheme="http://scheme.compatibleone.fr/scheme/compatible#"; class="kind"\n'
ATTRIBUTES = b'X-OCCI-Attribute: occi.node.name="pacs"\nX-OCCI-Attribute: occi.core.title="the archive"\n'


@dataclass(frozen=True, slots=True)
class Case:
    """`most` is how many times what bare Falcon takes it may take; None: no such goal. `body`: a POST of it."""

    name: str
    path: str
    accept: str
    most: float | None
    requests: int = 2000
    body: bytes = b""

    def lines(self, headers: Mapping[str, str]) -> dict[str, str]:
        """What a request says beside its first line."""
        sent = {"Content-Type": TEXT, "Content-Length": str(len(self.body))} if self.body else {}
        return {**headers, "Accept": self.accept, **sent}

    def ask(self, connection: socket.socket, path: str, headers: Mapping[str, str]) -> bytes:
        return _ask(connection, "POST" if self.body else "GET", path, self.lines(headers), self.body)


NEW = Case("POST of an entity", "/node/", TEXT, None, body=NODE + ATTRIBUTES)


def main() -> None:
    with installation({}, (("serve", "node"),)) as found:
        port = found.base_port + addresses.OFFSETS["node"]
        headers = authorized(found)
        cases = list(_cases(port, headers))
        answers = [_once(port, case, headers) for case in cases]
        with bare(answers) as (process, bare_port):
            for number, case in enumerate(cases):
                ours, anchor = [], []
                for _ in range(ROUNDS):
                    ours.append(spent(found.processes[0].pid, port, case, case.path, headers))
                    anchor.append(spent(process.pid, bare_port, case, f"/{number}", headers))
                show(case, min(ours), min(anchor), len(answers[number][1]))


def _cases(port: int, headers: Mapping[str, str]) -> Iterator[Case]:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        path, *_ = [_made(connection, headers) for _ in range(100)]
    for accept in (TEXT, JSON):
        yield Case("GET of an entity", path, accept, 2)
        yield Case("GET of 100 entities", "/node/?number=100", accept, 3, 500)
        yield Case("GET of the query interface", "/-/", accept, 2)
    yield NEW


def show(case: Case, ours: float, bare: float, size: int) -> None:
    name = f"{case.name}, {case.accept}, {size:,} bytes"
    anchor = f"bare Falcon in this run {bare:.3f}; this is {ours / bare:.2f} times that; IM 0.5-1.2"
    goal = f"<= {case.most * bare:.3f} ({case.most:g} times bare)" if case.most else "see the benchmark of the store"
    print(json.dumps({"name": name, "value": ours, "unit": "ms CPU", "goal": goal, "anchor": anchor}), flush=True)


@contextmanager
def bare(answers: list[tuple[str, bytes]]) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Falcon with nothing behind it, that gives these answers (media type, body) at `/0`, `/1` …, and its port."""
    port = free()
    with tempfile.TemporaryDirectory() as folder:
        bodies = []
        for number, (media, body) in enumerate(answers):
            file = Path(folder, str(number))
            file.write_bytes(body)
            bodies += [str(file), media]
        process = subprocess.Popen([sys.executable, "-c", BARE, str(port), *bodies], stderr=subprocess.DEVNULL)
        try:
            until_listening(port)
            yield process, port
        finally:
            process.terminate()
            process.wait(30)


def authorized(found: Installation) -> dict[str, str]:
    """The headers to ask with."""
    key = json.loads((found.home / "installation.json").read_text())["key"]
    token = auth.issue(key, auth.Principal("bench", "bench", auth.Role.USER))
    return {"Host": "bench", "Authorization": f"Bearer {token}"}


def _made(connection: socket.socket, headers: Mapping[str, str]) -> str:
    """The path of a new node."""
    answer = NEW.ask(connection, NEW.path, headers)
    location = re.search(rb"\r\nLocation: http://bench([^\r]*)", answer)
    assert location, answer
    return location[1].decode()


def _once(port: int, case: Case, headers: Mapping[str, str]) -> tuple[str, bytes]:
    """Media type and body of an answer."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        head, _, body = case.ask(connection, case.path, headers).partition(b"\r\n\r\n")
    media = re.search(rb"(?i)\r\ncontent-type: ([^\r]*)", head)
    assert media and b" 20" in head[:20], head
    return media[1].decode(), body


def spent(server: int, port: int, case: Case, path: str, headers: Mapping[str, str]) -> float:
    """Milliseconds of CPU a request, over one kept-alive connection."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(WARM):
            case.ask(connection, path, headers)
        before = used(server)
        for _ in range(case.requests):
            case.ask(connection, path, headers)
        return (used(server) - before) / case.requests * 1000


def used(server: int) -> float:
    """CPU seconds of a server and its children so far, to the nanosecond (schedstat). They are kept on one core."""
    threads = [task for pid in family(server) for task in Path(f"/proc/{pid}/task").iterdir()]
    for task in threads:
        os.sched_setaffinity(int(task.name), {CORE})
    return sum(int((task / "schedstat").read_text().split()[0]) for task in threads) / 1e9


CORE = min(os.sched_getaffinity(0))
"""Where servers run."""


def _ask(connection: socket.socket, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    connection.sendall("\r\n".join(lines).encode() + body)
    found = b""
    while b"\r\n\r\n" not in found:
        found += connection.recv(65536)
    head, _, rest = found.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
    while length and len(rest) < int(length[1]):
        piece = connection.recv(65536)
        found += piece
        rest += piece
    return found


if __name__ == "__main__":
    main()
