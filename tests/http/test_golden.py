"""A plain OCCI text client, byte for byte: it discovers, lists, shows and acts. What goes over the wire is kept in
golden/; `ACCORDS_WRITE_GOLDEN=1 pytest tests/http/test_golden.py` writes it anew, and the difference is to be read.
"""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from broker import addresses, auth
from broker.store import Service, operations, services
from tests.databases import open_store
from tests.http.brokers import PATIENCE, Processes

GOLDEN = Path(__file__).parent / "golden"
SERVICE = "0f0e0d0c-0b0a-4908-8706-050403020100"
COMPUTE = "996ad860-2a9a-404f-8861-aeafd0b2ae29"
KIND = "http://schemas.ogf.org/occi/infrastructure#compute"

CLIENT = "User-Agent: plain/1.0 OCCI/1.2"
CATEGORY = 'Category: {term}; scheme="http://schemas.ogf.org/occi/infrastructure{scheme}"; class="{class_}"'
OF_KIND = CATEGORY.format(term="compute", scheme="#", class_="kind")
STOP = CATEGORY.format(term="stop", scheme="/compute/action#", class_="action")

REQUESTS = {
    "discover": ("GET /-/ HTTP/1.1", "Accept: text/plain", "Content-Type: text/occi", OF_KIND),
    "list": ("GET /compute/ HTTP/1.1", "Accept: text/plain"),
    "list_addresses": ("GET /compute/ HTTP/1.1", "Accept: text/uri-list"),
    "show": (f"GET /compute/{COMPUTE} HTTP/1.1", "Accept: text/plain"),
    "show_in_headers": (f"GET /compute/{COMPUTE} HTTP/1.1", "Accept: text/occi"),
    "act": (f"POST /compute/{COMPUTE}?action=stop HTTP/1.1", "Accept: text/plain", "Content-Type: text/occi", STOP),
    "missing": ("GET /compute/00000000-0000-4000-8000-000000000000 HTTP/1.1", "Accept: text/plain"),
}


@pytest.fixture(scope="module")
def broker(together: Processes) -> Iterator[Processes]:
    """A service that runs, and its one compute, as the worker would have left them."""
    _deliver(together)
    with open_store(together.settings.home).write() as tx:
        services.create(tx, Service("golden", SERVICE, "pacs"))
        operations.submit(tx, "golden", SERVICE, "deploy")
        lease = operations.take(tx, "golden-worker", 60)
        assert lease is not None
        operations.finish(tx, lease, "done")
        services.set_state(tx, "golden", SERVICE, "active")
    yield together


def _deliver(broker: Processes) -> None:
    attributes = {
        "occi.compute.cores": 2,
        "occi.compute.memory": 4.0,
        "occi.compute.hostname": "pacs",
        "occi.compute.state": "active",
        "org.accords.service": SERVICE,
        "org.accords.node": "pacs",
    }
    row = {"account": "golden", "kind": KIND, "id": COMPUTE, "sequence": 1, "title": 'the "archive"'}
    worker = auth.issue(broker.key, auth.Principal("worker", auth.PLATFORM, auth.Role.WORKER))
    headers = {"Authorization": f"Bearer {worker}", "Content-Type": "application/json"}
    body = orjson.dumps({"put": [{**row, "attributes": attributes}]})
    assert broker("cloud", "POST", "/.bulk", headers, body).status_code == 200


@pytest.mark.occi("HTTP-01", "HTTP-13")
@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in REQUESTS if name != "act"])
def test_the_wire_is_as_it_was(broker: Processes, name: str) -> None:
    _play(broker, name)


@pytest.mark.slow
def test_an_action_becomes_an_operation_of_the_service_that_the_compute_belongs_to(broker: Processes) -> None:
    _play(broker, "act")
    with open_store(broker.settings.home).read() as tx:
        found = operations.latest(tx, "golden", SERVICE)
    assert found is not None
    assert found.state == "pending"


def _play(broker: Processes, name: str) -> None:
    token = auth.issue(broker.key, auth.Principal("ann", "golden", auth.Role.USER))
    where = (broker.settings.host, addresses.port(broker.settings, "cloud"))
    first, *others = REQUESTS[name]
    shown = [first, "Host: occi.example.org", CLIENT, "Authorization: Bearer <token>", "X-Request-Id: 1", *others]
    request = "\r\n".join([*shown, "Content-Length: 0", "Connection: close", "", ""])
    answer = _exchange(where, request.replace("<token>", token).encode())
    found = request.encode() + re.sub(rb"Date: [^\r]*", b"Date: <date>", answer)
    found = re.sub(rb'ETag: "[0-9a-f]{20}"', b'ETag: "<of the collection>"', found)  # counts what was written before
    path = GOLDEN / f"{name}.http"
    if os.environ.get("ACCORDS_WRITE_GOLDEN"):
        GOLDEN.mkdir(exist_ok=True)
        path.write_bytes(found)
    assert found == path.read_bytes()


def _exchange(where: tuple[str, int], request: bytes) -> bytes:
    with socket.create_connection(where, timeout=PATIENCE) as connection:
        connection.sendall(request)
        pieces = []
        while piece := connection.recv(65536):
            pieces.append(piece)
    return b"".join(pieces)
