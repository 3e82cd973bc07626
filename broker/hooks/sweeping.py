"""Elements of documents that never came: their POST was cut off, and nobody repeated it. The next POST of the account
removes them from the rows.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable

from broker.errors import AccordsError, Missing
from broker.hooks.delivering import AT_ONCE, everything
from broker.services import Context, row_of
from broker.store import definitions, postings
from broker.store.postings import Posting

log = logging.getLogger(__name__)

AGE = 3600 * 1_000_000
"""Microseconds after which nobody is expected to repeat a POST that was cut off. Repeating it later is fine, too."""


def sweep(ctx: Context, left: Iterable[Posting]) -> None:
    """Remove what is left of each. A row that is down keeps its part until the next time."""
    for posting in left:
        try:
            _sweep(ctx, posting)
        except AccordsError as error:
            log.warning("posting.kept", extra={"document": posting.document, "code": error.code})


def _sweep(ctx: Context, posting: Posting) -> None:
    if not _is_there(ctx, posting):
        _remove(ctx, posting)
    with ctx.store.write() as tx:
        postings.swept(tx, ctx.account, posting)


def _is_there(ctx: Context, posting: Posting) -> bool:
    """Whether only the last note was cut off: then the document is good, and nothing goes."""
    found = everything().locate(posting.location)
    try:
        return found is not None and bool(ctx.client.get(row_of(found[0].id).name, posting.location))
    except Missing:
        return False


def _remove(ctx: Context, posting: Posting) -> None:
    for kind, ids in posting.elements.items():
        for start in range(0, len(ids), AT_ONCE):
            gone = [
                {"account": ctx.account, "kind": kind, "id": id, "sequence": posting.sequence}
                for id in ids[start : start + AT_ONCE]
            ]
            ctx.client.post(row_of(kind).name, "/.bulk", {"put": [], "delete": gone})
    with ctx.store.write() as tx:
        definitions.forget(tx, ctx.account, posting.document)
    log.info("posting.swept", extra={"document": posting.document})
