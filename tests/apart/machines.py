"""Machines that are no more than a network of their own: each has an address on one bridge, and nothing else that it
shares. All of it hangs on processes of this test run and ends with them, however they end: no name is left anywhere.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

ROOT = Path(__file__).parents[2]
ACCORDS = str(Path(sys.executable).with_name("accords"))
DIES_WITH_US = ("setpriv", "--pdeathsig", "KILL")
NETWORK = "10.77.0"
_CLONE_NEWNET = 0x40000000  # linux/sched.h


def can_be() -> bool:
    """Whether this process may make networks."""
    return os.geteuid() == 0 and subprocess.run(["unshare", "--net", "true"], check=False).returncode == 0


OWN_VIEW = """
cgroups=$(mktemp -d)
mount --rbind /sys/fs/cgroup "$cgroups"
mount -t sysfs sysfs /sys
mount --rbind "$cgroups" /sys/fs/cgroup
umount -l "$cgroups"
rmdir "$cgroups"
mkdir -p /run/accords
mount -t tmpfs tmpfs /run/accords
"""
"""What a machine with nodes has of its own beside its network: devices as /sys shows them, and claims on it."""


class Machine:
    """A network namespace; with an address when it is on the bridge of `hub`. With `nodes` it can have containers:
    then it has mounts and processes of its own, too, and whatever runs on it ends with it."""

    def __init__(self, number: int, hub: Machine | None = None, *, nodes: bool = False) -> None:
        self.address = f"{NETWORK}.{number}"
        apart = ["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"] if nodes else []
        script = f"set -e; {OWN_VIEW if nodes else ''} echo; exec sleep infinity"
        words = [*DIES_WITH_US, "unshare", "--net", *apart, "sh", "-c", script]
        self._nodes = nodes
        self._holder = subprocess.Popen(words, stdout=subprocess.PIPE)
        assert self._holder.stdout is not None
        assert self._holder.stdout.readline(), "it has its namespaces now"
        self._thread = ThreadPoolExecutor(1, initializer=self._enter)
        self.tell("ip link set lo up")
        if hub is None:
            self.tell("ip link add bridge type bridge", "ip link set bridge up")
        else:
            hub.tell(
                f"ip link add to{number} type veth peer name eth0 netns {self._holder.pid}",
                f"ip link set to{number} master bridge up",
            )
            self.tell(f"ip address add {self.address}/24 dev eth0", "ip link set eth0 up")

    def tell(self, *commands: str) -> None:
        for command in commands:
            subprocess.run([*self.inside(), *command.split()], check=True)

    def inside(self) -> tuple[str, ...]:
        """What begins a command line that runs here."""
        here = f"/proc/{self._holder.pid}/ns"
        more = (f"--mount={here}/mnt", f"--pid={here}/pid_for_children", f"--wdns={ROOT}") if self._nodes else ()
        return ("nsenter", f"--net={here}/net", *more)

    def call(self, work: Callable[[], T]) -> T:
        """Done by a thread whose sockets are here."""
        return self._thread.submit(work).result()

    def end(self) -> None:
        self._thread.shutdown()
        self._holder.kill()
        self._holder.wait()
        assert self._holder.stdout is not None
        self._holder.stdout.close()

    def _enter(self) -> None:
        with Path(f"/proc/{self._holder.pid}/ns/net").open() as namespace:
            assert ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), _CLONE_NEWNET) == 0
