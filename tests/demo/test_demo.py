"""`make demo` where no node can run: it says why and what to do, and the pretend cloud shows the same."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.loopback import own_address

ROOT = Path(__file__).parents[2]
DEMO = [sys.executable, str(ROOT / "examples" / "demo.py")]


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    here = own_address()
    own = {"ACCORDS_HOME": str(tmp_path), "ACCORDS_HOST": here, "ACCORDS_DOOR_ADDRESS": here}
    found = {key: value for key, value in os.environ.items() if not key.startswith("ACCORDS_")} | own
    yield found
    subprocess.run([*DEMO, "stop", "--fake"], env=found, check=True, timeout=60, capture_output=True)


def demo(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*DEMO, *words], env=environment, capture_output=True, text=True, timeout=120, check=False)


def runs(pid: int) -> bool:
    """Not so for a process that ended and that nobody has asked about yet: it has no command line any more."""
    line = Path(f"/proc/{pid}/cmdline")
    return line.exists() and bool(line.read_bytes())


def test_a_machine_without_lxc_is_told_what_to_install_and_what_to_do_instead(environment: dict[str, str]) -> None:
    ran = demo(environment | {"PATH": str(Path(sys.executable).parent)})
    assert ran.returncode == 1
    assert "apt-get install" in ran.stdout
    assert "make demo FAKE=1" in ran.stdout
    assert "Traceback" not in ran.stdout + ran.stderr


def test_the_pretend_cloud_shows_a_line_a_step_and_leaves_the_service_running(environment: dict[str, str]) -> None:
    ran = demo(environment, "--fake")
    assert ran.returncode == 0, ran.stderr
    shown = ran.stderr.splitlines()
    assert shown[0] == "pacs: pending"
    assert "  create machine/pacs.0 on fake" in shown
    assert shown[-1] == "pacs: active"
    assert "give it back:" in ran.stdout
    again = demo(environment, "--fake")
    assert again.returncode == 0, again.stderr
    assert "create machine" not in again.stderr.partition("pacs: active")[2]


def test_stopping_gives_everything_back_and_ends_what_was_started(environment: dict[str, str], tmp_path: Path) -> None:
    assert demo(environment, "--fake").returncode == 0
    pid = int((tmp_path / "demo.pid").read_text())
    assert demo(environment, "stop", "--fake").returncode == 0
    assert not runs(pid)
    assert demo(environment, "stop", "--fake").stdout == "nothing runs\n"


def test_volumes_outlive_their_service_until_somebody_says_its_name(environment: dict[str, str]) -> None:
    def accords(*words: str) -> subprocess.CompletedProcess[str]:
        command = [str(Path(sys.executable).parent / "accords"), *words]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)

    assert demo(environment, "--fake").returncode == 0
    released = accords("release", "pacs")
    assert released.returncode == 0, released.stderr
    assert "kept, with what they hold:" in released.stdout
    assert "images" in accords("volumes").stdout
    refused = accords("release", "pacs", "--volumes")
    assert refused.returncode == 4
    assert "accords release pacs --volumes --yes pacs" in refused.stderr
    assert accords("release", "pacs", "--volumes", "--yes", "pacs").returncode == 0
    assert accords("volumes").stdout.startswith("no volumes")
