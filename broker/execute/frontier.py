"""Which steps may begin, which never will. Pure: told what ended, it says what that makes ready."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from broker.store.journal import Entry
from manifests.plan import Ref, Step, Value


class Frontier:
    """A plan and what is known of its steps. A failed step blocks those that need it, unless it is optional."""

    def __init__(self, steps: Sequence[Step], entries: Mapping[str, Entry]) -> None:
        self.steps = {step.id: step for step in steps}
        self.results: dict[str, Mapping[str, Any]] = {}
        self.errors: dict[str, Mapping[str, Any]] = {}
        self._unmet = {step.id: len(step.needs) for step in steps}
        self._dependants: dict[str, list[str]] = {step.id: [] for step in steps}
        for step in steps:
            for need in step.needs:
                self._dependants[need].append(step.id)
        self._recall(entries)

    def ready(self) -> list[Step]:
        """Every step that may begin and has not ended."""
        return [step for id, step in self.steps.items() if not self._unmet[id] and not self.ended(id)]

    def ended(self, id: str) -> bool:
        return id in self.results or id in self.errors

    def done(self, id: str, result: Mapping[str, Any]) -> list[Step]:
        """The steps that this makes ready."""
        self.results[id] = result
        return self._release(id)

    def failed(self, id: str, error: Mapping[str, Any]) -> list[Step]:
        """The steps that this makes ready: none, unless it was optional."""
        self.errors[id] = error
        return self._release(id) if self.steps[id].optional else []

    def blocked(self) -> tuple[str, ...]:
        """The steps that are behind a failure, or were not reached."""
        return tuple(id for id in self.steps if not self.ended(id))

    def inputs(self, step: Step) -> dict[str, Any]:
        """The step's inputs with each Ref replaced. LookupError when what it names has no result."""
        return {name: self._resolve(value) for name, value in step.inputs.items()}

    def _recall(self, entries: Mapping[str, Entry]) -> None:
        for id in self.steps:
            entry = entries.get(id)
            if entry is not None and entry.state == "done":
                self.done(id, entry.result or {})
            elif entry is not None and entry.state == "failed":
                self.failed(id, entry.error or {})

    def _release(self, id: str) -> list[Step]:
        freed = []
        for dependant in self._dependants[id]:
            self._unmet[dependant] -= 1
            if not self._unmet[dependant]:
                freed.append(self.steps[dependant])
        return freed

    def _resolve(self, value: Value) -> Any:
        if isinstance(value, Ref):
            return self.results[value.step][value.field]
        if isinstance(value, Mapping):
            return {name: self._resolve(item) for name, item in value.items()}
        if isinstance(value, tuple):
            return tuple(map(self._resolve, value))
        return value
