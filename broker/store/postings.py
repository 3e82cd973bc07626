"""Documents on their way: the elements that are sent to the rows before the document itself is there. One that never
came is swept, so that no row keeps a part of a document for ever.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from broker.store.engine import Transaction, upsert
from broker.store.tables import postings

FIRST = 1
"""The sequence of entities that a document brings; one that was swept brings them with a later one, for the rows
remember what they removed."""


@dataclass(frozen=True, slots=True)
class Posting:
    """`location` is the document's path, `elements` are the ids of what was or may have been sent, by kind; `sequence`
    is what they are removed with, `taken` when somebody took it to do so."""

    document: str
    location: str
    elements: Mapping[str, Sequence[str]]
    sequence: int
    taken: int


def begin(tx: Transaction, account: str, document: str, location: str, elements: Mapping[str, Sequence[str]]) -> int:
    """Say what is about to be sent; the sequence to send it with."""
    row = {"account": account, "document": document, "location": location, "elements": dict(elements)}
    tx.run(_BEGIN, {**row, "sequence": FIRST, "at": tx.now})
    return int(tx.run(sa.select(postings.c.sequence).where(*_is(account, document))).scalar_one())


def done(tx: Transaction, account: str, document: str) -> None:
    """The document is there."""
    tx.run(sa.delete(postings).where(*_is(account, document)))


def left(tx: Transaction, account: str, age: int, limit: int = 10) -> tuple[Posting, ...]:
    """Take those that began more than `age` microseconds ago and were not done. Whoever posts one again meanwhile sends
    it with a sequence after the one to remove it with, which is given here."""
    old = (postings.c.account == account, postings.c.at < tx.now - age, postings.c.elements.is_not(None))
    found = tx.run(sa.select(postings).where(*old).limit(limit)).all()
    for row in found:
        later = {"sequence": row.sequence + 2, "at": tx.now}
        tx.run(sa.update(postings).where(*_is(account, row.document)).values(later))
    return tuple(Posting(row.document, row.location, row.elements, row.sequence + 1, tx.now) for row in found)


def swept(tx: Transaction, account: str, posting: Posting) -> None:
    """Nothing of it is anywhere, unless it was posted again."""
    same = (*_is(account, posting.document), postings.c.at == posting.taken)
    tx.run(sa.update(postings).where(*same).values(elements=None))


def _is(account: str, document: str) -> tuple[sa.ColumnElement[bool], ...]:
    return (postings.c.account == account, postings.c.document == document)


_NEW = upsert(postings)
_BEGIN = _NEW.on_conflict_do_update(
    index_elements=["account", "document"], set_={"elements": _NEW.excluded.elements, "at": _NEW.excluded.at}
)
