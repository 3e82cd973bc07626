"""The demo's nodes as OCCI compute, network, storage and links; a plain OCCI text client acts on them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from broker.addresses import OFFSETS
from tests.pacs.archive import SERVICE, Pacs
from tests.pacs.installation import until

pytestmark = [pytest.mark.lxc, pytest.mark.slow, pytest.mark.timeout(1200)]

ACTIONS = "http://schemas.ogf.org/occi/infrastructure/compute/action#"


@dataclass(frozen=True, slots=True)
class Plain:
    """A client that knows OCCI's text renderings and nothing of ours."""

    base: str
    token: str

    def get(self, path: str) -> str:
        return self._send("GET", path, {"Accept": "text/plain"})

    def act(self, path: str, action: str) -> None:
        category = f'{action}; scheme="{ACTIONS}"; class="action"'
        self._send("POST", f"{path}?action={action}", {"Content-Type": "text/occi", "Category": category})

    def entities(self, collection: str) -> dict[str, dict[str, str]]:
        """Each entity's attributes, by its path."""
        listed = re.findall(r"^X-OCCI-Location: (\S+)$", self.get(collection), re.MULTILINE)
        return {path.removeprefix(self.base): self.attributes(path) for path in listed}

    def attributes(self, path: str) -> dict[str, str]:
        found = re.findall(r"^X-OCCI-Attribute: ([\w.]+)=(.*)$", self.get(path), re.MULTILINE)
        return {name: value.strip('"') for name, value in found}

    def _send(self, method: str, path: str, headers: dict[str, str]) -> str:
        url = path if path.startswith("http") else self.base + path
        known = {"Authorization": f"Bearer {self.token}", **headers}
        answer = httpx.request(method, url, headers=known, timeout=20, trust_env=False)
        assert answer.is_success, answer.text
        return answer.text


@pytest.fixture
def plain(pacs: Pacs) -> Iterator[Plain]:
    yield Plain(f"http://127.0.0.1:{pacs.here.base_port + OFFSETS['cloud']}", pacs.here.token())


def test_the_nodes_are_computes_with_state_and_address(pacs: Pacs, plain: Plain) -> None:
    found = _computes(plain)
    assert set(found) == {"pacs", "pacs-db"}
    for node, attributes in found.items():
        assert attributes["occi.compute.state"] == "active"
        assert attributes["org.accords.addresses"] == pacs.address(node)
        assert attributes["occi.compute.cores"] == "1"


def test_the_network_and_the_volume_are_there_and_linked_to_their_nodes(pacs: Pacs, plain: Plain) -> None:
    (network,) = plain.entities("/network/").values()
    (storage,) = plain.entities("/storage/").values()
    assert network["occi.network.state"] == "active"
    assert storage["occi.storage.state"] == "online"
    interfaces = plain.entities("/networkinterface/").values()
    assert {each["occi.networkinterface.address"] for each in interfaces} == {
        pacs.address("pacs"),
        pacs.address("pacs-db"),
    }
    (attached,) = plain.entities("/storagelink/").values()
    assert attached["occi.storagelink.mountpoint"] == "/srv/images"


def test_stopping_a_compute_stops_that_node_through_its_service_and_starting_brings_it_back(
    pacs: Pacs, plain: Plain
) -> None:
    path = next(path for path, each in plain.entities("/compute/").items() if each["org.accords.node"] == "pacs")
    plain.act(path, "stop")
    until(lambda: plain.attributes(path)["occi.compute.state"] == "inactive", "the compute is inactive")
    states = {node["name"]: node["state"] for node in pacs.report["nodes"]}
    assert states == {"pacs": "stopped", "pacs-db": "running"}
    assert not pacs.answers()
    until(lambda: pacs.here.state(SERVICE) == "active", "the service goes on with the other node")
    plain.act(path, "start")
    until(lambda: plain.attributes(path)["occi.compute.state"] == "active", "the compute is active")
    until(pacs.answers, "C-ECHO is answered")


def _computes(plain: Plain) -> dict[str, dict[str, str]]:
    return {each["org.accords.node"]: each for each in plain.entities("/compute/").values()}
