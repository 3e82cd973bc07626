"""POST of a document to /manifest/: read, refuse with every diagnostic, or store each element at the row of its kind.

Everything is read, resolved and checked before the first write. The rows of the leaves are written first, then what
the document defines and was read with, and the document itself last: a tree is visible only when its document is. Ids
follow from the account, the document's bytes and the element's path, so that repeating a POST that was cut off
completes it, and a changed document is another version beside the former.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass

import orjson

from broker import auth
from broker.errors import Invalid, InvalidDocument
from broker.hooks import given, library, sweeping, withheld
from broker.hooks.decorate import Made, decorated
from broker.hooks.delivering import Version, deliveries, digest_of, ids_of, version_of
from broker.occi.model import CORDS
from broker.services import Context, Reply
from broker.store import PLATFORM, Record, Transaction, definitions, postings
from broker.store.definitions import Definition
from manifests import Diagnostic, Document, Element, Format, Library, Source, decode, elements, errors, read, write

FORMATS = {"application/xml": Format.XML, "text/xml": Format.XML, "application/json": Format.JSON}
"""Media types of documents; any other that comes here is one of YAML's."""
SHOWN = {
    "application/xml": Format.XML,
    "text/xml": Format.XML,
    "application/yaml": Format.YAML,
    "text/yaml": Format.YAML,
    "application/x-yaml": Format.YAML,
    "application/json": Format.JSON,
}
"""What a decorated document can be asked for as."""


MEDIA = {Format.XML: "application/xml", Format.YAML: "application/yaml", Format.JSON: "application/json"}
_ENCODING = re.compile(r"""(\A\s*<\?xml[^>]*?encoding\s*=\s*["'])[A-Za-z0-9._-]+""")


@dataclass(frozen=True, slots=True)
class Posted:
    """A document that was read. `tree` and `diagnostics` are without the secrets that are in `body`, where there are
    any (`secret`); `uses` is what other documents gave."""

    body: bytes
    format: Format
    document: Document | None
    tree: Element | None
    diagnostics: tuple[Diagnostic, ...]
    uses: library.Uses
    secret: bool

    @property
    def text(self) -> str:
        """What is kept: as it came, its declaration saying what it is from here on. Without its secrets it is written
        anew."""
        if self.secret and self.tree is not None:
            return write(self.tree, self.format)
        return _ENCODING.sub(r"\g<1>UTF-8", decode(self.body))


def documents(ctx: Context, body: bytes, media: str) -> Reply:
    """201 with what was made of it and all warnings, or the decorated document where XML or YAML is asked for.
    InvalidDocument with everything that is wrong, or the decorated document with the errors in it. With `?strict=yes`
    what would be repaired is wrong."""
    posted = taken(ctx, body, FORMATS.get(media, Format.YAML))
    if posted.document is None or posted.tree is None:
        return refused(posted, asked(ctx.accept))
    version = _version(ctx, posted, posted.document)
    with ctx.store.read() as tx:
        before = definitions.uses_of(tx, ctx.account, version.id)
    if before is not None:  # it means what it meant: what others define by now is not looked at
        posted = taken(ctx, body, posted.format, library.replaying(before))
    if posted.document is None or posted.tree is None:
        return refused(posted, asked(ctx.accept))
    version = _version(ctx, posted, posted.document)
    _store(ctx, version, library.defined(posted.tree, version.id, _whence(ctx, version), posted.uses), posted.uses)
    return answer(posted, posted.tree, version, asked(ctx.accept))


def _version(ctx: Context, posted: Posted, document: Document) -> Version:
    key = auth.installation(ctx.settings).key if posted.secret else None
    return version_of(ctx.account, digest_of(posted.body, key), posted.text, elements(document))


def _store(ctx: Context, version: Version, found: Sequence[Definition], uses: library.Uses) -> None:
    """Elements first, then what it defines and was read with, the document last; then what others left is swept."""
    with ctx.store.write() as tx:
        sequence = postings.begin(tx, ctx.account, version.id, version.location, version.sent)
        left = postings.left(tx, ctx.account, sweeping.AGE)
    *before, last = deliveries(ctx.account, version, sequence)
    for row, entities in before:
        ctx.client.post(row, "/.bulk", {"put": entities, "delete": []})
    keep(ctx, version, found, uses)
    ctx.client.post(last[0], "/.bulk", {"put": last[1], "delete": []})
    with ctx.store.write() as tx:
        postings.done(tx, ctx.account, version.id)
    sweeping.sweep(ctx, left)


