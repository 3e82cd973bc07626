#!/usr/bin/env python3
"""The agent: the one file of ours that runs in a node. Standard library only, Python 3.7 or newer, no listening port.

It dials out to the broker's door (TLS, one pinned certificate), trades its one-time token for the node's own key,
fetches instructions, carries them out one after the other, reports outcomes, and measures at the periods asked for.

State folder (0700, files 0600): `key`, `origin` (which one-time token all of it belongs to), `journal.json`,
`probes.json`, `environment` (sh syntax), and `run/<id>/` of each script: `script`, `output`, and `exit` once it has
ended. A script's shell writes `exit` itself, so an agent that was killed learns afterwards how it ended, and nothing
is carried out twice.

When the machine died under an instruction: configure, file, install, kill, probe and service say what should be, and
are carried out again; run and fork may not be safe to repeat and are reported as interrupted (exit 75, EX_TEMPFAIL).
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import fcntl
import hashlib
import http.client
import json
import os
import random
import re
import shlex
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:  # Python 3.7 has no dict[...], and typing costs an import
    from collections.abc import Callable, Iterator
    from typing import Any

    Json = dict[str, Any]
    Reading = Callable[[str], float]

VERSION = 1  # of the messages, not of this file: a newer door serves older agents
WAIT = 20  # seconds one fetch may wait at the door
OUTPUT = 8192  # bytes of the end of an output that go into the outcome
CHUNK = 16384  # bytes of log in one message
ALIVE = 5  # seconds between signs of life while a script runs
KEPT = 4 * 1024**2  # bytes of output kept on disk for each script
REMEMBERED = 1000  # delivered outcomes kept, so that an instruction offered again is not repeated
BUFFERED = 2000  # samples kept while the broker is away; the oldest go first
UNUSABLE, INTERRUPTED, TIMEOUT = 64, 75, 124  # exits: EX_USAGE, EX_TEMPFAIL, and what timeout(1) gives
NOT_REPEATED = ("run", "fork")
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
PROC = Path("/proc")

# $1 is the script's folder, by which it is found again. The exit status appears whole or not at all.
WRAP = 'cd /; umask 022; /bin/sh -e "$1/script" >>"$1/output" 2>&1 </dev/null; echo $? >"$1/new"; mv "$1/new" "$1/exit"'
INSTALL = """export DEBIAN_FRONTEND=noninteractive
get() {{ apt-get -q -y --no-install-recommends -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confold "$@"; }}
dpkg --configure -a
get install {0} || {{ get update && get install {0}; }}
"""


class Away(Exception):
    """The door was not reached, or gave no answer that can be read."""


class Refused(Exception):
    """The door answered with an error status; `wait` seconds if it said so."""

    def __init__(self, status: int, wait: float) -> None:
        super().__init__(f"the door answered {status}")
        self.status, self.wait = status, wait


class Wrong(Exception):
    """An instruction that cannot be carried out as it stands."""


def say(event: str, **fields: Any) -> None:
    sys.stderr.write(json.dumps({"event": event, **fields}) + "\n")
    sys.stderr.flush()


# ---------------------------------------------------------------- files


def write(path: Path, text: str, mode: int = 0o600) -> None:
    """Replace a file, whole or not at all, also when the power goes; nobody else can read it meanwhile."""
    new = path.with_name(path.name + ".new")
    with contextlib.suppress(FileNotFoundError):
        new.unlink()
    with os.fdopen(os.open(str(new), os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        os.fchmod(file.fileno(), mode)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def read(path: Path) -> str:
    """The text, empty when there is none: files of /proc come and go."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def read_json(path: Path) -> Json:
    try:
        found = json.loads(read(path))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def part(path: Path, start: int, size: int) -> bytes:
    """Up to `size` bytes from `start`, counted from the end when negative."""
    try:
        with path.open("rb") as file:
            file.seek(start if start >= 0 else max(0, os.fstat(file.fileno()).st_size + start))
            return file.read(size)
    except OSError:
        return b""


