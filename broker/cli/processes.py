"""The commands that run or inspect the broker on its own machine: serve, work, providers, token, version."""

from __future__ import annotations

import argparse
import time
from dataclasses import asdict

from broker import __version__, auth, distribution
from broker.cli.exits import Exit
from broker.cli.session import show, show_json
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


def providers(arguments: argparse.Namespace) -> Exit:
    """Ask each provider of the settings what keeps it from working. FAILED when one cannot."""
    from providers import open_provider

    settings = load()
    found: dict[str, list[dict[str, str]]] = {}
    for name, own in settings.providers.items():
        provider = open_provider(name, own.driver, settings.provider_options(name))
        found[name] = [asdict(problem) for problem in provider.check(deadline=settings.call_deadline)]
        provider.close()
    if arguments.json:
        show_json({name: {"driver": settings.providers[name].driver, "problems": found[name]} for name in found})
    else:
        for name, problems in found.items():
            works = "does not work" if problems else "works"
            show([f"{name} ({settings.providers[name].driver}): {works}"])
            show(f"    {problem['what']}: {problem['mend']}" for problem in problems)
    return Exit.FAILED if any(found.values()) else Exit.OK


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
