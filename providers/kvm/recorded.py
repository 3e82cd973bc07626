"""Volumes, snapshots, keys and firewalls: a record each, and a body that is another thing for each kind.

The record comes first and goes last, so that what is half made or half gone is seen, completed and removed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from providers.errors import NotFound
from providers.kvm.marks import Marks
from providers.kvm.records import Records
from providers.kvm.wire import Session
from providers.protocol import Kind, Resource, State

Facts: TypeAlias = Mapping[str, str | int]
Seen: TypeAlias = tuple[State, Facts]


class Body(Protocol):
    """What a thing is beside its record."""

    @property
    def kind(self) -> Kind: ...

    def kept(self, session: Session, spec: Any) -> Mapping[str, Any]:
        """What is to be known of it later. Refused, NotFound or Conflict before anything is made."""
        ...

    def make(self, session: Session, id: str, marks: Marks) -> None:
        """Whole, whatever is there of it already."""
        ...

    def see(self, session: Session, id: str, marks: Marks) -> Seen | None:
        """None where it is not there."""
        ...

    def remove(self, session: Session, id: str) -> None:
        """What is gone is fine. Conflict while something uses it."""
        ...


@dataclass(frozen=True, slots=True)
class Recorded:
    records: Records
    body: Body

    @property
    def kind(self) -> Kind:
        return self.body.kind

    def create(self, session: Session, spec: Any, id: str, tags: Mapping[str, str]) -> Resource:
        marks = self.records.of(session, self.kind, id)
        if marks is None:
            marks = Marks(spec.name, tags, self.body.kept(session, spec))
            self.records.write(session, self.kind, id, marks)
        if self.body.see(session, id, marks) is None:
            self.body.make(session, id, marks)
        return self._seen(session, id, marks)

    def look(self, session: Session) -> Sequence[Resource]:
        return [self._seen(session, id, marks) for id, marks in self.records.look(session, self.kind).items()]

    def observe(self, session: Session, id: str) -> Resource:
        return self._seen(session, id, self.marks(session, id))

    def retag(self, session: Session, id: str, tags: Mapping[str, str]) -> Resource:
        marks = self.marks(session, id)
        if not tags.items() <= marks.tags.items():
            self.records.write(session, self.kind, id, marks.with_tags(tags))
        return self.observe(session, id)

    def delete(self, session: Session, id: str) -> None:
        self.body.remove(session, id)
        self.records.forget(session, self.kind, id)

    def marks(self, session: Session, id: str) -> Marks:
        """NotFound where there is none."""
        found = self.records.of(session, self.kind, id)
        if found is None:
            raise NotFound(f"{self.kind} {id} is none that was made here, or is gone")
        return found

    def _seen(self, session: Session, id: str, marks: Marks) -> Resource:
        state, facts = self.body.see(session, id, marks) or (State.ERROR, {"error": "half made: only its record is"})
        return Resource(self.kind, id, marks.name, state, marks.token, marks.tags, (), facts)
