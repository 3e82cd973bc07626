"""`accords validate` and `accords plan`: reading documents, here and at the broker."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from broker import __version__
from broker.cli import parameters, reasons
from broker.cli.exits import Exit
from broker.cli.posting import content, sent
from broker.cli.session import client, show, show_json, tell

if TYPE_CHECKING:
    from broker.client import Client
    from broker.client.documents import Planned, Posted
    from manifests import Diagnostic


def validate(arguments: argparse.Namespace) -> Exit:
    """Read each document and say everything about it; DOCUMENT if any has an error."""
    from broker.cli import diagnose
    from manifests import errors

    documents, missing = _contents(arguments.documents)
    found = _checked(documents, strict=arguments.strict)
    if arguments.sarif:
        show_json(diagnose.sarif(found, __version__))
    elif arguments.json:
        show_json(diagnose.as_json(found))
    else:
        colour = _coloured(arguments.colour)
        show(line for name, (text, said) in found.items() for line in _verdict(name, text, said, colour=colour))
    if missing:
        return missing
    return Exit.DOCUMENT if any(errors(said) for _, said in found.values()) else Exit.OK


def _contents(names: Sequence[str]) -> tuple[dict[str, bytes], Exit]:
    """The bytes of those that can be read, the others told; and the exit code of the last of these."""
    from broker.cli.failure import explain

    found: dict[str, bytes] = {}
    missing = Exit.OK
    for name in names:
        try:
            found[name] = content(name)
        except OSError as wrong:
            missing = explain(wrong)
    return found, missing


def _checked(documents: Mapping[str, bytes], *, strict: bool) -> dict[str, tuple[str, Sequence[Diagnostic]]]:
    """The text of each document and what is said about it; no text where the bytes are none. They know each other's
    names; what none of them has, a server may have."""
    from manifests import NO_LIBRARY, decode, parse, read, together
    from sla import KNOWN

    library = NO_LIBRARY
    if len(documents) > 1:
        trees = ((name, parse(document).tree) for name, document in documents.items())
        library = together((name, tree) for name, tree in trees if tree is not None)
    found: dict[str, tuple[str, Sequence[Diagnostic]]] = {}
    for name, document in documents.items():
        text = ""
        with suppress(ValueError):  # which the reader says, too
            text = decode(document)
        reading = read(document, strict=strict, library=library, complete=False, metrics=KNOWN)
        found[name] = (text, reading.diagnostics)
    return found


def _verdict(name: str, text: str, said: Sequence[Diagnostic], *, colour: bool) -> list[str]:
    from broker.cli import diagnose
    from manifests import errors

    lines = diagnose.lines(name, text, said, colour=colour)
    if not errors(said):
        lines.append(f"{name}: good" + (f", {len(said)} warning{'s' * (len(said) > 1)}" if said else ""))
    return lines


def _coloured(wish: str) -> bool:
    """On a terminal, unless its user wants none: NO_COLOR is a word of terminals, not a setting of ours."""
    return wish == "always" or (wish == "auto" and sys.stdout.isatty() and not os.environ.get("NO_COLOR"))


def plan(arguments: argparse.Namespace) -> Exit:
    """Ask the broker what it would do, and print it."""
    posted, made, _ = planned(client(), arguments)
    if arguments.json:
        known = {"id": f"urn:uuid:{made.id}", "manifest": posted.location, "service": posted.name}
        show_json({**known, **made.held.entity.attributes})
    else:
        show(listing(made.held.entity.attributes))
    return Exit.OK


def planned(broker: Client, arguments: argparse.Namespace) -> tuple[Posted, Planned, dict[str, str]]:
    """Post a document and ask for its plan; with the values that were given for its secret inputs, which no plan
    takes."""
    from broker.client import documents

    posted = sent(broker, arguments.document, strict=arguments.strict)
    inputs, secrets = parameters.given(arguments, posted.inputs)
    made = broker.do(documents.plan(posted, inputs, dict(arguments.volume)))
    for warning in made.warnings:
        tell(f"{arguments.document}: {warning['summary']} [{warning['code']}]")
    return posted, made, secrets


def listing(made: Mapping[str, Any]) -> list[str]:
    """A plan as people read it: its steps, then for each node where it goes, for how much, and why."""
    lines = [f"with {name} = {value}" for name, value in made["org.accords.inputs"].items()]
    lines += str(made["org.accords.listing"]).splitlines()
    lines.append("")
    for placement in made["org.accords.placements"]:
        lines += reasons.placement(placement)
    return lines