def trim(path: Path) -> bool:
    """Begin an output again that grew too long; its writers append, so they go on at the new end."""
    if not path.exists() or path.stat().st_size <= KEPT:
        return False
    os.truncate(str(path), 0)
    return True


# ---------------------------------------------------------------- the door


class Door:
    """One kept-alive connection to the broker. Trusts exactly the pinned certificate, and says nothing to any other."""

    def __init__(self, config: Json, key: str) -> None:
        self.places = [(str(each), int(config["port"])) for each in config.get("addresses") or [config["address"]]]
        self.pin = ssl.PEM_cert_to_DER_cert(config["certificate"])
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.context.check_hostname = False  # the certificate itself is known; a name adds nothing
        self.context.load_verify_locations(cadata=config["certificate"])
        self.key = key
        self.line: http.client.HTTPSConnection | None = None

    def call(self, method: str, path: str, body: Json | None = None, timeout: float = 15.0) -> Json:
        try:
            status, wait, text = self.exchange(method, path, body, timeout)
            found = json.loads(text) if status < 300 else {}
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.close()
            raise Away(str(error) or type(error).__name__) from error
        if status >= 300 or not isinstance(found, dict):
            raise Refused(status, wait)
        return found

    def exchange(self, method: str, path: str, body: Json | None, timeout: float) -> tuple[int, float, bytes]:
        line = self.line = self.line or self.dial(timeout)
        line.sock.settimeout(timeout)
        headers = {"Accords-Agent": str(VERSION), "Content-Type": "application/json"}
        if self.key:
            headers["Authorization"] = "Bearer " + self.key
        line.request(method, path, None if body is None else json.dumps(body).encode(), headers)
        answer = line.getresponse()
        text = answer.read(4 * 1024**2)
        if answer.will_close:
            self.close()
        wait = answer.getheader("Retry-After") or ""
        return answer.status, float(wait) if wait.isdigit() else 0.0, text

    @property
    def where(self) -> tuple[str, int]:
        return self.places[0]

    def dial(self, timeout: float) -> http.client.HTTPSConnection:
        line = http.client.HTTPSConnection(*self.where, timeout=timeout, context=self.context)
        try:
            line.connect()
        except OSError:
            self.places.append(self.places.pop(0))  # the next one is tried at the next call
            raise
        if line.sock.getpeercert(True) != self.pin:
            line.close()
            raise OSError("the door shows another certificate than the pinned one")
        return line

    def close(self) -> None:
        if self.line:
            self.line.close()
        self.line = None


def own_address(where: tuple[str, int]) -> str:
    """The address this node has towards the broker, which CORDS calls `cosacs`; empty when there is no way there."""
    with socket.socket(socket.AF_INET6 if ":" in where[0] else socket.AF_INET, socket.SOCK_DGRAM) as datagram:
        try:
            datagram.connect(where)  # sends nothing
            return str(datagram.getsockname()[0])
        except OSError:
            return ""


class Pause:
    """Waits that double up to half a minute, spread so that a hundred nodes do not come back at once."""

    def __init__(self) -> None:
        self.failures = 0

    def after(self, error: Exception) -> None:
        self.failures += 1
        wait = min(30.0, 0.1 * 2 ** min(self.failures, 10)) * random.uniform(0.5, 1.0)  # noqa: S311 - spread, not a secret
        if isinstance(error, Refused):
            wait = max(wait, min(error.wait, 300.0))
        if self.failures in (1, 5) or self.failures % 60 == 0:
            say("door.away", why=str(error), failures=self.failures, seconds=round(wait, 1))
        time.sleep(wait)


# ---------------------------------------------------------------- what must be remembered


