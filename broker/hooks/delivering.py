"""A document as entities: the id of each element, and what each row is sent. Pure but for the salts of passwords."""

from __future__ import annotations

import hashlib
import hmac
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from broker import passwords
from broker.hooks.withheld import is_withheld
from broker.occi import kinds
from broker.occi.errors import Malformed
from broker.occi.model import CORDS, Attribute
from broker.occi.registry import Registry
from broker.occi.values import convert
from broker.plans import element_id
from broker.services import ROWS, row_of
from manifests import Item

AT_ONCE = 2000
"""Entities of one request, to stay below a row's limit of 2 MiB."""

Entities = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Version:
    """A document as it is stored: its elements, leaves first and itself last, and the id of each by its path. `text` is
    what is kept of what was posted."""

    items: Sequence[Item]
    ids: Mapping[str, str]
    text: str

    @property
    def document(self) -> Item:
        return self.items[-1]

    @property
    def id(self) -> str:
        return self.ids[self.document.path]

    @property
    def kind(self) -> str:
        return CORDS + self.document.term

    @property
    def sent(self) -> dict[str, list[str]]:
        """The ids of everything that goes before the document itself, by kind."""
        found: dict[str, list[str]] = {}
        for item in self.items[:-1]:
            found.setdefault(CORDS + item.term, []).append(self.ids[item.path])
        return found

    @property
    def location(self) -> str:
        return everything().path(self.kind, self.id)


def version_of(account: str, digest: str, text: str, items: Sequence[Item]) -> Version:
    """`digest` is what tells this version from others: see `digest_of`."""
    document = items[-1]
    own = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{account}\0{document.name}\0{digest}"))
    return Version(items, ids_of(own, items), text)


def ids_of(document: str, items: Sequence[Item]) -> dict[str, str]:
    """The id of each element of a document by its path."""
    return {item.path: element_id(document, item.path) for item in items} | {items[-1].path: document}


def digest_of(body: bytes, key: str | None) -> str:
    """Of all that was posted. With a `key` when there are passwords in it: ids are public, and without it whoever knows
    the rest of the document could try passwords as fast as it can hash."""
    if key is None:
        return hashlib.sha256(body).hexdigest()
    return hmac.new(key.encode(), body, hashlib.sha256).hexdigest()


def deliveries(account: str, version: Version, sequence: int) -> Iterator[tuple[str, Entities]]:
    """What each row is sent, the document itself in the last. References are paths: they hold wherever the rows are.
    The sequence is the same each time: elements of a version never change, what is there stays as it is."""
    last = row_of(version.kind).name
    rows: dict[str, list[Mapping[str, Any]]] = {}
    for item in version.items:
        rows.setdefault(row_of(CORDS + item.term).name, []).append(_entity(account, version, item, sequence))
    for row in sorted(rows, key=lambda name: (name == last, name)):
        for start in range(0, len(rows[row]), AT_ONCE):
            yield row, rows[row][start : start + AT_ONCE]


def everything() -> Registry:
    """The kinds of all rows."""
    return kinds.registry(*(row.name for row in ROWS))


def _entity(account: str, version: Version, item: Item, sequence: int) -> Mapping[str, Any]:
    attributes = _attributes(item)
    for term, inner in item.singles:
        attributes[f"occi.{item.term}.{term}"] = everything().path(CORDS + term, version.ids[inner])
    if item is version.document:
        attributes["org.accords.document"] = version.text
    return {
        "account": account,
        "kind": CORDS + item.term,
        "id": version.ids[item.path],
        "sequence": sequence,
        "title": item.name,
        "attributes": attributes,
        "mixins": [],
        "source": None,
        "target": None,
    }


def _attributes(item: Item) -> dict[str, Any]:
    """In the types of the kind. Its secrets as hashes; those it does not know are kept nowhere."""
    registry = everything()
    known, secret = registry.definitions(CORDS + item.term), registry.secrets(CORDS + item.term)
    named = {f"occi.{item.term}.{name}": (name, value) for name, value in item.attributes.items()}
    kept = {
        full: _typed(known.get(full), value)
        for full, (name, value) in named.items()
        if full in secret or not is_withheld(item.term, name)
    }
    return passwords.with_sealed(kept, secret)


def _typed(definition: Attribute | None, value: str | int) -> Any:
    """A text as its attribute's type, when it is one: documents say `offered="many"`, too."""
    try:
        return value if definition is None else convert(definition, value)
    except Malformed:
        return value
