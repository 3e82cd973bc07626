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

ASKED, SHOWN = "urn:accords:console", "urn:accords:console-shown"
"""What is waited for, which a worker looks at every second, is apart from what was answered, which is long."""
AT_ONCE, LONG = 1000, 20
"""How many of each are read at once."""


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
    _put(tx, ASKED, wanted)


def shown(tx: Transaction, service: str, name: str) -> Console | None:
    """What was asked for last of a machine. That the service is the account's, the caller has seen to."""
    wanted = Console("", service, name, "", "", 0)
    found = find(tx, PLATFORM, ASKED, wanted.id) or find(tx, PLATFORM, SHOWN, wanted.id)
    return None if found is None else _console(found)


def waiting(tx: Transaction, provider: str) -> Sequence[Console]:
    """Of all accounts: what is asked of a provider and not answered."""
    found = map(_console, page(tx, PLATFORM, kind=ASKED, limit=AT_ONCE).records)
    return [each for each in found if each.provider == provider]


def answer(tx: Transaction, done: Console) -> None:
    """Unless it was asked for again meanwhile, or forgotten."""
    there = find(tx, PLATFORM, ASKED, done.id)
    if there is not None and _console(there).asked == done.asked:
        delete(tx, PLATFORM, ASKED, done.id)
        _put(tx, SHOWN, done)


def forget(tx: Transaction, before: int) -> None:
    """Of all accounts: what was asked for before that time."""
    for kind in (ASKED, SHOWN):
        cursor: str | None = None
        while True:
            found = page(tx, PLATFORM, kind=kind, limit=LONG, after=cursor)
            for each in found.records:
                if _console(each).asked < before:
                    delete(tx, PLATFORM, kind, each.id)
            if (cursor := found.after) is None:
                break


def _put(tx: Transaction, kind: str, console: Console) -> None:
    record = Record(PLATFORM, kind, console.id, attributes=_attributes(console))
    there = find(tx, PLATFORM, kind, console.id)
    if there is None:
        insert(tx, record)
    else:
        update(tx, replace(there, attributes=record.attributes))


def _console(record: Record) -> Console:
    return Console(**record.attributes)


def _attributes(console: Console) -> dict[str, Any]:
    return {name: getattr(console, name) for name in Console.__slots__}
