"""The commands that run or inspect the broker on its own machine: serve, work, providers, token, version."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import asdict

from broker import __version__, auth, distribution
from broker.cli.exits import Exit
from broker.cli.session import show, show_json
from broker.settings import Settings, load
from providers.errors import ProviderError
from providers.protocol import Problem


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


def providers(arguments: argparse.Namespace) -> Exit:
    """Ask each provider of the settings what keeps it from working. FAILED when one cannot."""
    settings = load()
    found = {name: [asdict(problem) for problem in _problems(settings, name)] for name in settings.providers}
    if arguments.json:
        show_json({name: {"driver": settings.providers[name].driver, "problems": found[name]} for name in found})
    else:
        for name, problems in found.items():
            works = "does not work" if problems else "works"
            show([f"{name} ({settings.providers[name].driver}): {works}"])
            show(f"    {problem['what']}: {problem['mend']}" for problem in problems)
    return Exit.FAILED if any(found.values()) else Exit.OK


def _problems(settings: Settings, name: str) -> Sequence[Problem]:
    """What keeps one provider from working; a driver that cannot even be opened is such a thing."""
    from providers import open_provider

    try:
        provider = open_provider(name, settings.providers[name].driver, settings.provider_options(name))
    except ProviderError as error:
        return [Problem(error.message, f"mend the setting providers.{name}")]
    try:
        return provider.check(deadline=settings.call_deadline)
    finally:
        provider.close()


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