def taken(ctx: Context, body: bytes, format: Format, held: Library | None = None) -> Posted:
    """The document as it was read with what is `held` for it, else with what the account and the platform have now.
    InvalidDocument for one with more passwords than are hashed at once."""
    with ctx.store.read() as tx:
        known, uses = library.noting(held or library.library(tx, ctx.account))
        metrics = library.measured(tx, ctx.account)
        strict = ctx.query.get("strict") == "yes"
        limit = ctx.settings.body_limit
        reading = read(body, format=format, limit=limit, strict=strict, library=known, metrics=metrics)
    if reading.tree is None:
        return Posted(body, format, None, None, withheld.scrubbed(reading.diagnostics, body, None), uses, False)
    withheld.refuse_too_many(reading.tree)
    kept = withheld.without(reading.tree)
    told = (*reading.diagnostics, *withheld.warnings(reading.tree, Source(decode(body))))
    scrubbed = withheld.scrubbed(sorted(told, key=lambda one: (one.line, one.column)), body, reading.tree)
    return Posted(body, format, reading.document, kept, scrubbed, uses, kept is not reading.tree)


def keep(ctx: Context, version: Version, found: Sequence[Definition], uses: library.Uses) -> None:
    """What the document defines for others, and what it was read with. A repeated POST changes nothing."""
    with ctx.store.write() as tx:
        definitions.put(tx, ctx.account, found)
        definitions.put_uses(tx, ctx.account, version.id, library.uses_of(uses))


def _whence(ctx: Context, version: Version) -> str:
    whose = "of the platform" if ctx.account == PLATFORM else f"of account {ctx.account}"
    return f"{version.document.term} {version.document.name} {whose}"


def forget(ctx: Context, tx: Transaction, record: Record) -> None:
    """When a document goes, what it defines goes."""
    definitions.forget(tx, record.account, record.id)


def refused(posted: Posted, wanted: Format | None) -> Reply:
    """422: the decorated document in XML or YAML; else InvalidDocument with all that is to be said about it, in the
    order of the text. So, too, what cannot be written again, for it has characters that XML has not."""
    if posted.tree is not None and wanted in (Format.XML, Format.YAML):
        with suppress(ValueError):
            return Reply(422, _decorated(posted, posted.tree, None, wanted), MEDIA[wanted])
    count = len(errors(posted.diagnostics))
    raise InvalidDocument(
        f"the document has {count} error{'s' if count != 1 else ''}; nothing was stored",
        hint="mend each diagnostic, then post it again",
        diagnostics=list(map(asdict, posted.diagnostics)),
    )


def answer(posted: Posted, tree: Element, version: Version, wanted: Format | None) -> Reply:
    """What the client gets: the decorated document itself, or where it is, where each element is, and the text with the
    ids in it."""
    headers = {"Location": version.location}
    if wanted in (Format.XML, Format.YAML):
        return Reply(201, _decorated(posted, tree, version, wanted), MEDIA[wanted], headers)
    found = {
        "kind": version.kind,
        "id": version.id,
        "name": version.document.name,
        "location": version.location,
        "elements": [
            {"path": item.path, "kind": CORDS + item.term, "id": version.ids[item.path]} for item in version.items
        ],
        "inputs": given.declared(posted.document),
        "document": _decorated(posted, tree, version, posted.format).decode(),
        "diagnostics": list(map(asdict, posted.diagnostics)),
    }
    return Reply(201, orjson.dumps(found), headers=headers)


def shown(ctx: Context, record: Record, query: Mapping[str, str]) -> Reply:
    """GET <document>/document: decorated, as XML, YAML or JSON, whatever it was posted as."""
    reading = library.reread(ctx, record)
    text = str(record.attributes["org.accords.document"])
    wanted = asked(ctx.accept) or (Format.XML if text.lstrip().startswith("<") else Format.YAML)
    if reading.tree is None:
        raise Invalid(f"{record.title} is no document any more", hint="post it again", code="document.invalid")
    items = elements(reading.document) if reading.document else ()
    made = Made(items, ids_of(record.id, items)) if items else None
    tree = decorated(reading.tree, Source(text), reading.diagnostics, made)
    return Reply(200, write(tree, wanted).encode(), MEDIA[wanted])


def asked(accept: str) -> Format | None:
    """The first form of a document that an Accept header names; None when it names none."""
    names = (each.partition(";")[0].strip().lower() for each in accept.split(","))
    return next((SHOWN[name] for name in names if name in SHOWN), None)


def _decorated(posted: Posted, tree: Element, version: Version | None, format: Format) -> bytes:
    made = Made(version.items, version.ids) if version else None
    whole = decorated(tree, Source(decode(posted.body)), posted.diagnostics, made)
    return write(whole, format).encode()
