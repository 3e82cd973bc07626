"""The commands that run or inspect the broker on its own machine: serve, work, token, version."""

from __future__ import annotations

import argparse
import time

from broker import __version__, auth, distribution
from broker.cli.exits import Exit
from broker.cli.session import show
from broker.settings import Settings, load


def serve(arguments: argparse.Namespace) -> Exit:
    """Serve until told to end."""
    from broker.serve import serve as run

    distribution.refuse_strangers()
    settings = load()
    run(settings, arguments.row, beside=[lambda: _work(settings)] if arguments.work else ())
    return Exit.OK


def _work(settings: Settings) -> None:
    from broker.worker import run

    run(settings)


def work(_: argparse.Namespace) -> Exit:
    """Carry out operations until told to end."""
    distribution.refuse_strangers()
    _work(load())
    return Exit.OK


def token(arguments: argparse.Namespace) -> Exit:
    """Make a token with the installation's key. It is shown once and stored nowhere."""
    key = auth.installation(load()).key
    principal = auth.Principal(arguments.name or arguments.account, arguments.account, auth.Role(arguments.role))
    expires = None if arguments.ttl is None else time.time_ns() // 1000 + int(arguments.ttl * 1_000_000)
    show([auth.issue(key, principal, expires=expires)])
    return Exit.OK


def version(_: argparse.Namespace) -> Exit:
    show([f"accords {__version__}"])
    return Exit.OK