class Journal:
    """What is running, what was done and how it ended; on disk before anybody is told."""

    def __init__(self, path: Path) -> None:
        self.path = path
        found = read_json(path)
        self.running: Json | None = found.get("running")
        self.done: dict[str, Json] = found.get("done", {})  # outcomes by id; `sent` once the broker has them
        self.secret: list[str] = found.get("secret", [])  # symbols whose values are never sent back

    def save(self) -> None:
        write(self.path, json.dumps({"running": self.running, "done": self.done, "secret": self.secret}))

    def begin(self, running: Json | None) -> None:
        self.running = running
        self.save()

    def finish(self, outcome: Json) -> None:
        self.running = None
        self.done[outcome["id"]] = outcome
        self.save()

    def undelivered(self) -> list[Json]:
        return [outcome for outcome in self.done.values() if not outcome["sent"]][:16]

    def delivered(self, outcomes: list[Json]) -> None:
        for outcome in outcomes:
            outcome.update(sent=True, output="")
        known = [name for name, outcome in self.done.items() if outcome["sent"]]
        for name in known[:-REMEMBERED]:
            del self.done[name]
        self.save()

    def keep_secret(self, name: str) -> None:
        if name not in self.secret:
            self.secret.append(name)
            self.save()


def symbol(name: str) -> str:
    """As the environment can hold it: every . : - becomes _ (cords.md 1.4)."""
    found = re.sub(r"[.:-]", "_", name)
    if not re.match(r"[A-Za-z_][A-Za-z0-9_]*\Z", found):
        raise Wrong(f"{name!r} is not a name that the environment can hold")
    return found


def assignments(text: str) -> dict[str, str]:
    return {item.partition("=")[0]: item.partition("=")[2] for item in shlex.split(text) if "=" in item}


def as_file(environment: dict[str, str]) -> str:
    return "".join(f"{name}={shlex.quote(value)}\n" for name, value in sorted(environment.items()))


# ---------------------------------------------------------------- processes


def processes() -> Iterator[int]:
    return (int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit())


def command(pid: int) -> list[str]:
    return read(PROC / str(pid) / "cmdline").split("\0")[:-1]


def stat(pid: int) -> list[str]:
    """Fields of /proc/<pid>/stat from the state on (proc(5), field 3); empty when the process is gone."""
    return read(PROC / str(pid) / "stat").rpartition(")")[2].split()


def wrapper(folder: Path) -> int:
    """The process that carries out the script of this folder, 0 when there is none (any more)."""
    return next((pid for pid in processes() if command(pid)[-2:] == ["accords", str(folder)]), 0)


def kill_all(name: str) -> int:
    """killall -15: SIGTERM to every process of that name (its own, its program's, its script's); how many."""
    found = 0
    for pid in processes():
        names = {read(PROC / str(pid) / "comm").strip(), *(Path(word).name for word in command(pid)[:2])}
        if name in names and pid not in (1, os.getpid()):
            found += 1
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGTERM)
    return found


def end_group(pid: int) -> None:
    """TERM, at most five seconds, KILL: to a script and what it started."""
    for number, seconds in ((signal.SIGTERM, 5.0), (signal.SIGKILL, 0.0)):
        with contextlib.suppress(OSError):
            os.killpg(pid, number)
        until = time.monotonic() + seconds
        while stat(pid)[:1] not in ([], ["Z"]) and time.monotonic() < until:
            time.sleep(0.05)


# ---------------------------------------------------------------- measurements: names and units of cords.md appendix B


def memory(name: str, less: str = "") -> Reading:
    """KiB of a line of /proc/meminfo, less another."""

    def reading(_: str) -> float:
        lines = dict(line.split(":") for line in read(PROC / "meminfo").splitlines())
        return int(lines[name].split()[0]) - (int(lines[less].split()[0]) if less else 0)

    return reading


def tasks(states: str) -> Reading:
    return lambda _: sum(1 for pid in processes() if (stat(pid) or "-")[0] in states)


def sockets(files: str, state: str = "") -> Reading:
    """Lines of /proc/net tables; `state` is the fourth column's code (01 established, 06 time-wait, 0A listen)."""

    def reading(_: str) -> float:
        lines = (line.split() for name in files.split() for line in read(PROC / "net" / name).splitlines()[1:])
        return sum(1 for fields in lines if not state or fields[3] == state)

    return reading


def tree(location: str) -> Iterator[os.stat_result]:
    """The top and everything below, as `du -x` counts: hard links once, no other file system, no link followed."""
    top, linked = os.lstat(location), set()
    yield top
    for folder, folders, files in os.walk(location):
        for name in folders[:] + files:
            with contextlib.suppress(OSError):  # gone since it was listed
                found = (Path(folder) / name).lstat()
                if found.st_dev == top.st_dev and found.st_ino not in linked:
                    yield found
                elif name in folders:
                    folders.remove(name)
                if found.st_nlink > 1:
                    linked.add(found.st_ino)


