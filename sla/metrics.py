"""The metrics that can be promised: a table. Where each is measured decides who measures it.

Names of the node's metrics are the historic ones (cords.md, Appendix B). A metric measured from outside is one the
consumer would notice: the worker's probes ask the node as a client does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Origin(StrEnum):
    """NODE: the agent measures inside. OUTSIDE: the worker's probe asks from outside."""

    NODE = "node"
    OUTSIDE = "outside"


@dataclass(frozen=True, slots=True)
class Metric:
    """`location` says what a variable's location means for this metric; empty where none is needed."""

    name: str
    units: str
    origin: Origin
    meaning: str
    location: str = ""


def _table(*metrics: Metric) -> Mapping[str, Metric]:
    return {metric.name: metric for metric in metrics}


METRICS: Mapping[str, Metric] = _table(
    Metric(
        "dicom:echo",
        "0 or 1",
        Origin.OUTSIDE,
        "C-ECHO is answered with success",
        "AE title and port: PACS@4242",
    ),
    Metric("tcp:connect", "0 or 1", Origin.OUTSIDE, "a TCP connection is accepted", "port"),
    Metric(
        "http:status",
        "HTTP status",
        Origin.OUTSIDE,
        "status of a GET, 0 without an answer",
        "port and path: 8042/system",
    ),
    Metric("du:bytes", "bytes", Origin.NODE, "bytes that the files below a folder take", "folder in the node"),
    Metric(
        "disk:used",
        "percent",
        Origin.NODE,
        "used part of the file system a folder is on",
        "folder in the node",
    ),
    Metric("cpu", "percent", Origin.NODE, "processor time used since the last sample"),
    Metric("memory:used", "KiB", Origin.NODE, "memory in use"),
    Metric("memory:free", "KiB", Origin.NODE, "memory that is free"),
    Metric("tasks:total", "processes", Origin.NODE, "processes in the node"),
)
