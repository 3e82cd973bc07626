"""100 nodes on ministack by the ec2 driver: CPU of this process, beside what libcloud's own driver takes for its calls.

Run as a script; prints one JSON line a figure. Calls to the cloud of a service of 10 nodes, up and down, are counted: a
network, and a firewall and a machine a node. Skipped, with a line on stderr, where ministack cannot be had.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from libcloud.compute.drivers.ec2 import EC2NodeDriver

from providers.ec2.driver import Ec2
from providers.protocol import FirewallSpec, Kind, MachineSpec, NetworkSpec, Rule
from tests.providers import ec2

NODES, SMALL = 100, 10
WITHIN = 30.0


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
            driver = ec2.opened(**ec2.options(port, ec2.IMAGES["ministack"]))
            count = Counted(driver)
            driver.offers(deadline=WITHIN)  # asked once, then kept
            small(driver, count)
            large(driver, count, port)
    except ec2.Missing as reason:
        sys.stderr.write(f"{reason}\n")
        return 1
    return 0


def small(driver: Ec2, count: Counted) -> None:
    """The calls of a service of 10 nodes."""
    count.calls = 0
    made = up(driver, SMALL, "small")
    figure(
        "EC2: calls, 10 nodes up",
        count.calls,
        "calls",
        "",
        "47 of them make something, the others look before and after",
    )
    count.calls = 0
    down(driver, made)
    figure("EC2: calls, 10 nodes down", count.calls, "calls", "", "34 of them give something back")


def large(driver: Ec2, count: Counted, port: int) -> None:
    """CPU a call, of 100 nodes and of as many by libcloud."""
    count.calls = 0
    ours = cpu(lambda: up(driver, NODES, "large")) / count.calls
    theirs = libcloud(port)
    figure("EC2: CPU a call, 100 nodes", ours * 1000, "ms", "", "")
    figure("EC2: CPU a call beside libcloud's", ours / theirs, "x", "<= 2", f"libcloud {theirs * 1000:.2f} ms")


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
    driver.list(tags, kinds={Kind.MACHINE}, deadline=WITHIN)
    return [
        *((Kind.MACHINE, each) for each in machines),
        *((Kind.FIREWALL, each) for each in firewalls),
        (Kind.NETWORK, lan.id),
    ]


def down(driver: Ec2, made: list[tuple[Kind, str]]) -> None:
    for kind, id in made:
        driver.delete(kind, id, deadline=WITHIN)


def libcloud(port: int) -> float:
    """CPU of one of libcloud's calls: a machine made takes two, RunInstances and CreateTags."""
    driver = EC2NodeDriver("k", "s", secure=False, host="127.0.0.1", port=port, signature_version="4")
    size = next(each for each in driver.list_sizes() if each.id == "t3.micro")
    image = driver.get_image(ec2.IMAGES["ministack"])
    return cpu(lambda: [driver.create_node(name="n", size=size, image=image) for _ in range(NODES)]) / (2 * NODES)


def cpu(work: Callable[[], object]) -> float:
    """Seconds of this process' CPU."""
    began = time.process_time()
    work()
    return time.process_time() - began


def figure(name: str, value: float, unit: str, goal: str, anchor: str) -> None:
    line = {"name": name, "value": value, "unit": unit, "goal": goal, "anchor": anchor}
    sys.stdout.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    sys.exit(main())
