"""What the documents of an account define by name, so that others may refer to it; and what a document that refers to
others was read with, so that it means the same for ever.

A definition belongs to its document: two documents may define one name differently, and neither changes the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

import sqlalchemy as sa

from broker.store.engine import Transaction, upsert
from broker.store.tables import definitions, uses

AT_ONCE = 5000
"""Rows of one statement's values."""


@dataclass(frozen=True, slots=True)
class Definition:
    """An element with its content. `text` is its JSON twin, `document` the id of the document it stands in, `whence`
    that document in words; two with one `digest` say the same."""

    term: str
    name: str
    document: str
    text: str
    whence: str
    digest: str


@dataclass(frozen=True, slots=True)
class Use:
    """What was found for a name: the texts and where they are from, the one that was taken first."""

    term: str
    name: str
    found: tuple[tuple[str, str], ...]


def put(tx: Transaction, account: str, many: Sequence[Definition]) -> None:
    """Keep what a document defines. What is there stays: a document never changes."""
    rows = [{"account": account, "created": tx.now, **asdict(each)} for each in many]
    for start in range(0, len(rows), AT_ONCE):
        tx.run(_PUT, rows[start : start + AT_ONCE])


def find(tx: Transaction, account: str, term: str, name: str) -> tuple[Definition, ...]:
    """The definitions of a name in the documents of this account alone, newest first; of those that say the same the
    newest."""
    found: dict[str, Definition] = {}
    for row in tx.run(_FIND, {"account_": account, "term_": term, "name_": name}):
        found.setdefault(row.digest, Definition(**row._mapping))
    return tuple(found.values())


def names(tx: Transaction, account: str, term: str) -> frozenset[str]:
    """The names that the documents of this account define for a term."""
    mine = (definitions.c.account == account, definitions.c.term == term)
    return frozenset(tx.run(sa.select(definitions.c.name).where(*mine).distinct()).scalars())


def put_uses(tx: Transaction, account: str, document: str, found: Iterable[Use]) -> None:
    """Keep what a document was read with. What is there stays."""
    row = {"account": account, "document": document, "found": [asdict(each) for each in found]}
    tx.run(_PUT_USES, row)


def uses_of(tx: Transaction, account: str, document: str) -> tuple[Use, ...] | None:
    """What a document was read with, nothing when it refers to nothing; None for one that is not known."""
    mine = (uses.c.account == account, uses.c.document == document)
    held = tx.run(sa.select(uses.c.found).where(*mine)).scalar()
    return (
        None
        if held is None
        else tuple(Use(each["term"], each["name"], tuple(map(tuple, each["found"]))) for each in held)
    )


def forget(tx: Transaction, account: str, document: str) -> None:
    """Remove what a document defined and was read with. Who referred to it keeps what was found then."""
    for table in (definitions, uses):
        tx.run(sa.delete(table).where(table.c.account == account, table.c.document == document))


_PUT = upsert(definitions).on_conflict_do_nothing()
_PUT_USES = upsert(uses).on_conflict_do_nothing()
_FIND = (
    sa.select(*(definitions.c[name] for name in Definition.__slots__))
    .where(
        definitions.c.account == sa.bindparam("account_"),
        definitions.c.term == sa.bindparam("term_"),
        definitions.c.name == sa.bindparam("name_"),
    )
    .order_by(definitions.c.created.desc(), definitions.c.document)
)
