"""`make demo`'s deployment on this machine: from `accords up` to a C-ECHO that is answered; cold, then warm.

Needs root and LXC. Cold: no layer is cached, the host's packages are there. Wall-clock time on a noisy machine.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from pathlib import Path

import pynetdicom  # noqa: F401 - loaded before anything is timed: a modality runs already
from installation import Installation, installation

from sla.probes import measure

EXAMPLES = Path(__file__).parents[2] / "examples"
WARM_RUNS = 3
LOCAL = {"driver": "local", "prefix": "ben", "pool": "10.193.0.0/16"}


def main() -> None:
    if os.geteuid() != 0:
        sys.exit("local nodes need root")
    with installation({"local": LOCAL}, door_address="10.198.5.1") as running:
        cold = seconds(running)
        warm = statistics.median(seconds(running) for _ in range(WARM_RUNS))
    show("make demo, layers cached, submit to C-ECHO answered", warm, "<= 9 idle", "prototype without broker: 8.1")
    show("the same with no layer cached", cold, "<= 45 idle", "prototype: 54")


def seconds(running: Installation) -> float:
    """One deployment, given back afterwards with all it holds."""
    began = time.monotonic()
    running.accords("up", str(EXAMPLES / "pacs.xml"), "--wait")
    report = json.loads(running.accords("status", "pacs", "--json"))
    (address,) = (node["addresses"][0] for node in report["nodes"] if node["name"] == "pacs")
    until_echo(address)
    took = time.monotonic() - began
    running.accords("release", "pacs", "--volumes", "--yes", "pacs", "--wait")
    return took


def until_echo(address: str) -> None:
    while measure("dicom:echo", address, "PACS@4242", 2.0) != 1.0:
        time.sleep(0.05)


def show(name: str, value: float, goal: str, anchor: str) -> None:
    print(json.dumps({"name": name, "value": value, "unit": "s", "goal": goal, "anchor": anchor}))


if __name__ == "__main__":
    main()
