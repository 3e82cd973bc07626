"""What is at providers otherwise than the store says, or beside it, as the worker last saw it; and when that was."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import sqlalchemy as sa

from broker.store.engine import Transaction, upsert
from broker.store.entities import PLATFORM
from broker.store.tables import findings, observations

STRAY = "stray"
"""The aspect of what is there, and nobody in the store knows."""
ASKED = "asked"
"""The removal of what shall be given back, until something is said against it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A thing at a provider (`id` is its own), and in what it differs. `service` and `step` as its tags say, for a
    stray; `price` an hour, None where nobody knows. `since` it is so, `at` it was last seen so (UTC microseconds).
    `removal` None: nobody asked for it."""

    account: str
    provider: str
    kind: str
    id: str
    aspect: str
    service: str = ""
    step: str = ""
    name: str = ""
    wanted: str = ""
    seen: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    price: str | None = None
    removal: str | None = None
    since: int = 0
    at: int = 0

    @property
    def key(self) -> tuple[str, str, str, str, str]:
        return (self.account, self.provider, self.kind, self.id, self.aspect)


@dataclass(frozen=True, slots=True)
class Observation:
    """`at` is when a provider last said what it has, None: never; `error` when it did not answer since."""

    provider: str
    at: int | None
    error: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What is found now and was not before, and what no longer is."""

    begun: tuple[Finding, ...] = ()
    ended: tuple[Finding, ...] = ()


def said(found: Finding) -> dict[str, object]:
    """What is found, as events and reports tell it."""
    told = ("provider", "kind", "id", "aspect", "step", "wanted", "seen")
    return {name: getattr(found, name) for name in told}


def of_service(tx: Transaction, account: str, service: str) -> tuple[Finding, ...]:
    """In what the things of a service differ."""
    return _read(tx, findings.c.account == account, findings.c.service == service, findings.c.aspect != STRAY)


def of_account(tx: Transaction, account: str | None) -> tuple[Finding, ...]:
    """All of an account; None: of every account, for the installation's administrator."""
    return _read(tx, *([] if account is None else [findings.c.account == account]))


def strays(tx: Transaction, provider: str) -> tuple[Finding, ...]:
    """What nobody knows at one provider, of all accounts: for the worker."""
    return _read(tx, findings.c.provider == provider, findings.c.aspect == STRAY)


def put_service(tx: Transaction, account: str, service: str, found: Sequence[Finding]) -> Change:
    """In what the things of a service differ now, and in nothing else."""
    return _put(tx, of_service(tx, account, service), found)


def put_strays(tx: Transaction, provider: str, found: Sequence[Finding]) -> Change:
    """What nobody knows at a provider now, and nothing else."""
    return _put(tx, strays(tx, provider), found)


def ask_removal(tx: Transaction, found: Collection[Finding], word: str = ASKED) -> None:
    """Have strays given back; or say why they were not."""
    for each in found:
        tx.run(sa.update(findings).where(*_is(each)).values(removal=word))


def forget(tx: Transaction, found: Finding) -> None:
    tx.run(sa.delete(findings).where(*_is(found)))


def seen(tx: Transaction, provider: str, error: Mapping[str, Any] | None = None) -> None:
    """A provider has said what it has, or has not answered."""
    said: dict[str, Any] = {"at": tx.now, "error": None} if error is None else {"error": dict(error)}
    row = {"account": PLATFORM, "provider": provider, "at": None, "error": None, **said}
    key = ["account", "provider"]
    tx.run(upsert(observations).values(row).on_conflict_do_update(index_elements=key, set_=said))


def observed(tx: Transaction) -> tuple[Observation, ...]:
    """Every provider that was ever asked, by name."""
    rows = tx.run(sa.select(observations).order_by(observations.c.provider))
    return tuple(Observation(row.provider, row.at, row.error) for row in rows)


def _put(tx: Transaction, before: Sequence[Finding], now: Sequence[Finding]) -> Change:
    """What was found before keeps its `since`, and what was asked for."""
    former = {each.key: each for each in before}
    found = {each.key: each for each in now}
    for key, each in found.items():
        known = former.get(key)
        since, removal = (known.since, known.removal) if known else (tx.now, None)
        row = replace(each, since=since, removal=removal, at=tx.now)
        values = {name: getattr(row, name) for name in Finding.__slots__}
        tx.run(upsert(findings).values(values).on_conflict_do_update(index_elements=list(_KEY), set_=values))
    gone = tuple(each for key, each in former.items() if key not in found)
    for each in gone:
        forget(tx, each)
    return Change(tuple(each for key, each in found.items() if key not in former), gone)


_KEY = ("account", "provider", "kind", "id", "aspect")


def _is(found: Finding) -> tuple[sa.ColumnElement[bool], ...]:
    return tuple(findings.c[name] == value for name, value in zip(_KEY, found.key, strict=True))


def _read(tx: Transaction, *where: sa.ColumnElement[bool]) -> tuple[Finding, ...]:
    wanted = sa.select(*(findings.c[name] for name in Finding.__slots__)).where(*where)
    order = (findings.c[name] for name in ("account", "provider", "service", "step", "kind", "id", "aspect"))
    return tuple(Finding(**row._mapping) for row in tx.run(wanted.order_by(*order)))
