"""Keys: key pairs that are imported. Machines name one by its name, which is therefore its id here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from libcloud.compute.base import NodeAuthSSHKey

from providers.libcloud import shape
from providers.libcloud.account import Session
from providers.libcloud.ledger import Row
from providers.libcloud.looking import Seen, Thing, one
from providers.protocol import KeySpec, Kind, State


class Keys:
    kind = Kind.KEY

    def things(self, session: Session) -> Sequence[Thing]:
        found = session.ask("list_key_pairs")
        return [Thing(str(each.name), str(each.name), State.ACTIVE, each) for each in found]

    def kept(self, spec: KeySpec) -> Mapping[str, str | Sequence[str]]:
        """The key: machines of some clouds take it as such."""
        return {"public_key": spec.public_key}

    def make(self, session: Session, spec: KeySpec, name: str, row: Row) -> str:
        session.ask("import_key_pair_from_string", name, spec.public_key)
        return name

    def remove(self, session: Session, seen: Seen) -> None:
        session.tell("delete_key_pair", seen.own)


def arguments(session: Session, id: str) -> Mapping[str, object]:
    """By what create_node takes this key."""
    found = one(session, Keys(), id)
    if word := shape.word(session.shape, "create_node", shape.KEY_NAME):
        return {word: id}
    return {"auth": NodeAuthSSHKey(str(found.row.facts["public_key"] if found.row else found.own.public_key))}
