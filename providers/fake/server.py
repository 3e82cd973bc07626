"""The fake cloud as a process of its own: its state lives as long as it does, whatever becomes of its clients.

    python -m providers.fake.server --port 8099 --knobs '{"latency": 0.01}'

JSON over HTTP, on loopback unless told, a thread a connection, no credential. `POST /<call>` for the calls of
`providers.fake.wire`, which are the Protocol's and, for tests, those that look behind the scenes. The first line on
standard output is its address; port 0 lets the system choose.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson
from pydantic import ValidationError

from providers.errors import ProviderError, Refused
from providers.fake import Fake, read_knobs
from providers.fake.wire import CALLS, SPECS, adapter, error_to_json
from providers.protocol import Kind

BODY_LIMIT = 4 * 1024**2


class Server(ThreadingHTTPServer):
    """One fake cloud behind a socket."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, fake: Fake, port: int, host: str = "127.0.0.1") -> None:
        super().__init__((host, port), _Handler)
        self.fake = fake

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that was killed is nothing to tell of; anything else is."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]  # passed on as it came

    @property
    def url(self) -> str:
        return f"http://{self.server_address[0]!s}:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body leave together

    def do_POST(self) -> None:
        try:
            self._answer(HTTPStatus.OK, answer(self.server.fake, self.path.strip("/"), self._body()))
        except ProviderError as error:
            self._answer(HTTPStatus.CONFLICT, orjson.dumps({"error": error_to_json(error)}))

    def _body(self) -> bytes:
        length = int(self.headers.get("Content-Length", "0"))
        if length > BODY_LIMIT:
            self.close_connection = True
            raise Refused(f"a request of {length} bytes is too large; at most {BODY_LIMIT}")
        return self.rfile.read(length)

    def _answer(self, status: HTTPStatus, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the ledger knows every call."""


def answer(fake: Fake, call: str, body: bytes) -> bytes:
    """The result of one call as JSON, or the error it ended with."""
    shape = CALLS.get(call)
    if shape is None:
        raise Refused(f"there is no call {call!r}; there are {', '.join(CALLS)}")
    try:
        found = orjson.loads(body)
        values = {name: adapter(kind).validate_python(found[name]) for name, kind in shape.takes.items()}
        given = _spec(found) if call == "create" else {}
    except (ValidationError, orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise Refused(f"{call}: the request is not as it should be: {error}") from error
    if not shape.control:
        values["deadline"] = float(found["deadline"])
    result = getattr(fake, call)(**given, **values)
    return b'{"result":' + shape.answers.dump_json(result) + b"}"


def _spec(found: Mapping[str, Any]) -> Mapping[str, object]:
    return {"spec": adapter(SPECS[Kind(found["made"])]).validate_python(found["spec"])}


def main(arguments: list[str]) -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(prog="python -m providers.fake.server", description="The fake cloud, as a server.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on; whoever reaches it can do anything")
    parser.add_argument("--port", type=int, default=0, help="0 lets the system choose")
    parser.add_argument("--name", default="fake", help="the provider instance's name in its messages")
    parser.add_argument("--knobs", default="{}", help="knobs as JSON; see providers/fake/knobs.py")
    found = parser.parse_args(arguments)
    knobs = read_knobs(found.name, orjson.loads(found.knobs))
    with Server(Fake(found.name, knobs), found.port, found.host) as server:
        sys.stdout.write(f"{server.url}\n")
        sys.stdout.flush()
        server.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1:])
