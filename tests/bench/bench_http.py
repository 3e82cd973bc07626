"""GET of an entity and the memory of an idle broker, beside bare Falcon under the same gunicorn in the same run.

Prints JSON lines: name, value, unit, goal, anchor. CPU is what the serving process used (user and system) while it
answered, divided by the requests; a noisy machine changes it little.

    python tests/bench/bench_http.py
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from broker import addresses, auth
from tests.http.brokers import START, free_port, free_ports, until_listening

ALL = """
from broker import worker
from broker.settings import load
from broker.serve import serve
settings = load()
serve(settings, "all", beside=[lambda: worker.run(settings)])
"""
REQUESTS = 3000
ROUNDS = 3
BARE = """
import falcon
from gunicorn.app.base import BaseApplication
BODY = b"x" * {size}
class Entity:
    def on_get(self, req, resp, id):
        resp.content_type = "text/plain; charset=utf-8"
        resp.data = BODY
app = falcon.App()
app.add_route("/node/{{id}}", Entity())
class Server(BaseApplication):
    def load_config(self):
        for name, value in dict(bind="127.0.0.1:{port}", worker_class="gthread", threads=8, preload_app=True,
                                control_socket_disable=True, keepalive=30).items():
            self.cfg.set(name, value)
    def load(self):
        return app
Server().run()
"""
NODE = b'Category: node; scheme="http://scheme.compatibleone.fr/scheme/compatible#"; class="kind"\n'
ATTRIBUTES = b'X-OCCI-Attribute: occi.node.name="pacs"\nX-OCCI-Attribute: occi.core.title="the archive"\n'


def main() -> None:
    with tempfile.TemporaryDirectory() as home:
        env = _environment(Path(home))
        entity(env)
        idle(env)


def entity(env: Mapping[str, str]) -> None:
    """CPU of a GET of one entity, text and JSON."""
    port = int(env["ACCORDS_BASE_PORT"]) + addresses.OFFSETS["node"]
    server = _start(START.format(row="node"), env, port)
    try:
        path, size, headers = _made(port, env)
        bare_port = free_port()
        bare = _start(BARE.format(size=size, port=bare_port), env, bare_port)
        try:
            for name, accept in (("text", "text/plain"), ("json", "application/occi+json")):
                lines = {**headers, "Accept": accept}
                rounds = [(_cpu(server, port, path, lines), _cpu(bare, bare_port, path, lines)) for _ in range(ROUNDS)]
                ours, theirs = min(each[0] for each in rounds), min(each[1] for each in rounds)
                _say(f"http.get.{name}", round(ours, 3), "ms CPU", 0.3, f"bare Falcon {theirs:.3f}")
        finally:
            _end(bare)
    finally:
        _end(server)


def idle(env: Mapping[str, str]) -> None:
    """Proportional set size of all rows, the door and a worker, idle."""
    base = int(env["ACCORDS_BASE_PORT"])
    server = _start(ALL, env, base)
    try:
        _touch_every_row(base, env)
        time.sleep(8)  # idle is what is measured: a few renewals and looks for work
        sizes = [_pss(pid) for pid in _family(server.pid)]
        _say("memory.idle", round(sum(sizes) / 1e6, 1), "MB PSS", 150, f"{len(sizes)} processes")
    finally:
        _end(server)


def _environment(home: Path) -> dict[str, str]:
    return {
        **os.environ,
        "ACCORDS_HOME": str(home),
        "ACCORDS_BASE_PORT": str(free_ports()),
        "ACCORDS_DOOR_ADDRESS": "127.0.0.1",
        "ACCORDS_DOOR_PORT": str(free_port()),
        "ACCORDS_PROVIDERS": json.dumps({"fake": {"driver": "fake"}}),
    }


def _start(program: str, env: Mapping[str, str], port: int) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-c", program], env=dict(env), stderr=subprocess.DEVNULL, start_new_session=True
    )
    until_listening(port)
    return process


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    process.wait(30)


def _token(env: Mapping[str, str]) -> str:
    key = json.loads((Path(env["ACCORDS_HOME"]) / "installation.json").read_text())["key"]
    return auth.issue(key, auth.Principal("bench", "bench", auth.Role.USER))


def _made(port: int, env: Mapping[str, str]) -> tuple[str, int, dict[str, str]]:
    """An entity's path, the size of its text, and the headers to ask with."""
    headers = {"Host": "bench", "Authorization": f"Bearer {_token(env)}"}
    with socket.create_connection(("127.0.0.1", port)) as connection:
        body = NODE + ATTRIBUTES
        lines = {**headers, "Content-Type": "text/plain", "Content-Length": str(len(body))}
        made = _ask(connection, "POST", "/node/", lines, body)
        found = re.search(rb"\r\nLocation: http://bench([^\r]*)", made)
        assert found, made
        path = found[1].decode()
        shown = _ask(connection, "GET", path, headers)
    return path, len(shown.partition(b"\r\n\r\n")[2]), headers


def _cpu(server: subprocess.Popen[bytes], port: int, path: str, headers: Mapping[str, str]) -> float:
    """Milliseconds of CPU a request, over one kept-alive connection."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(300):
            _ask(connection, "GET", path, headers)
        before = _used(server)
        for _ in range(REQUESTS):
            _ask(connection, "GET", path, headers)
        return (_used(server) - before) / REQUESTS * 1000


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


def _used(server: subprocess.Popen[bytes]) -> float:
    """CPU seconds of a server's processes."""
    ticks = 0
    for pid in _family(server.pid):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(each for child in children for each in _family(int(child)))]


def _pss(pid: int) -> int:
    found = re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
    assert found
    return int(found[1]) * 1024


def _touch_every_row(base: int, env: Mapping[str, str]) -> None:
    headers = {"Host": "bench", "Authorization": f"Bearer {_token(env)}"}
    for offset in addresses.OFFSETS.values():
        with socket.create_connection(("127.0.0.1", base + offset)) as connection:
            _ask(connection, "GET", "/", headers)


def _say(name: str, value: float, unit: str, goal: float, anchor: str) -> None:
    sys.stdout.write(json.dumps({"name": name, "value": value, "unit": unit, "goal": goal, "anchor": anchor}) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
