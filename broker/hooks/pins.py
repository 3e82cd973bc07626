"""What a document was read with, whichever row its entity is at: the manifest row, which reads documents, keeps it, and
the rows of agreements, providers and federations ask for it at `/definitions/uses/{id}`. Without it a document that is
read again would mean nothing where it refers to others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict

import orjson

from broker.errors import Forbidden, Missing
from broker.services import Context, Reply
from broker.store import PLATFORM, Record, definitions
from broker.store.definitions import Use

KEEPER = "manifest"
_PATH = "/definitions/uses/"


def held(ctx: Context, document: str) -> tuple[Use, ...]:
    """What was found for the names in this document of the account, or of the platform."""
    if ctx.row.name == KEEPER:
        return _kept(ctx, document) or ()
    try:
        found = ctx.client.get(KEEPER, _PATH + document)["uses"]
    except Missing:  # an entity that was made without a document
        return ()
    return tuple(Use(each["term"], each["name"], tuple(map(tuple, each["found"]))) for each in found)


def shown(ctx: Context, query: Mapping[str, str]) -> Reply:
    """{uses: [{term, name, found: [[text, where], ...]}]}"""
    found = _there(ctx, query["id"])
    return Reply(200, orjson.dumps({"uses": [asdict(each) for each in found]}))


def removed(ctx: Context, query: Mapping[str, str]) -> Reply:
    """What the document defines and was read with, forgotten: the row that had its entity says so."""
    _there(ctx, query["id"])
    if not ctx.principal.role.internal:
        raise Forbidden("What a document was read with ends with the document.", hint="delete the document itself")
    with ctx.store.write() as tx:
        definitions.forget(tx, ctx.account, query["id"])
    return Reply(204, b"")


def leave(ctx: Context, records: Sequence[Record]) -> None:
    """Before documents of another row go, what they define goes. Again it changes nothing; an entity that was made
    without a document needs nobody."""
    for record in records:
        if "org.accords.document" in record.attributes:
            with suppress(Missing):
                ctx.client.delete(KEEPER, _PATH + record.id)


def _there(ctx: Context, document: str) -> tuple[Use, ...]:
    found = _kept(ctx, document)
    if found is None:
        raise Missing(f"no document {document} was read here")
    return found


def _kept(ctx: Context, document: str) -> tuple[Use, ...] | None:
    with ctx.store.read() as tx:
        own = definitions.uses_of(tx, ctx.account, document)
        return definitions.uses_of(tx, PLATFORM, document) if own is None else own
