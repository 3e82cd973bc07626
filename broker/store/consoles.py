"""What machines' consoles show: asked for by whoever wants to see one, answered by the worker, forgotten soon.

Kept as entities of a kind that no registry knows, so that no collection has them. They are the platform's: a worker
looks for those of all accounts at once.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from broker.store.engine import Transaction
from broker.store.entities import Record, delete, find, insert, page, update
from broker.store.entities.records import PLATFORM

KIND = "urn:accords:console"
AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Console:
    """`name` is the machine's (`web.0`), `machine` its provider's id. `asked` and `at`, when it was answered, in UTC
    microseconds; `at` None: not yet. `error` is why there is no text."""

    account: str
    service: str
    name: str
    provider: str
    machine: str
    asked: int
    at: int | None = None
    text: str = ""
    error: Mapping[str, Any] | None = None

    @property
    def id(self) -> str:
        return str(uuid.uuid5(uuid.UUID(self.service), f"console {self.name}"))


def ask(tx: Transaction, wanted: Console) -> None:
    """Have it shown anew."""
    record = Record(PLATFORM, KIND, wanted.id, attributes=_attributes(wanted))
    there = find(tx, PLATFORM, KIND, wanted.id)
    if there is None:
        insert(tx, record)
    else:
        update(tx, replace(there, attributes=record.attributes))


def shown(tx: Transaction, service: str, name: str) -> Console | None:
    """What was asked for last of a machine. That the service is the account's, the caller has seen to."""
    wanted = Console("", service, name, "", "", 0)
    found = find(tx, PLATFORM, KIND, wanted.id)
    return None if found is None else _console(found)


def waiting(tx: Transaction, provider: str) -> Sequence[Console]:
    """Of all accounts: what is asked of a provider and not answered."""
    return [each for each in _every(tx) if each.provider == provider and each.at is None]


def answer(tx: Transaction, done: Console) -> None:
    """Unless it was asked for again meanwhile, or forgotten."""
    there = find(tx, PLATFORM, KIND, done.id)
    if there is not None and _console(there).asked == done.asked:
        update(tx, replace(there, attributes=_attributes(done)))


def forget(tx: Transaction, before: int) -> int:
    """Of all accounts: what was asked for before that time; how many they were."""
    old = [each for each in _every(tx) if each.asked < before]
    for each in old:
        delete(tx, PLATFORM, KIND, each.id)
    return len(old)


def _every(tx: Transaction) -> Sequence[Console]:
    return [_console(each) for each in page(tx, PLATFORM, kind=KIND, limit=AT_ONCE).records]


def _console(record: Record) -> Console:
    return Console(**record.attributes)


def _attributes(console: Console) -> dict[str, Any]:
    return {name: getattr(console, name) for name in Console.__slots__}
