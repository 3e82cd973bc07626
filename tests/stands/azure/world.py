"""What is there: records by id, who refers to whom, and the long-running operations that change them.

Time passes when somebody asks: `settle` ends what is due, so that the stand-in needs no thread of its own.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from tests.stands.azure.catalog import Catalog
from tests.stands.azure.clock import Clock
from tests.stands.azure.wire import ArmError, Body


@dataclass(slots=True)
class Operation:
    """A long-running one. `failure` (code, message) makes it end Failed; `close` is done at its end either way."""

    id: str
    space: str
    location: str
    started: float
    ends: float
    close: Callable[[], None]
    failure: tuple[str, str] | None = None
    status: str = "InProgress"
    deletes: bool = False


@dataclass(slots=True)
class Record:
    """`body` is what is shown, without what follows from others; `sent` what was last asked for; `hidden` what the
    cloud knows and never shows (custom data, power)."""

    id: str
    type: str
    name: str
    group: str
    body: Body
    sent: Body
    etag: str = ""
    hidden: Body = field(default_factory=dict)
    refers: frozenset[str] = frozenset()
    operation: Operation | None = None

    @property
    def properties(self) -> Body:
        found: Body = self.body["properties"]
        return found

    @property
    def location(self) -> str:
        return str(self.body.get("location", ""))


def references(value: object) -> Iterator[str]:
    """Every id that a body names, in lower case: whatever stands under `id` or `sourceResourceId`."""
    if isinstance(value, dict):
        for name, each in value.items():
            if name in {"id", "sourceResourceId"} and isinstance(each, str):
                yield each.lower()
            else:
                yield from references(each)
    elif isinstance(value, list):
        for each in value:
            yield from references(each)


class World:
    """One subscription. Whoever changes it holds `lock`. `seconds` are those of an operation: by `type/verb`, else
    `usual`."""

    def __init__(
        self, clock: Clock, catalog: Catalog, subscription: str, *, usual: float, seconds: Mapping[str, float]
    ) -> None:
        self.clock, self.catalog, self.subscription = clock, catalog, subscription
        self.usual, self.seconds = usual, dict(seconds)
        self.lock = threading.RLock()
        self.groups: dict[str, Body] = {}
        self.records: dict[str, Record] = {}
        self.operations: dict[str, Operation] = {}
        self.failure: tuple[str, str] | None = None
        self._macs = 0

    def settle(self) -> None:
        """End the operations that are due, in their order."""
        running = (each for each in self.operations.values() if each.status == "InProgress")
        for each in sorted(running, key=lambda operation: operation.ends):
            if each.ends <= self.clock.now():
                each.status = "Failed" if each.failure else "Succeeded"
                each.close()

    def get(self, id: str) -> Record | None:
        return self.records.get(id.lower())

    def of(self, type: str) -> list[Record]:
        """All of a type, by name as Azure lists them."""
        found = (each for each in self.records.values() if each.type.lower() == type.lower())
        return sorted(found, key=lambda record: record.id.lower())

    def users(self, id: str) -> list[Record]:
        """Who refers to that id."""
        return [each for each in self.records.values() if id.lower() in each.refers]

    def write(self, record: Record) -> None:
        """Keep it as it is now: a new ETag, and whom it refers to."""
        record.etag = f'W/"{uuid.uuid4()}"'
        own = record.id.lower()
        record.refers = frozenset(
            each for each in references(record.body) if each != own and not each.startswith(own + "/")
        )
        self.records[own] = record

    def remove(self, record: Record) -> None:
        """It and all that is below it."""
        own = record.id.lower()
        for key in [key for key in self.records if key == own or key.startswith(own + "/")]:
            del self.records[key]

    def begin(self, record: Record, verb: str, state: str, close: Callable[[], None]) -> Operation:
        """Start an operation on a record: its provisioningState is `state` until `close` has been done, then Succeeded
        or Failed."""
        space, short = record.type.split("/", 1)
        started = self.clock.now()
        operation = Operation(
            id=str(uuid.uuid4()),
            space=space,
            location=record.location or self.catalog.locations[0],
            started=started,
            ends=started + self.seconds.get(f"{short}/{verb}", self.usual),
            close=lambda: self._close(record, operation, close),
            failure=self.failure,
        )
        record.properties["provisioningState"] = state
        record.operation = operation
        self.operations[operation.id] = operation
        return operation

    def _close(self, record: Record, operation: Operation, close: Callable[[], None]) -> None:
        if record.operation is not operation:
            operation.status = "Canceled"
            return
        record.operation = None
        record.properties["provisioningState"] = operation.status
        if not operation.failure:
            close()

    def referenced(self, id: str, by: str) -> Record:
        """The record that another names; refused as Azure does when it is not there, or is not ready."""
        found = self.get(id)
        if found is None:
            raise ArmError(
                400,
                "InvalidResourceReference",
                f"Resource {id} referenced by resource {by} was not found. Please make sure that the referenced "
                "resource exists, and that both resources are in the same region.",
                details=(("NotFound", f"Resource {id} not found."),),
            )
        self._ready(found, by)
        return found

    def _ready(self, found: Record, by: str) -> None:
        state = found.properties["provisioningState"]
        if state in {"Succeeded", "Failed"}:
            return
        raise ArmError(
            429,
            "RetryableError",
            "A retryable error occurred.",
            details=(
                (
                    "ReferencedResourceNotProvisioned",
                    f"Cannot proceed with operation because resource {found.id} used by resource {by} is not in "
                    f"Succeeded state. Resource is in {state} state and the last operation that updated/is updating "
                    "the resource is PutOperation.",
                ),
            ),
            headers={"Retry-After": "10"},
        )

    def mac(self) -> str:
        self._macs += 1
        return "00-0D-3A-" + "-".join(f"{self._macs >> shift & 255:02X}" for shift in (16, 8, 0))
