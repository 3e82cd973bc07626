"""Keys: public SSH keys kept in the group. And the key of a machine that is to have none: Azure makes no Linux machine
without a key or a password."""

from __future__ import annotations

import base64
import hashlib
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from azure.mgmt.compute.models import SshPublicKeyResource

from providers.azure.account import SUCCEEDED, Account, found
from providers.azure.names import named, tagged
from providers.azure.resources import ours, resource
from providers.errors import NotFound
from providers.protocol import KeySpec, Kind, Resource

TYPE = "Microsoft.Compute/sshPublicKeys"
_ALGORITHM = b"ssh-ed25519"


@dataclass(frozen=True, slots=True)
class Keys:
    account: Account
    kind = Kind.KEY

    def create(self, spec: KeySpec, token: str, tags: Mapping[str, str]) -> Resource:
        asked = self.account.body(tagged(spec.name, token, tags), {"publicKey": spec.public_key})
        return seen(
            self.account.compute.ssh_public_keys.create(self.account.group, named(token), SshPublicKeyResource(asked))
        )

    def get(self, id: str) -> Resource | None:
        there = found(lambda: self.account.compute.ssh_public_keys.get(self.account.group, id))
        return seen(there) if there is not None and ours(there) else None

    def look(self) -> Sequence[Resource]:
        keys = self.account.compute.ssh_public_keys.list_by_resource_group(self.account.group)
        return [seen(each) for each in keys if ours(each)]

    def delete(self, id: str) -> None:
        if self.get(id) is not None:
            self.account.compute.ssh_public_keys.delete(self.account.group, id)

    def text(self, id: str) -> str:
        """The public key itself."""
        there = found(lambda: self.account.compute.ssh_public_keys.get(self.account.group, id))
        if there is None:
            raise NotFound(f"key {id} is not there")
        return str(there.public_key)


def nobodys(token: str) -> str:
    """A public key whose private half nobody has: its 32 bytes follow from the token and not from any private key, so
    that a machine that is asked for twice is asked for with the same."""
    point = hashlib.sha256(b"nobody's key\0" + token.encode()).digest()
    blob = b"".join(struct.pack(">I", len(part)) + part for part in (_ALGORITHM, point))
    return f"{_ALGORITHM.decode()} {base64.b64encode(blob).decode()} nobody"


def seen(there: SshPublicKeyResource) -> Resource:
    """A key as a resource: it is there at once. Pure."""
    return resource(Kind.KEY, there, SUCCEEDED, {})
