"""Tags that are put back on what is there: at the cloud where it keeps them, else in what is remembered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from providers.errors import Refused
from providers.libcloud import shape
from providers.libcloud.account import Session
from providers.libcloud.ledger import Row
from providers.libcloud.looking import Seen, metadata_of
from providers.protocol import Kind

SETTING: Sequence[str] = ("ex_set_metadata", "ex_create_tags")


def retag(session: Session, kind: Kind, seen: Seen, tags: Mapping[str, str]) -> None:
    told = {**seen.resource.tags, **tags}
    if kind is Kind.MACHINE and metadata_of(getattr(seen.own, "extra", None)):
        method = shape.method(session.shape, SETTING)
        if method is None:
            raise Refused("libcloud cannot change the tags of machines of this cloud; they stay as they are")
        session.tell(method, seen.own, told)
    if seen.row is not None:
        session.account.ledger.retag(kind, seen.row.token, told)
    else:  # what was remembered is lost: this is how it comes back
        found = seen.resource
        session.account.ledger.begin(kind, Row(found.token, found.id, found.name, told))