def busiest(_: str) -> float:
    """The user of the process that has used most processor time (stat: utime, stime)."""
    used = [(sum(int(field) for field in stat(pid)[11:13]), pid) for pid in processes()]
    return int(re.findall(r"\nUid:\s+(\d+)", read(PROC / str(max(used)[1]) / "status"))[0])


def users(_: str) -> float:
    """Sessions of people, as who(1) lists them; beside each file stands a pipe, which must not be read."""
    sessions = (path for path in Path("/run/systemd/sessions").glob("*") if path.name.isalnum())
    return sum("\nCLASS=user\n" in read(path) for path in sessions)


def vendor(_: str) -> float:
    return {"GenuineIntel": 1, "AuthenticAMD": 2}.get(
        "".join(re.findall(r"vendor_id\s*: (\S+)", read(PROC / "cpuinfo"))[:1]), 0
    )


def disk(value: Callable[[os.statvfs_result], float]) -> Reading:
    return lambda location: value(os.statvfs(location or "/"))


METRICS: dict[str, Reading] = {
    "activity": lambda _: os.getloadavg()[0],
    "top:user": busiest,
    "user:count": users,
    **{"every:" + name: lambda _: 1 for name in ("minute", "hour", "day", "week")},
    "cpu:vendor": vendor,
    "cpu:cores": lambda _: os.cpu_count() or 1,
    "cpu:speed": lambda _: float(re.findall(r"cpu MHz\s*: ([\d.]+)", read(PROC / "cpuinfo"))[0]),
    "memory": memory("MemTotal", "MemAvailable"),
    "memory:total": memory("MemTotal"),
    "memory:used": memory("MemTotal", "MemAvailable"),
    "memory:free": memory("MemFree"),
    "memory:buffers": memory("Buffers"),
    "swap": memory("SwapTotal", "SwapFree"),
    "swap:total": memory("SwapTotal"),
    "swap:used": memory("SwapTotal", "SwapFree"),
    "swap:free": memory("SwapFree"),
    "swap:cached": memory("SwapCached"),
    "tasks": tasks("RSDITtZX"),
    "tasks:total": tasks("RSDITtZX"),
    "tasks:running": tasks("R"),
    "tasks:sleeping": tasks("SDI"),
    "tasks:stopped": tasks("Tt"),
    "tasks:zombies": tasks("Z"),
    "net:stat:listen": sockets("tcp tcp6", "0A"),
    "net:stat:established": sockets("tcp tcp6", "01"),
    "net:stat:timewait": sockets("tcp tcp6", "06"),
    "net:stat:tcp": sockets("tcp tcp6"),
    "net:stat:udp": sockets("udp udp6"),
    "net:stat:unix": sockets("unix"),
    "du": lambda location: sum(found.st_blocks for found in tree(location)) / 2,  # KiB, as du prints
    "du:blocks": lambda location: sum(found.st_blocks for found in tree(location)) / 2,
    "du:bytes": lambda location: sum(found.st_size for found in tree(location)),
    "disk:total": disk(lambda found: found.f_blocks * found.f_frsize),  # disk:* are ours: bytes of the file system
    "disk:used": disk(lambda found: (found.f_blocks - found.f_bfree) * found.f_frsize),
    "disk:free": disk(lambda found: found.f_bavail * found.f_frsize),
    "disk:percent": disk(lambda found: 100.0 * (found.f_blocks - found.f_bfree) / (found.f_blocks or 1)),
}
# Percent of the time since the last reading; columns of /proc/stat: user nice system idle iowait irq softirq steal.
BUSY = (0, 1, 2, 5, 6, 7)
CPU = {"cpu": BUSY, "cpu:active": BUSY, "cpu:user": (0, 1), "cpu:system": (2, 5, 6), "cpu:idle": (3,), "cpu:wait": (4,)}
NET = {"rx": ["rx_packets"], "tx": ["tx_packets"], "err": ["rx_errors", "tx_errors"]}


