"""The commands that keep the broker itself: backup and restore, on its own machine."""

from __future__ import annotations

import argparse
from pathlib import Path

from broker import backup
from broker.cli.exits import Exit
from broker.cli.session import show, tell
from broker.settings import load


def write(arguments: argparse.Namespace) -> Exit:
    """Everything of the broker in one file, while it runs."""
    found = backup.write(load(), Path(arguments.file), keys=not arguments.without_keys)
    show([f"{arguments.file}: rows {', '.join(found.rows)}", f"keys: {', '.join(found.keys) or 'none'}"])
    tell("the file holds the services' passwords: keep it as you keep the broker's home")
    return Exit.OK


def read(arguments: argparse.Namespace) -> Exit:
    """A file's broker into this home."""
    settings = load()
    found = backup.read(settings, Path(arguments.file))
    show([f"{settings.home}: rows {', '.join(found.rows)}", f"keys: {', '.join(found.keys) or 'none'}"])
    if not (settings.home / "installation.json").exists():
        tell("without its keys it starts as another installation: put installation.json and door.pem there first")
    return Exit.OK
