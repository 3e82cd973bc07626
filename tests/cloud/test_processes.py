"""A plain OCCI client gets a machine from a broker and a worker that are processes: a pretended one, and a real one."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from pathlib import Path

import httpx
import pytest

from broker import addresses
from tests.cloud.conftest import Occi, compute
from tests.cloud.test_linked import JSON, inline
from tests.loopback import own_address
from tests.pacs.conftest import can_run
from tests.pacs.installation import Installation, OnThisMachine, until

KEY = "http://schemas.ogf.org/occi/infrastructure/credentials#ssh_key"
DATA = "http://schemas.ogf.org/occi/infrastructure/compute#user_data"


@dataclass
class Scene:
    here: Installation
    client: Occi

    def template(self, family: str, term: str) -> str:
        """The first template of a family whose term begins so, once the worker has told of it."""

        def found() -> list[str]:
            return [each for each in self.client.mixins() if f"/{family}#{term}" in each and "accords.org" in each]

        return str(until(found, f"there is a {family} {term}")[0])

    def state(self, path: str) -> object:
        return self.client.attributes(path)["occi.compute.state"]

    def comes_to(self, path: str, state: str) -> None:
        until(lambda: self.state(path) == state, lambda: str(self.client.attributes(path)), patience=600)


def scene(here: Installation) -> Scene:
    headers = {"Authorization": f"Bearer {here.token()}"}
    base = addresses.listening(here.settings, "cloud")
    return Scene(here, Occi(httpx.Client(base_url=base, headers=headers, timeout=30)))


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[Scene]:
    host = own_address()
    here = Installation(tmp_path, {"paris": {"driver": "fake"}}, 8086, {"host": host, "door_address": host})
    try:
        here.start()
        yield scene(here)
    finally:
        here.stop()


@pytest.fixture
def real() -> Iterator[Scene]:
    here = OnThisMachine.made()
    try:
        can_run(here)
        here.start()
        yield scene(here)
    finally:
        here.clear()


def answers(address: str) -> bool:
    """Nothing listens in the node: its refusal is its answer."""
    try:
        socket.create_connection((address, 9), timeout=1).close()
    except ConnectionRefusedError:
        return True
    except OSError:
        return False
    return True


@pytest.mark.slow
def test_a_compute_becomes_active_stops_starts_and_goes(fake: Scene) -> None:
    path = fake.client.made(fake.template("os_tpl", "debian"), fake.template("resource_tpl", "small"))
    assert fake.state(path) == "inactive"
    fake.comes_to(path, "active")
    assert fake.client.act(path, "stop").status_code == 200
    fake.comes_to(path, "inactive")
    assert fake.client.act(path, "start").status_code == 200
    fake.comes_to(path, "active")
    assert fake.client.delete(path).status_code == 200
    assert fake.client.get(path).status_code == 404
    until(lambda: "released" in fake.here.told("status", "--json"), "its service is released")
    assert fake.client.get("/compute/", "text/uri-list").text == ""


@pytest.mark.lxc
@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_real_node_answers_has_the_key_ran_the_data_and_goes(real: Scene) -> None:
    assert isinstance(real.here, OnThisMachine)
    here = real.here
    path = real.client.made(
        real.template("os_tpl", "debian"),
        real.template("resource_tpl", "tiny"),
        KEY,
        DATA,
        occi__core__title="plain",
        occi__credentials__ssh__publickey="ssh-ed25519 AAAA ann",
        occi__compute__userdata="IyEvYmluL3NoCmVjaG8gaGVsbG8gPi9zcnYvaGVsbG8K",  # echo hello >/srv/hello
    )
    real.comes_to(path, "active")
    address = str(real.client.attributes(path)["org.accords.addresses"]).split()[0]
    until(lambda: answers(address), "it answers")
    until(lambda: here.run("plain", "cat", "/srv/hello") == "hello", "it ran the data")
    until(lambda: "AAAA ann" in here.run("plain", "cat", "/root/.ssh/authorized_keys"), "it has the key")
    assert real.client.act(path, "stop").status_code == 200
    real.comes_to(path, "inactive")
    assert real.client.delete(path).status_code == 200
    until(lambda: not here.cloud.list({}, deadline=30), "everything is given back")


@pytest.mark.lxc
@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_real_node_is_on_the_network_and_has_the_volume_that_it_was_linked_to(real: Scene) -> None:
    assert isinstance(real.here, OnThisMachine)
    here, ann = real.here, real.client
    system, size = real.template("os_tpl", "debian"), real.template("resource_tpl", "tiny")
    lan, disk = ann.thing("network"), ann.thing("storage", occi__storage__size=0.1)
    asked = compute(system, size, occi__core__title="joined") + inline(lan, disk)
    made = ann.post("/compute/", asked.replace('storagelink"', 'storagelink"; occi.storagelink.mountpoint="/data"'))
    assert made.status_code == 201, made.text
    path = httpx.URL(made.headers["Location"]).path
    real.comes_to(path, "active")
    links = {each["target"]["location"]: each["attributes"] for each in ann.get(path, JSON).json()["links"]}
    address = str(links[lan]["occi.networkinterface.address"])
    assert ip_address(address) in ip_network(str(ann.attributes(lan)["occi.network.address"]))
    until(lambda: answers(address), "it answers on that network")
    until(lambda: "/data" in here.run("joined", "cat", "/proc/mounts"), "the volume is there")
    assert ann.delete(lan).status_code == 409
    assert [ann.delete(each).status_code for each in (path, lan, disk)] == [200, 200, 200]
    until(lambda: not here.cloud.list({}, deadline=30), "everything is given back")
