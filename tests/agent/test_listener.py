"""The listener as a process: its address, its certificate, its threads."""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import stat
import subprocess
import sys
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from broker.agent import certificate
from broker.agent.node import Door
from broker.door import listener
from broker.errors import Clash
from broker.settings import Settings
from broker.store import Store, agents, instructions

from .conftest import ROOT, DoorProcess


def caller(settings: Settings, key: str = "") -> Door:
    where = {"address": settings.door_address, "port": settings.door_port}
    return Door({**where, "certificate": certificate.pinned(settings)}, key)


def keys(door: DoorProcess, store: Store, count: int) -> list[str]:
    found, service = caller(door.settings), str(uuid.uuid4())
    for n in range(count):
        with store.write() as tx:
            agents.bind(tx, "acme", service, f"n{n}", f"{service}{n}")
    asked = [{"node": f"n{n}", "token": f"{service}{n}"} for n in range(count)]
    return [str(found.call("POST", "/v1/hello", message)["key"]) for message in asked]


def test_key_and_certificate_are_made_once_and_readable_to_their_owner_only(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    with ThreadPoolExecutor() as pool:
        made = set(pool.map(lambda _: certificate.pinned(settings), range(8)))
    assert len(made) == 1
    assert stat.S_IMODE(certificate.path(settings).stat().st_mode) == 0o600
    assert "PRIVATE" not in made.pop()
    assert [found.name for found in tmp_path.iterdir()] == ["door.pem"]


def test_a_hundred_nodes_wait_and_another_is_still_served(door: DoorProcess, store: Store) -> None:
    known = keys(door, store, 101)
    ended: list[dict[str, object]] = []

    def poll(key: str) -> None:
        ended.append(caller(door.settings, key).call("GET", "/v1/instructions?wait=30", timeout=40))

    polls = [threading.Thread(target=poll, args=(key,)) for key in known[:100]]
    for thread in polls:
        thread.start()
    other = caller(door.settings, known[100])
    for _ in range(20):
        assert other.call("POST", "/v1/samples", {"samples": [{"metric": "cpu", "value": 1.0}]}) == {}
    assert len(ended) == 0
    with store.write() as tx:
        for agent in [agents.by_key(tx, key) for key in known[:100]]:
            instructions.add(
                tx, "acme", agent.service, agent.node, id=str(uuid.uuid4()), method="run", arguments={"script": "true"}
            )
    for thread in polls:
        thread.join(30)
    assert [len(found["instructions"]) for found in ended] == [1] * 100  # type: ignore[arg-type]  # a list


def test_a_node_that_opens_connections_and_says_nothing_keeps_no_other_out(door: DoorProcess, store: Store) -> None:
    (key,) = keys(door, store, 1)
    with contextlib.ExitStack() as stack:
        for n in range(listener.THREADS + 40):
            idle = stack.enter_context(socket.create_connection(door.where, source_address=("127.0.0.3", 0)))
            with contextlib.suppress(OSError):  # closed already: too many of its kind
                idle.sendall(b"\x16\x03\x01"[: n % 4])  # nothing, or the beginning of a handshake that never goes on
        for _ in range(10):
            assert caller(door.settings, key).call("GET", "/v1/instructions", timeout=4)["instructions"] == []


def test_plain_http_and_old_tls_are_not_spoken(door: DoorProcess) -> None:
    with socket.create_connection(door.where, timeout=20) as plain:
        plain.sendall(b"GET /v1/instructions HTTP/1.1\r\n\r\n")
        assert b"200" not in plain.recv(100)
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    with socket.create_connection(door.where, timeout=20) as line, old.wrap_socket(line) as found:
        assert found.version() == "TLSv1.2"


def test_the_door_listens_on_its_own_address_alone(door: DoorProcess) -> None:
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", door.settings.door_port), timeout=5)


def test_a_port_that_is_taken_is_said_with_what_to_do(door: DoorProcess) -> None:
    with pytest.raises(Clash, match=r"127\.9\.8\.7 port") as found:
        listener.listen(*door.where)
    assert "door_port" in found.value.hint


LATER = """
import socket, subprocess, sys
from broker.door import listener
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
found = listener.listen("10.198.0.1", 8286)
subprocess.run(["ip", "address", "add", "10.198.0.1/32", "dev", "lo"], check=True)
socket.create_connection(("10.198.0.1", 8286), timeout=5).close()
print(found.accept()[1][0])
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="a network namespace needs root")
def test_an_address_that_is_added_later_is_listened_on_already() -> None:
    found = subprocess.run(
        ["unshare", "--net", sys.executable, "-c", LATER],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert found.stdout == "10.198.0.1\n", found.stderr
