"""Keys: nova's key pairs. They have no tags, and belong to the user and not to the project: a key pair's name holds its
tags (`tags.key_name`), and is its id. A name is taken once, so nova itself sees to it that a token makes one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from openstack.compute.v2.keypair import Keypair
from openstack.exceptions import ConflictException

from providers.errors import NotFound
from providers.openstack.account import Account
from providers.openstack.errors import answered
from providers.openstack.tags import TOKEN, key_name, key_tags
from providers.protocol import KeySpec, Kind, Resource, State


@dataclass(frozen=True, slots=True)
class Keys:
    account: Account
    kind = Kind.KEY

    def bearing(self, token: str, tags: Mapping[str, str]) -> Sequence[Resource]:
        return [each for each in self.look({}) if each.token == token]

    def begin(self, spec: KeySpec, token: str, tags: Mapping[str, str]) -> Resource:
        name = key_name(spec.name, tags)
        try:
            self.account.cloud.compute.create_keypair(name=name, public_key=spec.public_key, type="ssh")
        except ConflictException:
            return self.observe(name)  # another thread was quicker; anything else of that name is its error
        return self.observe(name)

    def look(self, tags: Mapping[str, str]) -> Sequence[Resource]:
        found = (_seen(each) for each in self.account.cloud.compute.keypairs())
        return [each for each in found if each is not None]

    def observe(self, id: str) -> Resource:
        found = _seen(answered(self.account.cloud.compute.get_keypair(id)))
        if found is None:
            raise NotFound(f"key {id} is none that was made here")
        return found

    def delete(self, id: str) -> None:
        self.account.cloud.compute.delete_keypair(id)


def _seen(found: Keypair) -> Resource | None:
    known = key_tags(str(found.name))
    if known is None:
        return None
    name, tags = known
    facts: dict[str, str | int] = {"public_key": str(found.public_key), "fingerprint": str(found.fingerprint)}
    return Resource(Kind.KEY, str(found.name), name, State.ACTIVE, tags.get(TOKEN, ""), tags, (), facts)
