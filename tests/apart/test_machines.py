"""Every row a process of its own on a machine of its own: they find each other, whoever moves or is away."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from broker.services import ROWS
from tests.apart.everything import Apart
from tests.apart.machines import can_be
from tests.pacs.installation import until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not can_be(), reason="only root may make networks"),
]


def test_each_row_is_published_at_the_address_of_its_machine(apart: Apart) -> None:
    assert apart.rows() == {row.name: [apart.at(row.name)] for row in ROWS}


def test_a_row_that_moved_to_another_machine_is_found_there_at_once(apart: Apart) -> None:
    apart.add("spare")
    apart.kill("node")
    apart.start("node", on="spare")
    moved = f"http://{apart.machines['spare'].address}:8094"
    until(lambda: apart.rows().get("node", [""])[0] == moved, apart.logs)
    assert apart.post("moved").status_code == 201
    apart.kill("node")
    apart.start("node")
    until(lambda: apart.post("back").status_code == 201, apart.logs)


def test_while_the_publisher_is_away_the_rows_still_find_each_other(apart: Apart) -> None:
    apart.kill("publisher")
    answer = apart.post("away")
    apart.start("publisher")
    assert answer.status_code == 201, answer.text
    apart.settled()


def test_a_run_that_is_killed_leaves_no_network_behind() -> None:
    code = (
        "from tests.apart.machines import Machine; hub = Machine(1); one = Machine(2, hub)\n"
        "print(hub._holder.pid, one._holder.pid, flush=True); input()"
    )
    root = Path(__file__).parents[2]
    process = subprocess.Popen([sys.executable, "-c", code], cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    holders = [Path("/proc", pid.decode(), "ns/net") for pid in process.stdout.readline().split()]
    assert all(namespace.exists() for namespace in holders)
    process.kill()
    process.communicate()
    until(lambda: not any(_is_there(namespace) for namespace in holders), "they end with it")


def _is_there(namespace: Path) -> bool:
    try:
        return bool(namespace.readlink().name)
    except OSError:
        return False
