"""`accords providers`: the clouds that are set up on this machine, whether they work, and one more or less of them."""

from __future__ import annotations

import argparse
import getpass
import json
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from broker.cli.exits import Exit
from broker.cli.session import show, show_json
from broker.errors import Misconfigured, Missing
from broker.settings import Settings, add_provider, load
from manifests import readable
from providers import DRIVERS, open_provider
from providers.errors import ProviderError
from providers.protocol import Offering, Problem, Provider

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_BYTES = frozenset({"memory", "storage"})


def providers(arguments: argparse.Namespace) -> Exit:
    """One table: what is asked for -> what does it."""
    asked = {"list": _list, "check": _check, "add": _add, "remove": _remove, "drivers": _drivers}
    return asked[arguments.what](arguments)


def _list(arguments: argparse.Namespace) -> Exit:
    """Ask each provider of the settings what keeps it from working. FAILED when one cannot."""
    settings = load()
    found = {name: [asdict(problem) for problem in _problems(settings, name)] for name in settings.providers}
    if arguments.json:
        show_json({name: {"driver": settings.providers[name].driver, "problems": found[name]} for name in found})
    else:
        for name, problems in found.items():
            show(_said(name, settings, problems))
    return Exit.FAILED if any(found.values()) else Exit.OK


def _said(name: str, settings: Settings, problems: Sequence[Mapping[str, str]]) -> list[str]:
    works = "does not work" if problems else "works"
    first = f"{name} ({settings.providers[name].driver}): {works}"
    return [first, *(f"    {problem['what']}: {problem['mend']}" for problem in problems)]


def _problems(settings: Settings, name: str) -> Sequence[Problem]:
    """What keeps one provider from working; a driver that cannot even be opened is such a thing."""
    try:
        provider = _opened(settings, name)
    except ProviderError as error:
        return [Problem(error.message, f"mend the setting providers.{name}")]
    try:
        return provider.check(deadline=settings.call_deadline)
    except ProviderError as error:
        return [Problem(error.message, f"see that {name} answers, and mend the setting providers.{name}")]
    finally:
        provider.close()


def _check(arguments: argparse.Namespace) -> Exit:
    """What works at one provider, and what is missing."""
    settings, name = load(), _named(arguments)
    if name not in settings.providers:
        raise Missing(f"no provider is called {name}", hint=f"there are: {', '.join(settings.providers) or 'none'}")
    problems = [asdict(problem) for problem in _problems(settings, name)]
    offered = () if problems else _offered(settings, name)
    if arguments.json:
        show_json({"driver": settings.providers[name].driver, "problems": problems, "zones": list(map(_zone, offered))})
    else:
        show(_said(name, settings, problems))
        show(line for each in offered for line in _told(_zone(each)))
    return Exit.FAILED if problems else Exit.OK


def _offered(settings: Settings, name: str) -> Sequence[Offering]:
    provider = _opened(settings, name)
    try:
        return provider.offers(deadline=settings.call_deadline)
    finally:
        provider.close()


def _zone(offering: Offering) -> dict[str, Any]:
    """What there is in one zone, counted."""
    return {
        "zone": offering.zone,
        "sizes": len(offering.sizes),
        "images": len(offering.images),
        "abilities": sorted(offering.abilities),
        "delivery": offering.delivery,
        "left": dict(offering.left),
    }


def _told(zone: Mapping[str, Any]) -> list[str]:
    left = ", ".join(f"{what} {_amount(what, much)}" for what, much in zone["left"].items()) or "no limit is known"
    return [
        f"    {zone['zone']}: {zone['sizes']} sizes, {zone['images']} images; instructions: {zone['delivery']}",
        f"        can do: {', '.join(zone['abilities']) or 'machines and networks alone'}",
        f"        left: {left}",
    ]


def _amount(what: str, much: int) -> str:
    return readable(much) if what in _BYTES else str(much)


def _add(arguments: argparse.Namespace) -> Exit:
    """Keep one more provider, once its driver takes its options; whether it works is said beside."""
    name = _named(arguments)
    if not _NAME.fullmatch(name):
        raise Misconfigured(f"{name!r} cannot be a provider's name", hint="letters a-z, digits and -, at most 63")
    if not arguments.driver:
        raise Misconfigured("a driver is missing", hint=f"say --driver; there are {', '.join(sorted(DRIVERS))}")
    options = {key: _value(text) for key, text in arguments.option}
    said = {"driver": arguments.driver, **options, **{key: _secret(key) for key in arguments.secret}}
    open_provider(name, arguments.driver, {key: value for key, value in said.items() if key != "driver"}).close()
    path = add_provider(name, said)
    problems = [asdict(problem) for problem in _problems(load(), name)]
    if arguments.json:
        show_json({"added": name, "file": str(path), "problems": problems})
    else:
        show([f"added to {path}; servers and workers know it when they start again", *_said(name, load(), problems)])
    return Exit.OK


def _remove(arguments: argparse.Namespace) -> Exit:
    """Forget a provider that was added; what runs there goes on, and nobody can reach it from here."""
    name = _named(arguments)
    path = add_provider(name, None)
    left = load().providers
    if name in left:
        raise Misconfigured(f"{name} was not added by command", hint="take it out of the settings' own file")
    show_json({"removed": name}) if arguments.json else show([f"{name} is no longer in {path}"])
    return Exit.OK


def _drivers(arguments: argparse.Namespace) -> Exit:
    show_json(sorted(DRIVERS)) if arguments.json else show(sorted(DRIVERS))
    return Exit.OK


def _named(arguments: argparse.Namespace) -> str:
    if not arguments.name:
        raise Misconfigured("which provider is missing", hint=f"accords providers {arguments.what} NAME")
    return str(arguments.name)


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _secret(name: str) -> str:
    if sys.stdin.isatty():
        return getpass.getpass(f"{name} (not shown): ")
    return sys.stdin.readline().rstrip("\n")


def _opened(settings: Settings, name: str) -> Provider:
    return open_provider(name, settings.providers[name].driver, settings.provider_options(name))
