"""A network is the cloud's own: the base API makes none, and machines are in the one that the cloud puts them in. What
is made here is remembered, and nothing at the cloud: it has a name, a token and tags, and is kept while it is used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from providers.errors import Refused
from providers.libcloud.account import Session
from providers.libcloud.ledger import Row
from providers.libcloud.looking import Seen, Thing
from providers.protocol import Kind, NetworkSpec, State


class Networks:
    kind = Kind.NETWORK

    def things(self, session: Session) -> Sequence[Thing]:
        rows = session.account.ledger.of(Kind.NETWORK)
        return [Thing(row.id, "", State.ACTIVE, row) for row in rows if row.id is not None]

    def kept(self, spec: NetworkSpec) -> Mapping[str, str | Sequence[str]]:
        return {}

    def make(self, session: Session, spec: NetworkSpec, name: str, row: Row) -> str:
        if spec.cidr is not None:
            raise Refused(f"networks of this cloud are its own one: it cannot have the range {spec.cidr}; leave it out")
        return f"own-{row.token}"

    def remove(self, session: Session, seen: Seen) -> None:
        session.account.ledger.forget(Kind.NETWORK, [seen.resource.token])
