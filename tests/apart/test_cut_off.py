"""What was sent into a network that is gone: it does not arrive when the network is back."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from providers.errors import Ambiguous
from providers.transport import Clock, connections, exchange
from tests.apart.machines import Machine, can_be
from tests.pacs.installation import until

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not can_be(), reason="only root may make networks")]

ANSWER = b"HTTP/1.1 204 No Content\r\n\r\n"
PORT = 8000


class Cloud:
    """A machine that answers one connection, and the first line of each request that came."""

    def __init__(self, machine: Machine) -> None:
        self.came: list[bytes] = []
        self.url = f"http://{machine.address}:{PORT}"
        self._listener = machine.call(lambda: socket.create_server((machine.address, PORT)))
        threading.Thread(target=self._answer, daemon=True).start()

    def _answer(self) -> None:
        connection, _ = self._listener.accept()
        with connection:
            while found := connection.recv(65536):
                self.came.append(found.partition(b"\r\n")[0])
                connection.sendall(ANSWER)

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def machines() -> Iterator[tuple[Machine, Machine, Machine]]:
    """A hub, the cloud's machine and a worker's."""
    hub = Machine(1)
    found = hub, Machine(2, hub), Machine(3, hub)
    yield found
    for machine in reversed(found):
        machine.end()


def _connections(machine: Machine) -> list[str]:
    """What the kernel of a machine still has to do with others, whether a process knows of it or not."""
    return machine.call(lambda: Path("/proc/thread-self/net/tcp").read_text().splitlines()[1:])


def test_a_request_that_was_given_up_does_not_arrive_when_the_network_is_back(
    machines: tuple[Machine, Machine, Machine],
) -> None:
    hub, shared, worker = machines
    cloud, client = Cloud(shared), httpx.Client(transport=connections())

    def ask(thing: str) -> None:
        request = client.build_request("POST", f"{cloud.url}/{thing}")
        worker.call(lambda: exchange(client, request, Clock(1.0), provider="paris", thing=thing))

    ask("first")
    hub.tell("ip link set to3 down")
    with pytest.raises(Ambiguous):
        ask("late")
    until(lambda: not _connections(worker), "the kernel gives it up", patience=20)
    hub.tell("ip link set to3 up")
    client.close()
    cloud.close()
    assert cloud.came == [b"POST /first HTTP/1.1"]
