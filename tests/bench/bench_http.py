"""GET of an entity: CPU of `accords serve node`, beside bare Falcon under the same gunicorn in the same run.

CPU is what the serving process used (user and system) while it answered, divided by the requests; the least of some
rounds, because neighbours on the machine only ever add.
"""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from collections.abc import Mapping

from installation import Installation, cpu, family, free, installation, until_listening

from broker import addresses, auth

REQUESTS = 3000
ROUNDS = 5
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
    with installation({}, (("serve", "node"),)) as found:
        port = found.base_port + addresses.OFFSETS["node"]
        path, size, headers = made(found, port)
        bare_port = free()
        bare = subprocess.Popen(
            [sys.executable, "-c", BARE.format(size=size, port=bare_port)], stderr=subprocess.DEVNULL
        )
        try:
            until_listening(bare_port)
            for accept in ("text/plain", "application/occi+json"):
                lines = {**headers, "Accept": accept}
                rounds = [
                    (spent(found.processes[0].pid, port, path, lines), spent(bare.pid, bare_port, path, lines))
                    for _ in range(ROUNDS)
                ]
                show(accept, min(ours for ours, _ in rounds), min(theirs for _, theirs in rounds))
        finally:
            bare.terminate()
            bare.wait(30)


def show(accept: str, ours: float, bare: float) -> None:
    anchor = f"bare Falcon in this run {bare:.3f} (0.14-0.17 on an idle machine); IM 0.5-0.8"
    name = f"GET of an entity, {accept}"
    print(json.dumps({"name": name, "value": ours, "unit": "ms CPU", "goal": "<= 0.3", "anchor": anchor}), flush=True)


def made(found: Installation, port: int) -> tuple[str, int, dict[str, str]]:
    """An entity's path, the size of its text, and the headers to ask with."""
    key = json.loads((found.home / "installation.json").read_text())["key"]
    token = auth.issue(key, auth.Principal("bench", "bench", auth.Role.USER))
    headers = {"Host": "bench", "Authorization": f"Bearer {token}"}
    with socket.create_connection(("127.0.0.1", port)) as connection:
        body = NODE + ATTRIBUTES
        lines = {**headers, "Content-Type": "text/plain", "Content-Length": str(len(body))}
        answer = _ask(connection, "POST", "/node/", lines, body)
        location = re.search(rb"\r\nLocation: http://bench([^\r]*)", answer)
        assert location, answer
        path = location[1].decode()
        shown = _ask(connection, "GET", path, headers)
    return path, len(shown.partition(b"\r\n\r\n")[2]), headers


def spent(server: int, port: int, path: str, headers: Mapping[str, str]) -> float:
    """Milliseconds of CPU a request, over one kept-alive connection."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(300):
            _ask(connection, "GET", path, headers)
        before = sum(map(cpu, family(server)))
        for _ in range(REQUESTS):
            _ask(connection, "GET", path, headers)
        return (sum(map(cpu, family(server))) - before) / REQUESTS * 1000


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
