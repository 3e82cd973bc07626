"""The stand-in behind a socket: XML-RPC on loopback, a thread a connection, with faults on the way.

OpenNebula answers every call with 200 and three values: whether it went well, the result or a sentence, and a code.
Parameters that do not fit are an XML-RPC fault.
"""

from __future__ import annotations

import time
import xmlrpc.client
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from inspect import signature
from xml.parsers.expat import ExpatError

from tests.stands.opennebula.cloud import Cloud
from tests.stands.opennebula.errors import UNAUTHENTICATED, Code, Refusal
from tests.stands.opennebula.methods import METHODS
from tests.stands.opennebula.pairs import Malformed

PATH = "/RPC2"


@dataclass(slots=True)
class Fault:
    """One thing that goes wrong with the next `times` calls of `method` (a pattern).

    `refuse`: this refusal is the answer, and nothing is done. `status`: that HTTP status, and nothing is done. `wait`:
    seconds before it is done. `cut`: it is done, and the connection ends without an answer; `half`: after half of it.
    `cut_before`: the connection ends and nothing is done.
    """

    method: str = "*"
    times: int = 1
    refuse: Refusal | None = None
    status: int = 0
    wait: float = 0.0
    cut: bool = False
    half: bool = False
    cut_before: bool = False


def database_is_locked(method: str = "*", times: int = 1) -> Fault:
    """On SQLite a busy oned cannot look the user up, and says that the user could not be authenticated."""
    return Fault(method, times, refuse=Refusal(Code.AUTHENTICATION, UNAUTHENTICATED))


@dataclass(slots=True)
class Log:
    """Calls as they came (method, session) and the faults to come."""

    calls: list[tuple[str, str]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def take(self, method: str) -> Fault | None:
        """The fault that hits this call."""
        for fault in self.faults:
            if fault.times and fnmatchcase(method, fault.method):
                fault.times -= 1
                return fault
        return None


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, cloud: Cloud, log: Log, host: str, port: int) -> None:
        super().__init__((host, port), _Handler)
        self.cloud, self.log = cloud, log

    @property
    def url(self) -> str:
        return f"http://{self.server_address[0]!s}:{self.server_address[1]}{PATH}"


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body leave together

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        try:
            parameters, method = xmlrpc.client.loads(body)
        except (ExpatError, ValueError):
            return self._answer(b"", status=400)
        self.server.log.calls.append((str(method), str(parameters[0]) if parameters else ""))
        fault = self.server.log.take(str(method)) or Fault()
        if fault.cut_before:
            return self._hang_up()
        time.sleep(fault.wait)
        if fault.status:
            return self._answer(b"", status=fault.status)
        answer = respond(self.server.cloud, str(method), parameters, fault.refuse)
        if fault.cut:
            return self._hang_up()
        return self._answer(answer, half=fault.half)

    def _answer(self, body: bytes, *, status: int = 200, half: bool = False) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/xml; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with suppress(OSError):  # who asked may be gone
            self.wfile.write(body[: len(body) // 2] if half else body)
        if half:
            self._hang_up()

    def _hang_up(self) -> None:
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the log has every call."""


def respond(cloud: Cloud, method: str, parameters: tuple[object, ...], refuse: Refusal | None = None) -> bytes:
    """The body of the answer to one call."""
    if method not in METHODS:
        return _fault(-506, f"Method '{method}' not defined")
    try:
        signature(METHODS[method]).bind(cloud, None, *parameters[1:])
    except TypeError as error:
        return _fault(-501, f"Not enough, or too many, parameters: {error}")
    return xmlrpc.client.dumps((list(_values(cloud, method, parameters, refuse)),), methodresponse=True).encode()


def _values(cloud: Cloud, method: str, parameters: tuple[object, ...], refuse: Refusal | None) -> Iterator[object]:
    """Success, result or sentence, code, and after a failure the id that it is about (none here)."""
    try:
        if refuse is not None:
            raise refuse
        with cloud.lock:
            cloud.advance()
            result = METHODS[method](cloud, cloud.user(str(parameters[0])), *parameters[1:])
    except Refusal as refusal:
        yield from (False, f"[{method}] {refusal.message}", int(refusal.code), -1)
    except Malformed as error:
        yield from (False, f"[{method}] {error}", int(Code.INTERNAL), -1)
    else:
        yield from (True, result, 0)


def _fault(code: int, why: str) -> bytes:
    return xmlrpc.client.dumps(xmlrpc.client.Fault(code, why), methodresponse=True).encode()