def interface(name: str, what: str) -> float:
    base = Path("/sys/class/net") / name
    if what == "status":
        return float(base.joinpath("operstate").read_text().strip() in ("up", "unknown"))  # lo says "unknown"
    return sum(int(base.joinpath("statistics", file).read_text()) for file in NET[what])


class Probe:
    """One metric of one place, measured every `period` seconds (at least 1) and told once there are `samples`."""

    def __init__(self, metric: str, location: str, period: float, samples: int = 1, expression: str = "") -> None:
        self.metric, self.location, self.period = metric, location, max(1.0, period)
        self.samples, self.expression = samples, expression
        self.held: list[Json] = []
        self.due = time.monotonic()
        self.spent = self.clocks() if metric in CPU else []
        self.reading = self.find(metric)
        if metric.startswith("du") and not location:
            raise Wrong(f"{metric} needs a location")

    def find(self, metric: str) -> Reading:
        if self.expression:
            return self.shell
        net = re.match(r"net:([\w.@-]+):(rx|tx|err|status)\Z", metric)
        if metric in METRICS:
            return METRICS[metric]
        if metric in CPU:
            return self.cpu
        if net:
            name, what = net.groups()
            return lambda _: interface(name, what)
        raise Wrong(f"no metric is called {metric!r}")

    def shell(self, _: str) -> float:
        """The integer that the expression's output begins with. It gets ten seconds, and no more output is read."""
        text = ["/bin/sh", "-c", '/bin/sh -c "$1" | head -c 64', "accords", self.expression]
        silent = subprocess.DEVNULL
        with subprocess.Popen(
            text, stdin=silent, stdout=subprocess.PIPE, stderr=silent, env={"PATH": PATH}, start_new_session=True
        ) as child:
            try:
                found = child.communicate(timeout=min(self.period, 10.0))[0]
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)
                raise ValueError("it takes too long") from None
        return int(re.findall(rb"\A\s*(-?\d+)", found)[0])

    def clocks(self) -> list[int]:
        return [int(field) for field in read(PROC / "stat").split("\n", 1)[0].split()[1:9]]

    def cpu(self, _: str) -> float:
        before, self.spent = self.spent, self.clocks()
        spent = [now - then for now, then in zip(self.spent, before)]  # noqa: B905 - Python 3.7 has no strict
        return 100.0 * sum(spent[column] for column in CPU[self.metric]) / (sum(spent) or 1)

    def measure(self) -> Json | None:
        """A sample, or None: the broker judges what is missing as unknown, never as good."""
        self.due = max(self.due + self.period, time.monotonic())
        try:
            value = int(self.reading(self.location))
        except (OSError, LookupError, ValueError) as error:
            say("probe.failed", metric=self.metric, location=self.location, why=str(error))
            return None
        return {"metric": self.metric, "location": self.location, "value": value, "taken": time.monotonic()}


