"""The OpenStack lab: the cloud of OS_CLIENT_CONFIG_FILE, or the one that `../shared/labs/openstack` starts. Not a test.

Where it runs already it is used and left running; where the tests started it, it ends with the last process of theirs
that uses it. Its data stay either way, so that the next start takes 40 seconds and not minutes.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from providers import Provider
from providers.errors import Conflict

LAB = Path(__file__).parents[3] / "shared/labs/openstack"
HOME = os.environ.get("LAB_HOME", "/var/tmp/accords-lab")  # noqa: S108 - installed once, then kept
PATIENCE = 900.0  # seconds: the first start installs two hundred packages
LONG = 1200
"""Seconds that a test may take which may be the one that starts it."""
VARIABLE = "OS_CLIENT_CONFIG_FILE"
TURN, USERS, STARTED = (Path(f"{HOME}.{word}") for word in ("turn", "users", "started"))
"""Locked while it starts or ends; shared by whoever uses it; there where the tests started it."""
LAB_OPTIONS = {"cloud": os.environ.get("OS_CLOUD", "lab"), "images": {"linux": "tiny-raw"}}


class Missing(Exception):
    """The driver's target cannot be had here: a sentence that says why."""


@contextmanager
def openstack_lab(services: str = "cinder") -> Iterator[Path]:
    """The cloud's clouds.yaml, which the environment names inside. `services`: what it has beside those it always has,
    where it is started here."""
    if VARIABLE in os.environ:
        yield Path(os.environ[VARIABLE])
        return
    if not LAB.is_dir():
        raise Missing(f"there is no {LAB}; set {VARIABLE} to the clouds.yaml of another cloud")
    _joined(services)
    os.environ[VARIABLE] = f"{HOME}/clouds.yaml"
    try:
        yield Path(os.environ[VARIABLE])
    finally:
        del os.environ[VARIABLE]


@cache
def _joined(services: str) -> None:
    """This process uses the lab, which runs now, until its end."""
    with TURN.open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        users = os.open(USERS, os.O_CREAT | os.O_RDWR)
        fcntl.flock(users, fcntl.LOCK_SH)
        atexit.register(_left, users)
        if not _runs():
            STARTED.touch()
        _lab("up", services)


def _left(users: int) -> None:
    with TURN.open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        if STARTED.exists():
            _lab("down")
            STARTED.unlink()


def user_data(cloud: Provider, machine: str) -> str:
    """What nova would show a guest, as its console says them here; empty while there is none."""
    try:
        console = cloud.console(machine, deadline=20)
    except Conflict:  # it is still being built
        return ""
    _, _, found = console.partition("oslab: user-data follows\n")
    return found.rpartition(" login: ")[0].rpartition("\n")[0] + "\n" if found else ""


def _runs() -> bool:
    """Whether the lab's API of networks, the last to come up, is a process already."""
    found = Path(HOME, "run/neutron-api.pid")
    return found.exists() and Path("/proc", found.read_text().split()[0]).exists()


def _lab(command: str, services: str = "cinder") -> None:
    environment = {**os.environ, "LAB_HOME": HOME, "LAB_SERVICES": services}
    try:
        done = subprocess.run(
            [LAB / command], env=environment, text=True, capture_output=True, timeout=PATIENCE, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise Missing(f"{LAB / command} did not end in {PATIENCE:.0f} s") from error
    if done.returncode:
        raise Missing(f"{LAB / command} failed: {done.stdout[-300:]}{done.stderr[-300:]}")
