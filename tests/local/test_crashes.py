"""Real nodes, and what happens to them in between: the same token twice, kill -9, a build that fails."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from providers.local import Local, host, layers, machines
from providers.protocol import FirewallSpec, Kind, MachineSpec, NetworkSpec, Resource, Rule, State

pytestmark = pytest.mark.lxc

PATIENCE = 180.0
CREATE = """\
import json, sys
from providers.local import open_local
from providers.protocol import MachineSpec
provider = open_local("local", **json.loads(sys.argv[1]))
spec = MachineSpec("node", "node", "linux", memory=256 * 1024**2, networks=(sys.argv[2],))
print("ready", flush=True)
provider.create(spec, token=sys.argv[3], tags={}, deadline=20)
"""


@pytest.fixture(scope="module")
def network(local: Local) -> Resource:
    return local.create(NetworkSpec("lan"), token="lan", tags={}, deadline=20)


@pytest.fixture(autouse=True)
def given_back(local: Local) -> Iterator[None]:
    yield
    for resource in local.list({}, deadline=20):
        if resource.kind is Kind.MACHINE:
            local.delete(resource.kind, resource.id, deadline=30)
    assert list((local.site.home / "nodes").glob("*")) == []


def spec(network: Resource, *packages: str) -> MachineSpec:
    return MachineSpec("node", "node", "linux", memory=256 * 1024**2, networks=(network.id,), packages=packages)


def settled(local: Local, id: str) -> Resource:
    end = time.monotonic() + PATIENCE
    while (found := local.observe(Kind.MACHINE, id, deadline=20)).state is State.PENDING:
        assert time.monotonic() < end
        time.sleep(0.05)
    return found


def running(local: Local) -> list[str]:
    home = str(local.site.home / "nodes")
    return subprocess.run(
        ["lxc-ls", "-P", home, "--running"], text=True, capture_output=True, check=True
    ).stdout.split()


def test_the_same_token_from_many_threads_makes_one_node(local: Local, network: Resource) -> None:
    gate = threading.Barrier(8)

    def create() -> str:
        gate.wait()
        return local.create(spec(network), token="one", tags={}, deadline=20).id

    with ThreadPoolExecutor(8) as pool:
        ids = {found.result() for found in [pool.submit(create) for _ in range(8)]}
    assert len(ids) == 1
    assert settled(local, ids.pop()).state is State.ACTIVE
    assert len(running(local)) == 1


@pytest.mark.parametrize("delay", [0.0, 0.03, 0.08, 0.15, 0.3])
def test_a_caller_killed_while_it_creates_is_repaired_by_calling_again(
    local: Local, network: Resource, delay: float
) -> None:
    """The delays spread over the call: before its record, between record and start, after."""
    argv = [sys.executable, "-c", CREATE, local.site.options, network.id, "killed"]
    environment = {**os.environ, "PYTHONPATH": str(Path(machines.__file__).parents[2])}
    with subprocess.Popen(argv, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
    found = local.find(Kind.MACHINE, "killed", deadline=20)
    again = local.create(spec(network), token="killed", tags={}, deadline=20)
    assert found is None or found.id == again.id
    assert settled(local, again.id).state is State.ACTIVE
    assert running(local) == [again.id]


def test_a_node_that_was_given_back_half_way_is_given_back_by_calling_again(
    local: Local, network: Resource, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = settled(local, local.create(spec(network), token="half", tags={}, deadline=20).id)

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(machines, "discard", die)
        with pytest.raises(KeyboardInterrupt):
            local.delete(Kind.MACHINE, made.id, deadline=20)
    assert local.observe(Kind.MACHINE, made.id, deadline=20).state is State.STOPPED
    local.delete(Kind.MACHINE, made.id, deadline=20)
    local.delete(Kind.MACHINE, made.id, deadline=20)
    assert local.find(Kind.MACHINE, "half", deadline=20) is None


def test_what_a_kill_left_behind_a_record_goes_when_it_is_given_back_again(local: Local) -> None:
    made = local.create(FirewallSpec("rules", (Rule("tcp", 80, 80, "0.0.0.0/0"),)), token="rules", tags={}, deadline=20)
    records = local.site.home / "records" / "firewall"
    (records / f"{made.id}.json").unlink()  # as if killed right after
    local.delete(Kind.FIREWALL, made.id, deadline=20)
    assert not records.exists()


@pytest.mark.slow
def test_packages_that_do_not_exist_give_an_error_with_the_reason(local: Local, network: Resource) -> None:
    made = local.create(spec(network, "no-such-package"), token="wrong", tags={}, deadline=20)
    assert made.state is State.PENDING
    found = settled(local, made.id)
    assert found.state is State.ERROR
    assert "no-such-package" in str(found.facts["error"])


@pytest.mark.slow
def test_a_builder_that_is_killed_is_followed_by_another(local: Local, network: Resource) -> None:
    """`netcat-traditional` is small: what matters is that its layer is begun twice."""
    package = "netcat-traditional"
    for layer in layers.stack(local.site, host.read(), {}, spec(network, package)):
        if package in layer.packages:
            shutil.rmtree(layer.path, ignore_errors=True)  # kept from the run before
    made = local.create(spec(network, package), token="builder", tags={}, deadline=20)
    job = local.site.node(made.id) / "job"
    end = time.monotonic() + PATIENCE
    while not job.exists() or not job.read_text():
        assert time.monotonic() < end
        time.sleep(0.01)
    os.kill(int(job.read_text()), signal.SIGKILL)
    assert settled(local, made.id).state is State.ACTIVE
