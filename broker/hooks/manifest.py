"""POST of a document to /manifest/: read, refuse with every diagnostic, or store each element at the row of its kind.

Everything is read, resolved and checked before the first write. The rows of the leaves are written first and the
document itself last: a tree is visible only when its document is. Ids follow from the account, the document's bytes
and the element's path, so that repeating a POST that was cut off completes it, and a changed document is another
version beside the former.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import orjson

from broker.errors import InvalidDocument
from broker.hooks.decorate import decorated, text_of
from broker.occi import kinds
from broker.occi.model import CORDS
from broker.plans import element_id
from broker.services import ROWS, Context, Reply, row_of
from manifests import Diagnostic, Item, elements, errors, read

SEQUENCE = 1
"""Elements of a version never change: what is there stays as it is."""
AT_ONCE = 2000
"""Entities of one request, to stay below a row's limit of 2 MiB."""


@dataclass(frozen=True, slots=True)
class Version:
    """A document as it is stored: its elements, leaves first and itself last, and the id of each by its path."""

    items: Sequence[Item]
    ids: Mapping[str, str]
    text: str

    @property
    def document(self) -> Item:
        return self.items[-1]

    @property
    def id(self) -> str:
        return self.ids[self.document.path]


def documents(ctx: Context, body: bytes, media: str) -> Reply:
    """201 with the decorated document, its address, and warnings; InvalidDocument with everything that is wrong."""
    reading = read(body, format="xml" if media.endswith("xml") else "yaml", limit=ctx.settings.body_limit)
    if reading.document is None:
        raise refused(reading.diagnostics)
    version = version_of(ctx.account, body, elements(reading.document))
    for row, entities in deliveries(ctx.account, version):
        ctx.client.post(row, "/.bulk", {"put": entities, "delete": []})
    found = answer(version, reading.diagnostics)
    return Reply(201, orjson.dumps(found), headers={"Location": str(found["location"])})


def refused(diagnostics: Sequence[Diagnostic]) -> InvalidDocument:
    """All that is to be said about it, in the order of the text."""
    count = len(errors(diagnostics))
    return InvalidDocument(
        f"the document has {count} error{'s' if count != 1 else ''}; nothing was stored",
        hint="mend each diagnostic, then post it again",
        diagnostics=list(map(asdict, diagnostics)),
    )


def version_of(account: str, body: bytes, items: Sequence[Item]) -> Version:
    document = items[-1]
    own = uuid.uuid5(uuid.NAMESPACE_OID, f"{account}\0{document.name}\0{hashlib.sha256(body).hexdigest()}")
    ids = {item.path: element_id(str(own), item.path) for item in items} | {document.path: str(own)}
    return Version(items, ids, text_of(body))


def deliveries(account: str, version: Version) -> Iterator[tuple[str, Sequence[Mapping[str, Any]]]]:
    """What each row is sent, the row of the document last. References are paths: they hold wherever the rows are."""
    paths = kinds.registry(*(row.name for row in ROWS)).path
    last = row_of(CORDS + version.document.term).name
    rows: dict[str, list[Mapping[str, Any]]] = {}
    for item in version.items:
        rows.setdefault(row_of(CORDS + item.term).name, []).append(_entity(account, version, item, paths))
    for row in sorted(rows, key=lambda name: (name == last, name)):
        for start in range(0, len(rows[row]), AT_ONCE):
            yield row, rows[row][start : start + AT_ONCE]


def _entity(account: str, version: Version, item: Item, path: Any) -> Mapping[str, Any]:
    attributes = {f"occi.{item.term}.{name}": value for name, value in item.attributes.items()}
    for term, inner in item.singles:
        attributes[f"occi.{item.term}.{term}"] = path(CORDS + term, version.ids[inner])
    if item is version.document:
        attributes["org.accords.document"] = version.text
    return {
        "account": account,
        "kind": CORDS + item.term,
        "id": version.ids[item.path],
        "sequence": SEQUENCE,
        "title": item.name,
        "attributes": attributes,
        "mixins": [],
        "source": None,
        "target": None,
    }


def answer(version: Version, diagnostics: Iterable[Diagnostic]) -> dict[str, Any]:
    """What the client gets: where the document is, where each element is, and the text with the ids in it."""
    paths = kinds.registry(*(row.name for row in ROWS)).path
    kind = CORDS + version.document.term
    return {
        "kind": kind,
        "id": version.id,
        "name": version.document.name,
        "location": paths(kind, version.id),
        "elements": [
            {"path": item.path, "kind": CORDS + item.term, "id": version.ids[item.path]} for item in version.items
        ],
        "document": decorated(version.text, version.items, version.ids),
        "diagnostics": list(map(asdict, diagnostics)),
    }