class Probes(threading.Thread):
    """Measures and sends, beside the instructions. Samples carry their age: the node's clock may be wrong."""

    def __init__(self, path: Path, door: Door) -> None:
        super().__init__(name="probes", daemon=True)
        self.path, self.door, self.pause = path, door, Pause()
        self.changed = threading.Condition()
        self.samples: collections.deque[Json] = collections.deque(maxlen=BUFFERED)
        self.probes: dict[str, Probe] = {}
        for arguments in read_json(path).values():
            self.change(**arguments)

    def change(self, metric: str, location: str = "", period: float = 60, **more: Any) -> None:
        """Begin a probe, alter it, or with a period of 0 end it; on disk, so that it goes on after a reboot."""
        probe = Probe(metric, location or "", float(period), **more) if period else None
        with self.changed:
            self.probes.pop(f"{metric} {location}", None)
            if probe:
                self.probes[f"{metric} {location}"] = probe
            known = ("metric", "location", "period", "samples", "expression")
            kept = {name: {key: vars(p)[key] for key in known} for name, p in self.probes.items()}
            write(self.path, json.dumps(kept))
            self.changed.notify()

    def run(self) -> None:
        while True:
            for probe in self.due():
                sample = probe.measure()
                probe.held += [sample] if sample else []
                if len(probe.held) >= probe.samples:
                    self.samples.extend(probe.held)
                    probe.held = []
            self.send()

    def due(self) -> list[Probe]:
        """What is to be measured now; waits for it, or a little when samples are waiting to be sent."""
        with self.changed:
            now = time.monotonic()
            waits = [probe.due - now for probe in self.probes.values()] + [1.0 if self.samples else 3600.0]
            self.changed.wait(max(0.0, min(waits)))
            return [probe for probe in self.probes.values() if probe.due <= time.monotonic()]

    def send(self) -> None:
        if not self.samples or not self.door.key:
            return
        batch = [self.samples[place] for place in range(min(len(self.samples), 200))]
        now = time.monotonic()
        aged = [{**sample, "age": round(now - sample["taken"], 3)} for sample in batch]
        try:
            self.door.call("POST", "/v1/samples", {"samples": aged})
        except (Away, Refused) as error:
            self.pause.after(error)
            if isinstance(error, Away) or error.status in (401, 429) or error.status >= 500:
                return  # keep them for later; any other answer will not change
        self.pause.failures = 0
        for _ in batch:
            self.samples.popleft()


# ---------------------------------------------------------------- instructions: what each method does


def install(agent: Agent, arguments: Json, secret: list[str]) -> str:
    if arguments.get("script"):
        return str(arguments["script"])
    packages = arguments["packages"]
    packages = [packages] if isinstance(packages, str) else packages
    for name in packages:
        if not re.match(r"[a-zA-Z0-9][a-zA-Z0-9+.:=~/-]*\Z", name):
            raise Wrong(f"{name!r} is not the name of a package")
    return INSTALL.format(" ".join(packages))


def configure(agent: Agent, arguments: Json, secret: list[str]) -> None:
    name = symbol(arguments["symbol"])
    if "value" in secret:
        agent.journal.keep_secret(name)
    path = agent.state / "environment"
    write(path, as_file({**assignments(read(path)), name: str(arguments["value"])}))


def script(agent: Agent, arguments: Json, secret: list[str]) -> str:
    return str(arguments["script"])


def kill(agent: Agent, arguments: Json, secret: list[str]) -> None:
    """None there is success too: what is asked for is that the process ends."""
    say("kill", process=arguments["process"], found=kill_all(str(arguments["process"])))


def place(agent: Agent, arguments: Json, secret: list[str]) -> None:
    path = Path(arguments["path"])
    if not path.is_absolute():
        raise Wrong(f"{path} is not an absolute path")
    path.parent.mkdir(parents=True, exist_ok=True)
    write(path, arguments["content"], int(str(arguments.get("mode") or "644"), 8))


def service(agent: Agent, arguments: Json, secret: list[str]) -> str:
    actions = (
        "start",
        "stop",
        "restart",
        "reload",
        "try-restart",
        "reload-or-restart",
        "enable",
        "disable",
        "reset-failed",
    )
    if arguments["action"] not in actions:
        raise Wrong(f"a service has no action {arguments['action']!r}")
    return f"systemctl {arguments['action']} -- {shlex.quote(arguments['name'])}"


def probe(agent: Agent, arguments: Json, secret: list[str]) -> None:
    agent.probes.change(**arguments)


METHODS: dict[str, Callable[[Agent, Json, list[str]], str | None]] = {  # a text is a script to run; None: it is done
    "install": install,
    "configure": configure,
    "run": script,
    "fork": script,
    "kill": kill,
    "file": place,
    "service": service,
    "probe": probe,
}


# ---------------------------------------------------------------- the agent


