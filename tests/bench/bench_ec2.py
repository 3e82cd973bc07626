"""100 nodes on ministack by the ec2 driver: CPU of this process, beside a libcloud script that makes the same things.

A node is a firewall with a rule and a machine in it, made and given back; the script keeps no promise: no tokens,
nothing looked for. They take turns, so that the machine is the same for both. Run as a script; prints one JSON line a
figure. Calls of a service of 10 nodes are in docs/calls.md. Skipped, with a line on stderr, where ministack cannot be
had.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

sys.path.insert(0, str(Path(__file__).parents[2]))

from libcloud.compute.base import Node
from libcloud.compute.drivers.ec2 import EC2NodeDriver

from providers.ec2.driver import Ec2
from providers.protocol import FirewallSpec, Kind, MachineSpec, NetworkSpec, Rule
from tests.providers import ec2

NODES, ROUNDS = 100, 5
WITHIN = 30.0


class Counter(Protocol):
    """What counts the calls of one side."""

    calls: int


class Counted:
    """How many requests a driver's wire sends from here on."""

    def __init__(self, driver: Ec2) -> None:
        self.calls = 0
        self._send = driver._wire.send
        driver._wire.send = self._count

    def _count(self, *given: object) -> object:
        self.calls += 1
        return self._send(*given)


def main() -> int:
    try:
        with tempfile.TemporaryDirectory() as folder, ec2.ministack(Path(folder)) as port:
            measure(port)
    except ec2.Missing as reason:
        sys.stderr.write(f"{reason}\n")
        return 1
    return 0


def measure(port: int) -> None:
    """Medians of all rounds; the first is not counted, in which sizes are asked for and connections are made."""
    driver = ec2.opened(**ec2.options(port, ec2.IMAGES["ministack"]))
    count, script = Counted(driver), Script(port)
    driver.offers(deadline=WITHIN)
    turns = [(turn(lambda: by_driver(driver), count), turn(script.run, script)) for _ in range(ROUNDS + 1)][1:]
    (ours, calls), (theirs, sent) = (
        [statistics.median(each) for each in zip(*side, strict=True)] for side in zip(*turns, strict=True)
    )
    figure(
        "EC2: CPU a node, made and given back, of 100",
        ours / NODES * 1000,
        "ms",
        "",
        f"libcloud's script {theirs / NODES * 1000:.2f}",
    )
    figure(
        "the same, over libcloud's script",
        ours / theirs,
        "x",
        "<= 2",
        f"{calls / NODES:.1f} calls a node, {sent / NODES:.1f} of the script",
    )
    figure("EC2: CPU a call", ours / calls * 1000, "ms", "", f"libcloud {theirs / sent * 1000:.2f}")
    figure("the same, over libcloud's", ours / calls / (theirs / sent), "x", "<= 2", "1.2 ms a call")


def turn(work: Callable[[], object], count: Counter) -> tuple[float, int]:
    """(Seconds of this process' CPU, calls.)"""
    count.calls, began = 0, time.process_time()
    work()
    return time.process_time() - began, count.calls


def by_driver(driver: Ec2) -> None:
    down(driver, up(driver, NODES, uuid.uuid4().hex[:8]))


def up(driver: Ec2, nodes: int, name: str) -> list[tuple[Kind, str]]:
    """What was made, users before what they use."""
    tags = {"accords-installation": "bench", "accords-service": name}
    lan = driver.create(NetworkSpec("lan"), token=f"{name}lan", tags=tags, deadline=WITHIN)
    firewalls, machines = [], []
    for number in range(nodes):
        own = {**tags, "accords-node": f"n{number}"}
        rules = (Rule("tcp", 22, 22, "0.0.0.0/0"),)
        firewall = FirewallSpec("fw", rules, lan.id)
        firewalls.append(driver.create(firewall, token=f"{name}fw{number}", tags=own, deadline=WITHIN).id)
        machine = MachineSpec(
            "n", "n", ec2.IMAGES["ministack"], size="t3.micro", networks=(lan.id,), firewall=firewalls[-1]
        )
        machines.append(driver.create(machine, token=f"{name}m{number}", tags=own, deadline=WITHIN).id)
    return [
        *((Kind.MACHINE, each) for each in machines),
        *((Kind.FIREWALL, each) for each in firewalls),
        (Kind.NETWORK, lan.id),
    ]


def down(driver: Ec2, made: list[tuple[Kind, str]]) -> None:
    for kind, id in made:
        driver.delete(kind, id, deadline=WITHIN)


class Script:
    """What somebody writes with libcloud and nothing else, in a network that is there."""

    def __init__(self, port: int) -> None:
        self.calls = 0
        self._cloud = EC2NodeDriver("k", "s", secure=False, host="127.0.0.1", port=port, signature_version="4")
        self._size = next(each for each in self._cloud.list_sizes() if each.id == "t3.micro")
        self._image = self._cloud.get_image(ec2.IMAGES["ministack"])
        self._network = self._cloud.ex_create_network("10.9.0.0/16")
        self._subnet = self._cloud.ex_create_subnet(self._network.id, "10.9.0.0/20", "us-east-1a")
        self._send = self._cloud.connection.request
        self._cloud.connection.request = self._count

    def run(self) -> None:
        made = [self._node(f"n{number}") for number in range(NODES)]
        for node, _ in made:
            self._cloud.destroy_node(node)
        for _, group in made:
            self._cloud.ex_delete_security_group_by_id(group)

    def _node(self, name: str) -> tuple[Node, str]:
        cloud = self._cloud
        group = cloud.ex_create_security_group(name, "made by a script", self._network.id)["group_id"]
        cloud.ex_authorize_security_group_ingress(group, 22, 22, ["0.0.0.0/0"])
        own = {"ex_subnet": self._subnet, "ex_security_group_ids": [group]}
        return cloud.create_node(name=name, size=self._size, image=self._image, **own), group

    def _count(self, *given: object, **named: object) -> object:
        self.calls += 1
        return self._send(*given, **named)


def figure(name: str, value: float, unit: str, goal: str, anchor: str) -> None:
    line = {"name": name, "value": round(value, 2), "unit": unit, "goal": goal, "anchor": anchor}
    sys.stdout.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    sys.exit(main())
