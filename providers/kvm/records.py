"""What libvirt keeps no metadata of: filters, files and keys have a record, a small file beside them in the pool.

The name of a record says whose it is, how often it was written, and the digest of its content. So what was read once is
known for good; one that was not written to its end is known as such, and as if it were not there; and tags are changed
by writing the next one before the last is removed.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

from providers.errors import NotFound
from providers.kvm import storage
from providers.kvm.marks import Marks, packed, parsed
from providers.kvm.names import PREFIX
from providers.kvm.wire import Session
from providers.protocol import Kind

NAME = re.compile(r"accords-([0-9a-f-]{36})\.(\w+)\.(\d+)\.([0-9a-f]{16})\.json")


class Written(NamedTuple):
    """A record's file, by its name."""

    id: str
    kind: str
    number: int
    digest: str
    name: str


class Records:
    """Those of one pool."""

    def __init__(self, pool: str) -> None:
        self._pool = pool
        self._known: dict[str, Marks] = {}

    def look(self, session: Session, kind: Kind) -> dict[str, Marks]:
        """Id -> marks of all things of a kind."""
        where = storage.pool(session, self._pool)
        every = written(storage.names(session, where))
        found: dict[str, Marks] = {}
        for each in every:  # the later ones last
            if each.kind == kind and (marks := self._read(session, each)):
                found[each.id] = marks
        there = {each.name for each in every}
        self._known = {name: marks for name, marks in self._known.items() if name in there}
        return found

    def of(self, session: Session, kind: Kind, id: str) -> Marks | None:
        where = storage.pool(session, self._pool)
        for each in reversed(_own(storage.names(session, where), kind, id)):
            if marks := self._read(session, each):
                return marks
        return None

    def write(self, session: Session, kind: Kind, id: str, marks: Marks) -> None:
        """In place of what was written before."""
        where = storage.pool(session, self._pool)
        before = _own(storage.names(session, where), kind, id)
        content = packed(marks).encode()
        name = _name(kind, id, max((each.number for each in before), default=0) + 1, content)
        file = storage.made(session, where, name, storage.document(name, len(content), "raw"))
        storage.fill(session, file, content)
        for each in before:
            storage.remove(session, where, each.name)

    def forget(self, session: Session, kind: Kind, id: str) -> None:
        where = storage.pool(session, self._pool)
        for each in _own(storage.names(session, where), kind, id):
            storage.remove(session, where, each.name)

    def _read(self, session: Session, record: Written) -> Marks | None:
        """None where it was removed meanwhile, or is not whole."""
        if known := self._known.get(record.name):
            return known
        with suppress(NotFound):
            file = storage.look(session, storage.pool(session, self._pool), record.name)
            content = storage.content(session, file)
            marks = parsed(content.decode(errors="replace"))
            if marks and _digest(content) == record.digest:
                self._known[record.name] = marks
                return marks
        return None


def written(names: Sequence[str]) -> list[Written]:
    """The records among these files, the later ones of a thing last. Pure."""
    found = (NAME.fullmatch(each) for each in names)
    every = [Written(each[1], each[2], int(each[3]), each[4], each[0]) for each in found if each]
    return sorted(every)


def _own(names: Sequence[str], kind: Kind, id: str) -> list[Written]:
    return [each for each in written(names) if (each.id, each.kind) == (id, kind)]


def _name(kind: Kind, id: str, number: int, content: bytes) -> str:
    return f"{PREFIX}{id}.{kind}.{number}.{_digest(content)}.json"


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
