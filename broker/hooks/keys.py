"""Public SSH keys that an account keeps, by name, for the nodes of its manifests that name them. Entities of the cloud
row; what another broker keeps here for its machines is beside them, and named by nobody's manifest.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from dataclasses import replace

from broker.client import entities as remote
from broker.errors import Clash, Invalid
from broker.hooks import chained
from broker.occi.model import ACCORDS
from broker.services import Context
from broker.store import Record, entities

KIND = ACCORDS + "key"
PUBLIC, FINGERPRINT = "org.accords.key.public", "org.accords.key.fingerprint"
MOST = 1000
"""Keys of one account."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_TYPE = re.compile(r"(sk-)?(ssh|ecdsa)-[a-z0-9@.-]+")


def create(ctx: Context, record: Record) -> Record:
    """With its fingerprint. Invalid for what is no public key; the key itself where the account has it by that name
    already, Clash where that name is another's."""
    kept = " ".join(_parts(str(record.attributes[PUBLIC])))
    made = replace(record, attributes={**record.attributes, PUBLIC: kept, FINGERPRINT: fingerprint(kept)})
    if chained.is_tagged(record) or not record.title:
        return made
    if not _NAME.fullmatch(record.title):
        raise Invalid(f"{record.title[:40]!r} is no name of a key", hint="letters, digits, - and _: ops, ann-laptop")
    with ctx.store.read() as tx:
        there = [each for each in entities.page(tx, ctx.account, kind=KIND, limit=MOST).records if _is_own(each)]
    for each in there:
        if each.title == record.title and each.attributes[FINGERPRINT] != made.attributes[FINGERPRINT]:
            raise Clash(f"there is another key {record.title} already", hint=f"accords keys remove {record.title}")
        if each.title == record.title:
            return each
    if len(there) >= MOST:
        raise Clash(f"the account has {MOST} keys, and no more are kept", hint="remove one: accords keys remove NAME")
    return made


def known(ctx: Context) -> Mapping[str, str]:
    """Name -> public key, as nodes may name them."""
    held = ctx.client.each(remote.listing("cloud", "/key/"))
    return {
        each.entity.title: str(each.entity.attributes[PUBLIC])
        for each in held
        if each.entity.title and chained.TAGGED not in each.entity.mixins
    }


def fingerprint(public: str) -> str:
    """As `ssh-keygen -l` shows it."""
    digest = hashlib.sha256(base64.b64decode(public.split()[1])).digest()
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


def _is_own(record: Record) -> bool:
    return not chained.is_tagged(record)


def _parts(text: str) -> list[str]:
    """Its type, its bytes, and a comment if there is one (sshd(8), AUTHORIZED_KEYS). Options are refused: what a key is
    good for is said in the node."""
    parts = text.strip().split(maxsplit=2)
    if "PRIVATE KEY" in text:
        raise Invalid("that is a private key: it stays where it is", hint="send the public one, FILE.pub")
    if len(parts) < 2 or "\n" in text.strip() or not _TYPE.fullmatch(parts[0]) or _named(parts[1]) != parts[0]:
        raise Invalid("that is no public SSH key", hint="one line: ssh-ed25519 AAAA... ann@ward")
    return parts


def _named(encoded: str) -> str:
    """The type that its bytes begin with (RFC 4253, 6.6); empty for what is no key."""
    try:
        whole = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return ""
    return whole[4 : 4 + int.from_bytes(whole[:4], "big")].decode("ascii", "replace")
