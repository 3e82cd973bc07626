"""A machine is an LXC system container. This module starts, stops and looks; others decide what it is made of."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import time
from collections.abc import Sequence
from pathlib import Path

from providers.errors import Refused, Unavailable
from providers.local import cgroups, configuration, whole
from providers.local.folders import discard
from providers.local.host import Host
from providers.local.layers import Layer
from providers.local.programs import Deadline, run
from providers.local.site import Site
from providers.local.things import Machine, Things
from providers.protocol import State

HOSTS_LIMIT = 64 * 1024  # bytes of a node's /etc/hosts that are read: the node writes it
CONSOLE_TAIL = 64 * 1024  # bytes of a console log that are shown
ENDING = 0.02  # seconds between two looks at a node that is ending
GRACE = 20  # seconds that a node gets to stop by itself
ERROR_LINE = re.compile(r" ERROR +\S+ - \S+:\d+ - (.+)")  # level, module - file:function:line - words
CAUSE_LIMIT = 300  # characters of a reason
LOCKS = Path("/run/lxc/lock")  # LXC's own, by the path of a container
WATCHER = "watcher"  # the file that LXC leaves the number of its own process in

# What LXC says of a container -> what we say
STATES = {
    "RUNNING": State.ACTIVE,
    "FROZEN": State.SUSPENDED,
    "STOPPED": State.STOPPED,
}


def observe(site: Site, machine: Machine, deadline: Deadline) -> State:
    """What the kernel shows; PENDING between two states."""
    folder = site.node(machine.id)
    if not (folder / "config").is_file():
        return State.STOPPED
    seen = STATES.get(_lxc("info", site, machine, deadline, "-sH").strip(), State.PENDING)
    if not (folder / "config").is_file():
        _remove_lock(folder)  # it was given back while LXC looked, which made the lock anew
    return State.PENDING if seen is State.STOPPED and is_watched(folder) else seen


def is_watched(folder: Path) -> bool:
    """Whether LXC's process for the node of this folder is there. It ends a moment after the node has stopped, and its
    devices with it; or it is about to begin a node anew that restarts from within."""
    try:
        process = int((folder / WATCHER).read_text(encoding="ascii"))
        return folder.name in Path(f"/proc/{process}/cmdline").read_text(errors="replace")
    except (OSError, ValueError):  # it has ended; or LXC is just writing or removing its number
        return False


def prepare(site: Site, host: Host, machine: Machine, layers: Sequence[Layer], things: Things) -> None:
    """All files that a start needs; those in the node only before its first."""
    folder = site.node(machine.id)
    if not (folder / "disk").is_dir():
        _seed(site, host, machine)
    scripts = {f"port{index}": configuration.isolate(port) for index, port in enumerate(machine.ports)}
    scripts["mount"] = configuration.mount(folder, [layer.path for layer in layers])
    for name, text in scripts.items():
        (folder / name).write_text(text, encoding="utf-8")
        (folder / name).chmod(0o755)
    write_hosts(site, machine, things)
    text = configuration.configuration(site, host, machine, things.networks)
    whole.write(folder / "config", text.encode())


def write_hosts(site: Site, machine: Machine, things: Things) -> None:
    """Names as they are now. Written in place: the file is mounted in the node, a new one would not be seen there."""
    path = site.node(machine.id) / "hosts"
    if not path.parent.is_dir():
        return
    existing = path.read_bytes()[:HOSTS_LIMIT].decode(errors="replace") if path.exists() else ""
    text = configuration.hosts(existing, configuration.neighbours(machine, things))
    if text != existing:
        with path.open("r+b" if path.exists() else "wb") as file:
            file.write(text.encode())
            file.truncate()
        os.chown(path, site.uid_base, site.uid_base)


def start(site: Site, machine: Machine, deadline: Deadline) -> None:
    """Refused, with what LXC says was the cause, when it does not start."""
    log = site.node(machine.id) / "log"
    log.unlink(missing_ok=True)
    try:
        watcher = str(site.node(machine.id) / WATCHER)
        _lxc("start", site, machine, deadline, "-d", "-p", watcher, "-o", str(log), "-l", "WARN")
    except Refused as error:
        said = cause(log.read_text(errors="replace")) if log.exists() else ""
        why = said or error.message.partition("\n")[0]
        raise Refused(f"node {machine.spec.name} does not start: {why}", thing=f"machine/{machine.id}") from error


def cause(log: str) -> str:
    """The first error in a log of LXC's: those that follow only say that it failed. Empty when there is none."""
    found = ERROR_LINE.search(log)
    return found[1][:CAUSE_LIMIT] if found else ""


def halt(site: Site, machine: Machine, deadline: Deadline) -> None:
    """Ask it to stop, and make it after a while. Waits: not for a provider's call."""
    _lxc("stop", site, machine, deadline, "-t", str(GRACE), check=False)
    kill(site, machine, deadline)
    _clear_groups(machine, deadline)


def kill(site: Site, machine: Machine, deadline: Deadline) -> None:
    """Returns when it has ended, LXC's process too. Unavailable when that takes too long."""
    while observe(site, machine, deadline) is not State.STOPPED:
        _lxc("stop", site, machine, deadline, "-k", check=False)
        _wait(machine, deadline)


def freeze(site: Site, machine: Machine, deadline: Deadline) -> None:
    _lxc("freeze", site, machine, deadline)


def thaw(site: Site, machine: Machine, deadline: Deadline) -> None:
    _lxc("unfreeze", site, machine, deadline)


def remove(site: Site, machine: Machine, deadline: Deadline) -> None:
    """Every file of it, and what LXC keeps elsewhere. Without its configuration LXC is asked no more about it."""
    _clear_groups(machine, deadline)
    folder = site.node(machine.id)
    (folder / "config").unlink(missing_ok=True)
    _remove_lock(folder)
    discard(folder)


def _remove_lock(folder: Path) -> None:
    lock = LOCKS / str(folder.parent).lstrip("/") / f".{folder.name}"
    lock.unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # other containers have locks there
        for parent in lock.parents:
            parent.rmdir()


def _clear_groups(machine: Machine, deadline: Deadline) -> None:
    """LXC's own process ends a moment after the node has stopped."""
    while not cgroups.remove(machine.id):
        _wait(machine, deadline)


def _wait(machine: Machine, deadline: Deadline) -> None:
    if deadline.over:
        raise Unavailable(f"processes of node {machine.spec.name} are still ending; ask again")
    time.sleep(ENDING)


def console(site: Site, machine: Machine) -> str:
    """The end of the console log; empty before the first start."""
    path = site.node(machine.id) / "console"
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - CONSOLE_TAIL))
        return file.read().decode(errors="replace")


def _lxc(verb: str, site: Site, machine: Machine, deadline: Deadline, *words: str, check: bool = True) -> str:
    argv = [f"lxc-{verb}", "-P", str(site.home / "nodes"), "-n", machine.id, *words]
    return run(argv, deadline, check=check)


def _seed(site: Site, host: Host, machine: Machine) -> None:
    """The node's own layer as it is before it ever ran. It comes to its place by a rename, so that nothing is written
    as this machine's root where a node may have put links."""
    part = whole.part(site.node(machine.id) / "disk")
    shutil.rmtree(part, ignore_errors=True)
    for empty in ("work", "root"):
        (part / empty).mkdir(parents=True)
    for name, text in configuration.files(machine, host).items():
        path = part / "upper" / name
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o644)
    for folder, _, files in os.walk(part):
        for path in (Path(folder), *(Path(folder, name) for name in files)):
            os.chown(path, site.uid_base, site.uid_base)
    part.replace(site.node(machine.id) / "disk")
