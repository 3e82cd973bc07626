"""What goes wrong, when a test says so: the next requests that match are refused, delayed, cut, or fail in the end."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum


class Cut(StrEnum):
    """Where the connection ends: before the request is carried out, after it without an answer, or after half of the
    answer's body."""

    BEFORE = "before"
    AFTER = "after"
    HALF = "half"


@dataclass(frozen=True, slots=True)
class Fault:
    """For the next `times` requests whose method and path match (`path` a regular expression, searched without regard
    to case). One or more of: `delay` seconds before it is looked at; `status` with `code`, `message` and `headers`
    instead of carrying it out; `cut`; `ends`: the long-running operation that it starts ends Failed with that code and
    message."""

    method: str = ".*"
    path: str = ""
    times: int = 1
    delay: float = 0.0
    status: int = 0
    code: str = "InternalServerError"
    message: str = "An error occurred while processing this request. Please try again later."
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: Cut | None = None
    ends: tuple[str, str] | None = None

    def matches(self, method: str, path: str) -> bool:
        return bool(re.fullmatch(self.method, method) and re.search(self.path, path, re.IGNORECASE))


THROTTLED = Fault(
    status=429,
    code="OperationNotAllowed",
    message="The server rejected the request because too many requests have been received for this subscription.",
    headers={"Retry-After": "17", "x-ms-ratelimit-remaining-resource": "Microsoft.Compute/HighCostGet3Min;0"},
)
"""Compute's way to throttle; `replace` it with a path and times."""
NO_CAPACITY = (
    "AllocationFailed",
    "Allocation failed. We do not have sufficient capacity for the requested VM size in this region. Read more about "
    "improving likelihood of allocation success at http://aka.ms/allocation-guidance",
)
"""For `Fault.ends`: how a machine fails that Azure has no room for."""


class Faults:
    """Those that are still to come, oldest first; each request takes the first that matches."""

    def __init__(self) -> None:
        self._left: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._left.append(fault)

    def clear(self) -> None:
        with self._lock:
            self._left.clear()

    def take(self, method: str, path: str) -> Fault:
        """The fault of this request; one that does nothing when there is none."""
        with self._lock:
            for place, fault in enumerate(self._left):
                if fault.matches(method, path):
                    self._left[place : place + 1] = [replace(fault, times=fault.times - 1)] if fault.times > 1 else []
                    return fault
        return Fault()