class Agent:
    def __init__(self, config: Json, state: Path) -> None:
        self.config, self.state = config, state
        self.belong()
        self.journal = Journal(state / "journal.json")
        self.door = Door(config, read(state / "key").strip())
        self.probes = Probes(state / "probes.json", Door(config, self.door.key))
        self.child: subprocess.Popen[bytes] | None = None
        self.spoke = time.monotonic()

    def belong(self) -> None:
        """State of another node, which was in the image that this one began from, is not ours."""
        origin = hashlib.sha256(self.config["token"].encode()).hexdigest()
        if read(self.state / "origin") != origin:
            for path in self.state.iterdir():
                if path.is_dir():
                    shutil.rmtree(str(path))
                elif path.name != "lock":
                    path.unlink()
            write(self.state / "origin", origin)
        self.state.joinpath("run").mkdir(mode=0o700, exist_ok=True)

    def work(self) -> None:
        self.probes.start()
        if self.journal.running:
            self.watch(self.journal.running)
        pause = Pause()
        while True:
            try:
                self.turn()
                pause.failures = 0
            except (Away, Refused) as error:
                if isinstance(error, Refused) and error.status == 401 and not (self.state / "used").exists():
                    self.door.key = (
                        ""  # a key that never worked: another hello came after it, and the token still counts
                    )
                pause.after(error)

    def turn(self) -> None:
        """Deliver, fetch, carry out. Instructions that are there together wait for nothing but each other's end."""
        if not self.door.key:
            self.hello()
        self.deliver()
        answer = self.door.call("GET", f"/v1/instructions?wait={WAIT}", timeout=WAIT + 15.0)
        if not (self.state / "used").exists():
            write(self.state / "used", "")
        for instruction in answer["instructions"]:
            known = self.journal.done.get(instruction["id"])
            if known:  # it was done, but the broker has forgotten: told again, not done again
                known["sent"] = False
                time.sleep(1)
            else:
                self.carry_out(instruction)
            with contextlib.suppress(Away, Refused):  # kept, and delivered before the next fetch
                self.deliver()
        for output in self.state.glob("run/*/output"):
            trim(output)
        time.sleep(min(float(answer.get("again", 0)), 30.0))

    def outwards(self) -> tuple[str, int]:
        """Towards the broker, or anywhere out of here when it is the broker that dials."""
        return ("192.0.2.1", 9) if self.config.get("addresses") else self.door.where

    def hello(self) -> None:
        asked = {"node": self.config["node"], "token": self.config["token"]}
        key = str(self.door.call("POST", "/v1/hello", asked)["key"])
        write(self.state / "key", key)
        self.door.key = self.probes.door.key = key
        say("hello", node=self.config["node"])

    def deliver(self) -> None:
        outcomes = self.journal.undelivered()
        while outcomes:
            self.door.call("POST", "/v1/outcomes", {"outcomes": outcomes})
            self.journal.delivered(outcomes)
            for outcome in outcomes:
                if outcome["method"] != "fork":  # what was forked goes on writing there
                    shutil.rmtree(str(self.folder(outcome["id"])), ignore_errors=True)
            outcomes = self.journal.undelivered()

    def carry_out(self, instruction: Json) -> None:
        running: Json = {"id": str(instruction["id"]), "method": str(instruction["method"]), "sent": 0}
        say("instruction.begin", id=running["id"], method=running["method"])
        try:
            text = METHODS[running["method"]](self, instruction["arguments"], instruction.get("secret", []))
        except (Wrong, LookupError, TypeError, ValueError, AttributeError, OSError) as error:
            self.end(running, UNUSABLE, f"{running['method']} cannot be carried out: {error!r}")
            return
        if text is None:
            self.end(running, 0, "")
            return
        self.start(running, text, float(instruction.get("timeout", 600)))
        self.watch(running)

    def start(self, running: Json, text: str, timeout: float) -> None:
        folder = self.folder(running["id"])
        shutil.rmtree(str(folder), ignore_errors=True)
        folder.mkdir(mode=0o700)
        write(folder / "script", text, 0o700)
        running["until"] = time.clock_gettime(time.CLOCK_BOOTTIME) + timeout
        self.journal.begin(running)  # before the process: after a crash between the two it counts as begun
        shell = ["/bin/sh", "-c", WRAP, "accords", str(folder)]
        self.child = subprocess.Popen(shell, env=self.environment(), start_new_session=True)

    def environment(self) -> dict[str, str]:
        """CORDS' four (publisher, contract, account come with the configuration), then what was configured."""
        base = {"PATH": PATH, "HOME": "/root", "LANG": "C.UTF-8", "cosacs": own_address(self.outwards())}
        return {**base, **self.config.get("environment", {}), **assignments(read(self.state / "environment"))}

    def watch(self, running: Json) -> None:
        """Until the script has ended, whoever started it: this agent or one before it. A fork: for a moment only."""
        child, self.child = self.child, None
        began = streamed = time.monotonic()
        wait, late = 0.01, False
        while (child.poll() is None) if child else wrapper(self.folder(running["id"])):
            if running["method"] == "fork" and time.monotonic() > began + 0.5:
                self.end(running, 0, self.ending(running))
                return
            if time.clock_gettime(time.CLOCK_BOOTTIME) > running["until"]:
                late = True
                self.stop(running)
            if time.monotonic() > streamed + 1:
                self.stream(running)
                streamed = time.monotonic()
            time.sleep(wait)
            wait = min(wait * 1.5, 0.25)
        self.stream(running, ended=True)
        self.conclude(running, late)

    def stop(self, running: Json) -> None:
        pid = wrapper(self.folder(running["id"]))
        if pid:
            end_group(pid)

    def conclude(self, running: Json, late: bool) -> None:
        status = read(self.folder(running["id"]) / "exit").strip()
        if status:
            self.end(running, int(status), self.ending(running))
        elif late:
            self.end(running, TIMEOUT, self.ending(running) + "\nstopped: it took longer than it may")
        elif running["method"] in NOT_REPEATED:
            self.end(
                running,
                INTERRUPTED,
                self.ending(running) + "\ninterrupted: the node went down, or the script was killed",
            )
        else:
            self.journal.begin(None)  # it is offered again, and safe to repeat

    def end(self, running: Json, status: int, output: str) -> None:
        outcome = {"id": running["id"], "method": running["method"], "exit": status, "output": output, "sent": False}
        self.journal.finish(outcome)
        say("instruction.end", id=running["id"], method=running["method"], exit=status)

    def ending(self, running: Json) -> str:
        return self.masked(part(self.folder(running["id"]) / "output", -OUTPUT, OUTPUT))

    def stream(self, running: Json, ended: bool = False) -> None:
        """Send whole lines of what was written since, or now and then a sign of life. What finds nobody is left out,
        as its end is in the outcome. An instruction that the broker has taken back is stopped."""
        output = self.folder(running["id"]) / "output"
        if trim(output):
            running["sent"] = 0
        text = part(output, running["sent"], CHUNK)
        text = text if ended or len(text) == CHUNK else text[: text.rfind(b"\n") + 1]
        running["sent"] += len(text)
        if not text and (ended or time.monotonic() < self.spoke + ALIVE):
            return
        self.spoke = time.monotonic()
        try:
            self.door.call("POST", "/v1/logs", {"id": running["id"], "text": self.masked(text)}, timeout=5.0)
        except Refused as error:
            if error.status == 404 and not ended:
                self.stop(running)
        except Away:
            pass

    def masked(self, text: bytes) -> str:
        """Without the values of secrets, which a script may print."""
        found = text.decode("utf-8", "replace")
        environment = assignments(read(self.state / "environment"))
        for name in self.journal.secret:
            value = environment.get(name, "")
            found = found.replace(value, "***") if len(value) > 3 else found
        return found

    def folder(self, name: str) -> Path:
        return self.state / "run" / re.sub(r"[^A-Za-z0-9_-]", "_", name)


def main() -> None:
    options = argparse.ArgumentParser(description="Accords agent: carries out what the broker asks of this node.")
    options.add_argument("--config", type=Path, default=Path("/etc/accords-agent.json"))
    options.add_argument("--state", type=Path, default=Path("/var/lib/accords-agent"))
    chosen = options.parse_args()
    os.umask(0o077)
    chosen.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (chosen.state / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # one agent at a time; a second one waits for the first to end
        Agent(read_json(chosen.config), chosen.state).work()


if __name__ == "__main__":
    main()
