"""The metrics that can be promised and monitored: a table. Where each is measured decides who measures it.

Names of the node's metrics are the historic ones (cords.md, Appendix B), with their periods; values are integers
without units. A metric measured from outside is one the consumer would notice: the worker's probes ask the node as a
client does. A site's own metrics (`expression`, a shell pipeline) are no part of this table: they come with import
documents.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Origin(StrEnum):
    """NODE: the agent measures inside. OUTSIDE: the worker's probe asks from outside."""

    NODE = "node"
    OUTSIDE = "outside"


@dataclass(frozen=True, slots=True)
class Metric:
    """`location` says what a variable's location means for this metric; empty where none is needed. Measured every
    `period` seconds and sent once there are `samples`. `expression` is run in the node by its shell: the integer that
    its output begins with is the value. Empty: the agent knows the metric."""

    name: str
    units: str
    origin: Origin
    meaning: str
    location: str = ""
    period: int = 60
    samples: int = 1
    expression: str = ""

    @property
    def inside(self) -> bool:
        """Whether the node itself measures it."""
        return self.origin is Origin.NODE


_FOLDER = "folder in the node"

_OUTSIDE = (
    Metric("dicom:echo", "0 or 1", Origin.OUTSIDE, "C-ECHO is answered with success", "AE title and port: PACS@4242"),
    Metric("tcp:connect", "0 or 1", Origin.OUTSIDE, "a TCP connection is accepted", "port"),
    Metric(
        "http:status",
        "HTTP status",
        Origin.OUTSIDE,
        "status of a GET, 0 without an answer",
        "port and path: 8042/system",
    ),
)

# units -> name -> meaning. Percentages are of the time since the last sample, over all processors.
_INSIDE: Mapping[str, Mapping[str, str]] = {
    "percent": {
        "cpu": "processor time used",
        "cpu:active": "processor time used",
        "cpu:user": "processor time of programs",
        "cpu:system": "processor time of the kernel",
        "cpu:idle": "processor time nobody used",
        "cpu:wait": "processor time spent waiting for disks",
    },
    "KiB": {
        "memory": "memory in use",
        "memory:total": "memory there is",
        "memory:used": "memory in use",
        "memory:free": "memory that holds nothing",
        "memory:buffers": "memory that holds what is to be written",
        "swap": "swap space in use",
        "swap:total": "swap space there is",
        "swap:used": "swap space in use",
        "swap:free": "swap space that is free",
        "swap:cached": "swap space that is in memory too",
    },
    "processes": {
        "tasks": "processes in the node",
        "tasks:total": "processes in the node",
        "tasks:running": "processes that run",
        "tasks:sleeping": "processes that wait for something",
        "tasks:stopped": "processes that were stopped",
        "tasks:zombies": "processes that ended and were not asked how",
    },
    "sockets": {
        "net:stat:listen": "TCP sockets that listen",
        "net:stat:established": "TCP connections",
        "net:stat:timewait": "TCP connections that just ended",
        "net:stat:tcp": "TCP sockets",
        "net:stat:udp": "UDP sockets",
        "net:stat:unix": "Unix sockets",
    },
    "count": {
        "activity": "processes that wanted to run in the last minute, on average",
        "cpu:cores": "processors",
        "user:count": "users that are logged in",
        "every:minute": "1 each minute",
        "every:hour": "1 each hour",
        "every:day": "1 each day",
        "every:week": "1 each week",
    },
    "MHz": {"cpu:speed": "clock of the first processor"},
    "number": {
        "cpu:vendor": "who made the processor: 1 Intel, 2 AMD, 0 somebody else",
        "top:user": "number of the user whose process has used most processor time",
    },
}
_OF_FOLDERS: Mapping[str, Mapping[str, str]] = {
    "bytes": {
        "du:bytes": "bytes that the files below a folder hold",
        "disk:total": "size of the file system a folder is on",
        "disk:used": "used part of the file system a folder is on",
        "disk:free": "free part of the file system a folder is on",
    },
    "KiB": {"du": "disk space that a folder takes", "du:blocks": "disk space that a folder takes"},
    "percent": {"disk:percent": "used part of the file system a folder is on"},
}
_OF_INTERFACES: Mapping[str, tuple[str, str]] = {
    "rx": ("packets", "packets that the interface {} received"),
    "tx": ("packets", "packets that the interface {} sent"),
    "err": ("packets", "packets that the interface {} lost"),
    "status": ("0 or 1", "the interface {} is up"),
}
_PERIODS = {"every:hour": 3600, "every:day": 86_400, "every:week": 604_800}
_INTERFACE = re.compile(r"net:([\w.@-]{1,32}):(rx|tx|err|status)")


def _of_interface(name: str, what: str) -> Metric:
    units, meaning = _OF_INTERFACES[what]
    return Metric(f"net:{name}:{what}", units, Origin.NODE, meaning.format(name))


def _inside() -> Iterable[Metric]:
    for units, meanings in _INSIDE.items():
        for name, meaning in meanings.items():
            yield Metric(name, units, Origin.NODE, meaning, period=_PERIODS.get(name, 60))
    for units, meanings in _OF_FOLDERS.items():
        for name, meaning in meanings.items():
            yield Metric(name, units, Origin.NODE, meaning, _FOLDER)
    for interface in ("eth0", "lo"):
        yield from (_of_interface(interface, what) for what in _OF_INTERFACES)


METRICS: Mapping[str, Metric] = {one.name: one for one in (*_OUTSIDE, *_inside())}


def metric(name: str) -> Metric | None:
    """The built-in metric of that name, those of every interface included; None when there is none."""
    found = _INTERFACE.fullmatch(name)
    return METRICS.get(name) or (_of_interface(*found.groups()) if found else None)


class _Known(Mapping[str, Metric]):
    """METRICS, and those that `metric` knows by their pattern."""

    def __getitem__(self, name: str) -> Metric:
        found = metric(name)
        if found is None:
            raise KeyError(name)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(METRICS)

    def __len__(self) -> int:
        return len(METRICS)


KNOWN: Mapping[str, Metric] = _Known()
"""Every metric that somebody measures, wherever no import document is known."""
