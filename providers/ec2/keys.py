"""A key is a key pair that was imported. Machines name it by its name, which is therefore its id here."""

from __future__ import annotations

import base64
from collections.abc import Mapping

from providers.ec2 import tags
from providers.ec2.account import Account
from providers.ec2.looking import Seen, bearing
from providers.ec2.wire import Call
from providers.protocol import KeySpec, Kind


def make(call: Call, account: Account, spec: KeySpec, token: str, given: Mapping[str, str]) -> None:
    if bearing(call, account, Kind.KEY, token):
        return
    material = base64.b64encode(spec.public_key.encode()).decode()
    marked = tags.tagging("key-pair", tags.all_of(spec.name, token, given))
    call.ask("ImportKeyPair", {"KeyName": f"accords-{token}", "PublicKeyMaterial": material, **marked})


def remove(call: Call, account: Account, seen: Seen) -> None:
    call.ask("DeleteKeyPair", {"KeyName": seen.resource.id})
