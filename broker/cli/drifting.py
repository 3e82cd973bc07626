"""`accords drift`, `accords repair` and `accords audit`: what is at the clouds against what the broker knows, as the
worker last saw it, and having it put right.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

from broker.cli import show
from broker.cli.exits import Exit
from broker.cli.services import answer, follow
from broker.cli.session import client, tell
from broker.cli.session import show as print_lines
from broker.client import Client, events, services
from broker.errors import Invalid
from broker.occi.states import shown

Json = Mapping[str, Any]

PAUSE = 0.5
"""Seconds between two looks whether what was to go is gone."""
PATIENCE = 60.0
"""Seconds that it gets."""


def drift(arguments: argparse.Namespace) -> Exit:
    """FAILED when something differs."""
    broker = client()
    found = _drift(broker, broker.do(services.find(arguments.service)))
    answer(arguments, found, differences(found))
    return Exit.FAILED if found["differences"] else Exit.OK


def repair(arguments: argparse.Namespace) -> Exit:
    """Show the plan, ask, carry it out: that plan and no other."""
    broker = client()
    service = broker.do(services.find(arguments.service))
    how = "adopt" if arguments.adopt else "repair"
    found = _drift(broker, service)
    would = found[how]
    if not arguments.json:
        print_lines([*differences(found), *plan(would)])
    if not would["listing"]:
        return Exit.FAILED if found["differences"] else Exit.OK
    confirm(arguments.yes, f"{how} {arguments.service}", f"accords repair {arguments.service} --yes")
    before = broker.do(events.newest(service))
    broker.post("service", f"/services/{service}/repair", {"how": how, "plan": would["plan"]})
    return follow(broker, service, before, arguments)


def audit(arguments: argparse.Namespace) -> Exit:
    """What nobody knows, and what is gone; with --remove the first is given back. FAILED when some of it stays."""
    broker = client()
    found: Json = broker.get("service", "/audit")
    if not (arguments.json and arguments.remove):
        answer(arguments, found, audited(found))
    if not arguments.remove or not found["strays"]:
        return Exit.OK
    confirm(arguments.yes, f"remove these {len(found['strays'])}", "accords audit --remove --yes")
    things = [{name: each[name] for name in ("provider", "kind", "id")} for each in found["strays"]]
    broker.post("service", "/audit/removal", {"things": things})
    return _wait(broker, arguments, {_key(each) for each in things})


def _drift(broker: Client, service: str) -> Json:
    found: Json = broker.get("service", f"/services/{service}/drift")
    return found


def confirm(yes: bool, what: str, otherwise: str) -> None:
    """Nothing is done that nobody said yes to; `otherwise` is the command that says it at once."""
    if not yes and sys.stdin.isatty():
        tell(f"{what}? Type yes to go on:")
        yes = sys.stdin.readline().strip().lower() == "yes"
    if not yes:
        raise Invalid(f"{what}: nobody said yes", hint=otherwise)


def _wait(broker: Client, arguments: argparse.Namespace, asked: set[tuple[str, str, str]]) -> Exit:
    """Until all of it is gone, or was refused; what is still there is said."""
    ends = time.monotonic() + PATIENCE
    while True:
        left = [each for each in broker.get("service", "/audit")["strays"] if _key(each) in asked]
        if not any(each["removal"] == "asked" for each in left) or time.monotonic() > ends:
            break
        time.sleep(PAUSE)
    said = {"removed": len(asked) - len(left), "left": left}
    answer(arguments, said, [f"removed {said['removed']}", *show.columns([_stray(each) for each in left])])
    return Exit.FAILED if left else Exit.OK


def _key(thing: Json) -> tuple[str, str, str]:
    return (thing["provider"], thing["kind"], thing["id"])


def differences(found: Json) -> list[str]:
    """What differs, a line each; and when that was seen. Pure."""
    name = found["service"]["name"]
    head = f"{name}: {shown('service', found['service']['state'])}, policy {found['policy']}"
    rows = [_difference(each) for each in found["differences"]]
    return [head, *_looks(found["observed"]), *(f"  {line}" for line in show.columns(rows) or ["nothing differs"])]


def plan(would: Json) -> list[str]:
    """What would be done, what that costs, and what it does not do. Pure."""
    lines = ["would do:", *(f"  {line}" for line in would["listing"])] if would["listing"] else ["would do nothing"]
    lines += [f"  ! {loss}" for loss in would["losses"]]
    return lines + [f"  left as it is: {each['message']}" for each in would["left"]]


def audited(found: Json) -> list[str]:
    """Pure."""
    lines = _looks(found["observed"])
    lines += _part("known to nobody here", [_stray(each) for each in found["strays"]])
    lines += [f"  together {amount} {currency} an hour" for currency, amount in found["costs"].items()]
    lines += _part("not at its provider any more", [_gone(each) for each in found["gone"]])
    return lines if found["strays"] or found["gone"] else [*lines, "the providers have what the broker knows"]


def _part(title: str, rows: Sequence[Sequence[object]]) -> list[str]:
    return [f"{title}:", *(f"  {line}" for line in show.columns(rows))] if rows else []


def _looks(observed: Sequence[Json]) -> list[str]:
    return [f"{each['provider']} as seen {_when(each['at'])}{_silent(each['error'])}" for each in observed]


def _silent(error: Json | None) -> str:
    return f"; it does not answer since: {error['message']}" if error else ""


def _when(at: str | None) -> str:
    return "never" if at is None else at[:19].replace("T", " ")


def _difference(each: Json) -> tuple[str, ...]:
    return (
        f"{each['kind']} {each['step'].removesuffix('.machine')}",
        each["aspect"],
        f"wanted {each['wanted']}",
        f"seen {each['seen']}",
        f"on {each['provider']}",
        f"since {_when(each['since'])}",
    )


def _stray(each: Json) -> tuple[str, ...]:
    price = f"{each['price']} {each['currency'] or ''} an hour".replace("  ", " ") if each["price"] else "price unknown"
    kept = "" if each["removal"] in (None, "asked") else f"stays: {each['removal']}"
    return (each["provider"], each["kind"], each["id"], each["name"], f"of {each['account']}", price, kept)


def _gone(each: Json) -> tuple[str, ...]:
    return (each["provider"], each["kind"], each["id"], each["step"], f"since {_when(each['since'])}")
