"""A key is a key pair that was imported. Machines name it by its name, which is therefore its id here."""

from __future__ import annotations

import base64
from collections.abc import Mapping

from providers.ec2 import tags
from providers.ec2.account import Account
from providers.ec2.looking import bearing, told
from providers.ec2.wire import Call
from providers.errors import Conflict
from providers.protocol import KeySpec, Kind, Resource


def make(call: Call, account: Account, spec: KeySpec, token: str, given: Mapping[str, str]) -> Resource:
    """EC2 lets a name be there once: only who is told that it is there looks for it."""
    material = base64.b64encode(spec.public_key.encode()).decode()
    marked = tags.tagging("key-pair", tags.all_of(spec.name, token, given))
    try:
        made = call.ask("ImportKeyPair", {"KeyName": f"accords-{token}", "PublicKeyMaterial": material, **marked})
    except Conflict:
        if there := bearing(call, account, Kind.KEY, token):
            return there[0].resource
        raise
    return told(call, account, Kind.KEY, token, made)


def remove(call: Call, account: Account, id: str) -> None:
    call.ask("DeleteKeyPair", {"KeyName": id})
