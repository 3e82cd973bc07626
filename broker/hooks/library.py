"""What the documents of an account know of each other: the definitions that an empty named element may mean.

A document that was stored is read again with what was found for it then (`reread`), so that no later document changes
what it means. What it defines itself is kept closed: whatever it refers to is written out in it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from broker.errors import Invalid
from broker.hooks import pins
from broker.services import Context
from broker.store import PLATFORM, Record, Transaction, definitions
from broker.store.definitions import Definition, Use
from manifests import Defined, Element, Library, Reading, read
from manifests import definitions as definitions_of
from sla import KNOWN, Metric, Origin

Uses = dict[tuple[str, str], tuple[Defined, ...]]
"""(term, name) -> what the library gave for it."""


def library(tx: Transaction, account: str) -> Library:
    """The account's definitions, then the platform's; good as long as the transaction."""
    accounts = (account,) if account == PLATFORM else (account, PLATFORM)

    def look(term: str, name: str) -> tuple[Defined, ...]:
        found = (each for one in accounts for each in definitions.find(tx, one, term, name))
        return tuple(Defined(each.text, each.whence) for each in found)

    return look


def noting(known: Library) -> tuple[Library, Uses]:
    """The same library, and what it gave so far."""
    uses: Uses = {}

    def look(term: str, name: str) -> tuple[Defined, ...]:
        found = known(term, name)
        if found:
            uses[term, name] = found
        return found

    return look, uses


@dataclass(frozen=True, slots=True)
class Measured(Mapping[str, Metric]):
    """The metrics that somebody measures: the built-in ones, and those that documents define, which nodes measure."""

    own: frozenset[str]

    def __getitem__(self, name: str) -> Metric:
        if name in self.own and name not in KNOWN:
            return Metric(name, "", Origin.NODE, "defined by a document")
        return KNOWN[name]

    def __iter__(self) -> Iterator[str]:
        yield from KNOWN
        yield from (name for name in self.own if name not in KNOWN)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def measured(tx: Transaction, account: str) -> Measured:
    """What is measured for an account."""
    return Measured(definitions.names(tx, account, "metric") | definitions.names(tx, PLATFORM, "metric"))


def reread(ctx: Context, record: Record, *, inputs: Mapping[str, str] | None = None) -> Reading:
    """The document of an entity as it was meant when it was posted, filled with these inputs. Invalid when the entity
    was made without one."""
    text = record.attributes.get("org.accords.document")
    if not isinstance(text, str):
        raise Invalid(f"{record.title or record.id} was made without a document", hint="post one to /manifest/")
    held = pins.held(ctx, record.id)
    with ctx.store.read() as tx:
        known = measured(tx, record.account)
    limit = 4 * max(ctx.settings.body_limit, len(text))  # it was short enough when it came; in UTF-8 it may be longer
    return read(text.encode(), limit=limit, inputs=inputs, library=replaying(held), metrics=known)


def replaying(held: tuple[Use, ...]) -> Library:
    """What was found then, and nothing else."""
    found = {(use.term, use.name): tuple(Defined(text, where) for text, where in use.found) for use in held}
    return lambda term, name: found.get((term, name), ())


def uses_of(uses: Uses) -> tuple[Use, ...]:
    """What was found, as it is kept."""
    return tuple(
        Use(term, name, tuple((each.text, each.where) for each in found)) for (term, name), found in uses.items()
    )


def defined(root: Element, document: str, whence: str, uses: Uses) -> tuple[Definition, ...]:
    """What others may refer to, as it is kept."""
    return tuple(
        Definition(term, name, document, text, whence, hashlib.sha256(text.encode()).hexdigest())
        for (term, name), text in definitions_of(root, uses).items()
    )
