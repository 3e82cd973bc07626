"""`accords keys`: the public SSH keys that nodes of manifests may name."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from broker.cli import show
from broker.cli.exits import Exit
from broker.cli.services import answer
from broker.cli.session import client, tell
from broker.client import Client, entities
from broker.client.entities import Held
from broker.errors import Invalid, Missing
from broker.occi.model import ACCORDS, Draft

KIND = ACCORDS + "key"
TAGGED = ACCORDS + "tagged"
PUBLIC, FINGERPRINT = "org.accords.key.public", "org.accords.key.fingerprint"
MOST = 64 * 1024
"""Bytes that are read of a file: no public key is longer."""


def keys(arguments: argparse.Namespace) -> Exit:
    """One table: what is asked for -> what does it."""
    asked = {"list": _list, "add": _add, "remove": _remove}
    return asked[arguments.what](arguments)


def _list(arguments: argparse.Namespace) -> Exit:
    found = _there(client())
    rows = [(each.entity.title or "", each.entity.attributes.get(FINGERPRINT, ""), _comment(each)) for each in found]
    answer(arguments, [_shown(each) for each in found], show.columns(rows) or ["no keys"])
    return Exit.OK


def _add(arguments: argparse.Namespace) -> Exit:
    name, text = _named(arguments), _read(arguments.file)
    held = client().do(entities.create("cloud", Draft(kind=KIND, title=name, attributes={PUBLIC: text})))
    answer(arguments, _shown(held), [f"{name}: {held.entity.attributes[FINGERPRINT]}"])
    return Exit.OK


def _remove(arguments: argparse.Namespace) -> Exit:
    """Services that were made with it keep it."""
    broker, name = client(), _named(arguments)
    found = [each for each in _there(broker) if each.entity.title == name]
    if not found:
        raise Missing(f"there is no key {name}", hint="see accords keys")
    for each in found:
        broker.do(entities.delete("cloud", f"/key/{each.entity.id}"))
    tell(f"removed {name}; what was made with it keeps it")
    return Exit.OK


def _there(broker: Client) -> Sequence[Held]:
    """Not those that another broker keeps here."""
    found = [each for each in broker.each(entities.listing("cloud", "/key/")) if TAGGED not in each.entity.mixins]
    return sorted(found, key=lambda each: each.entity.title or "")


def _shown(held: Held) -> dict[str, object]:
    attributes = held.entity.attributes
    return {"name": held.entity.title, "public": attributes[PUBLIC], "fingerprint": attributes.get(FINGERPRINT)}


def _comment(held: Held) -> str:
    return " ".join(str(held.entity.attributes[PUBLIC]).split()[2:])


def _named(arguments: argparse.Namespace) -> str:
    if not arguments.name:
        raise Invalid("which key is meant is not said", hint=f"accords keys {arguments.what} NAME")
    return str(arguments.name)


def _read(file: str | None) -> str:
    if file is None:
        raise Invalid("no file is named", hint="accords keys add NAME FILE; - reads standard input")
    text = sys.stdin.read(MOST) if file == "-" else Path(file).expanduser().read_text(encoding="utf-8")[:MOST]
    if "PRIVATE KEY" in text:  # it goes nowhere, not even to our own broker
        raise Invalid(f"{file} is a private key: it stays where it is", hint=f"give the public one: {file}.pub")
    return text.strip()
