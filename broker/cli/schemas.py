"""`accords convert`, `accords schema` and `accords openapi`: a document in another form, what editors check documents
with, and what clients of the JSON side are made from."""

from __future__ import annotations

import argparse
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from broker.cli.exits import Exit
from broker.cli.posting import content
from broker.cli.session import show, show_json, tell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from manifests import Diagnostic


def convert(arguments: argparse.Namespace) -> Exit:
    """Print the twin of a document; DOCUMENT if it cannot be read, or XML has no way to say it."""
    from manifests import Format, parse, write

    document = content(arguments.document)
    reading = parse(document)
    _tell(arguments.document, document, reading.diagnostics)
    if reading.tree is None:
        return Exit.DOCUMENT
    try:
        twin = write(reading.tree, Format(arguments.to))
    except ValueError as wrong:
        tell(f"{arguments.document}: there is no way to say it as {arguments.to}: {wrong}")
        return Exit.DOCUMENT
    sys.stdout.buffer.write(twin.encode())
    sys.stdout.flush()
    return Exit.OK


def _tell(name: str, document: bytes, said: Sequence[Diagnostic]) -> None:
    from broker.cli import diagnose
    from manifests import decode

    text = ""
    with suppress(ValueError):  # which is said, too
        text = decode(document)
    for line in diagnose.lines(name, text, said):
        tell(line)


# What people call them.
_SHORT = {"xsd": "cords.xsd", "json": "cords.schema.json", "yaml": "cords.schema.json"}


def schema(arguments: argparse.Namespace) -> Exit:
    """Print a schema or where it is; all there are when none is named."""
    from manifests.schemas import PUBLISHED, path

    if arguments.name is None:
        show(f"{name:20} {published.what}" for name, published in PUBLISHED.items())
        return Exit.OK
    name = _SHORT.get(arguments.name, arguments.name)
    if name not in PUBLISHED:
        tell(f"no schema is called {name[:60]}; one of: {', '.join((*_SHORT, *PUBLISHED))}")
        return Exit.USAGE
    show([str(path(name)) if arguments.path else path(name).read_text(encoding="utf-8").rstrip("\n")])
    return Exit.OK


def openapi(arguments: argparse.Namespace) -> Exit:
    """Print the description that the broker of these settings serves at /openapi.json."""
    from broker.services import ROWS, row
    from broker.settings import load
    from broker.web.openapi import of_row, of_rows

    settings = load()
    show_json(of_rows(ROWS, settings) if arguments.row is None else of_row(row(arguments.row).name, settings))
    return Exit.OK
