"""`accords release` and `accords volumes`: giving back, and what stays until somebody says otherwise, twice."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping
from typing import Any

from broker.cli import show
from broker.cli.exits import Exit
from broker.cli.services import answer, follow
from broker.cli.session import client, tell
from broker.cli.session import show as print_lines
from broker.client import Client, events, services
from broker.errors import Invalid

PAUSE = 0.2
"""Seconds between two looks whether a volume is gone."""
PATIENCE = 60.0
"""Seconds a volume gets to go before the command says that it is still there."""


def release(arguments: argparse.Namespace) -> Exit:
    """Give a service back; with --volumes also what was kept of one that is released already."""
    broker = client()
    service = broker.do(services.find(arguments.service, ended=arguments.volumes))
    if arguments.volumes:
        _confirm(arguments.service, arguments.yes)
    if arguments.volumes and broker.do(services.report(service)).state == "released":
        return _remove(broker, _kept(broker, arguments.service))
    before = broker.do(events.newest(service))
    broker.do(services.ask(service, "release", {"volumes": True} if arguments.volumes else None))
    ended = follow(broker, service, before, arguments)
    kept = _kept(broker, arguments.service)
    if kept and not arguments.json:
        print_lines(["kept, with what they hold:", *(f"  {line}" for line in show.volumes(kept))])
    return ended


def volumes(arguments: argparse.Namespace) -> Exit:
    """The volumes that outlived their services, and the images that were saved."""
    broker = client()
    found = broker.get("service", "/volumes")["volumes"]
    if arguments.remove:
        return _remove(broker, [one for one in found if one["id"] == arguments.remove] or [{"id": arguments.remove}])
    answer(arguments, found, show.volumes(found))
    return Exit.OK


def _confirm(service: str, said: str | None) -> None:
    if said is None and sys.stdin.isatty():
        tell(
            f"This removes the volumes and saved images of {service} and every study on them."
            " Type the service's name to go on:"
        )
        said = sys.stdin.readline().strip()
    if said != service:
        raise Invalid(
            f"the volumes of {service} stay: its name was not given a second time",
            hint=f"accords release {service} --volumes --yes {service}",
        )


def _kept(broker: Client, service: str) -> list[Mapping[str, Any]]:
    return [one for one in broker.get("service", "/volumes")["volumes"] if one["service"] == service]


def _remove(broker: Client, doomed: list[Mapping[str, Any]]) -> Exit:
    """One after the other, each until it is gone: an operation of a service ends before the next begins."""
    for one in doomed:
        broker.delete("service", f"/volumes/{one['id']}")
        ends = time.monotonic() + PATIENCE
        while any(one["id"] == left["id"] for left in broker.get("service", "/volumes")["volumes"]):
            if time.monotonic() > ends:
                tell(f"{one['id']} is still there after {PATIENCE:.0f} s; accords events shows what goes on")
                return Exit.TIMEOUT
            time.sleep(PAUSE)
        tell(f"removed {one.get('name', one['id'])}")
    return Exit.OK
