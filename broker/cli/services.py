"""The commands about services: up, status, events, logs, the actions; and what `release` shares with them."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from broker.cli import parameters, show
from broker.cli.documents import planned
from broker.cli.exits import Exit
from broker.cli.posting import sent
from broker.cli.session import client, show_json, tell
from broker.cli.session import show as print_lines
from broker.client import Client, TimeUp, services
from broker.client import events as happening
from broker.client.entities import Held
from broker.client.services import Report

# Where each operation is over: the service's state, and whether that is what was asked for.
_ENDS: Mapping[str, frozenset[str]] = {
    "up": frozenset({"active"}),
    "start": frozenset({"active"}),
    "restart": frozenset({"active"}),
    "retry": frozenset({"active"}),
    "repair": frozenset({"active", "stopped", "suspended"}),
    "resize": frozenset({"active", "stopped"}),
    "save": frozenset({"active", "stopped", "suspended"}),
    "stop": frozenset({"stopped"}),
    "suspend": frozenset({"suspended"}),
    "cancel": frozenset({"released"}),
    "release": frozenset({"released"}),
}

_SETTLED = frozenset({"active", "stopped", "suspended"})
"""What only some nodes go through leaves the service where it shall be."""


def up(arguments: argparse.Namespace) -> Exit:
    """Post the document, its plan, the service; with --wait stay until it runs."""
    broker = client()
    posted, made, secrets = planned(broker, arguments)
    name = arguments.name or posted.name
    attributes: dict[str, Any] = {}
    if arguments.agreement:
        attributes["occi.service.sla"] = sent(broker, arguments.agreement, strict=arguments.strict).location
    if arguments.ttl is not None:
        attributes["org.accords.ttl"] = str(int(arguments.ttl))
        attributes["org.accords.discard"] = arguments.discard
    if arguments.repair:
        attributes["org.accords.repair"] = arguments.repair
    if arguments.anyway:
        attributes["org.accords.anyway"] = True
    if made.secrets:
        attributes["org.accords.secrets"] = parameters.asked(made.secrets, secrets)
    started = broker.do(services.start(made.id, name, attributes))
    if started.new:
        return follow(broker, started.id, 0, arguments)
    tell(f"{name} is there already, made from this document; nothing was changed")
    return follow(broker, started.id, broker.do(happening.newest(started.id)), arguments)


def status(arguments: argparse.Namespace) -> Exit:
    """All services, or one; FAILED when the one is."""
    broker = client()
    if arguments.service is None:
        found = [_listed(each) for each in broker.do(services.every())]
        answer(arguments, found, show.services(found))
        return Exit.OK
    report = broker.do(services.report(broker.do(services.find(arguments.service))))
    answer(arguments, report.said, show.report(report.said))
    return Exit.FAILED if report.state == "failed" else Exit.OK


def events(arguments: argparse.Namespace) -> Exit:
    """What happened, oldest first."""
    broker = client()
    service = broker.do(services.find(arguments.service, ended=True)) if arguments.service else None
    for each in broker.each(happening.listen(arguments.after, service, follow=arguments.follow)):
        one = asdict(each)
        if arguments.json:
            show_json(one, line=True)
        else:
            print_lines([show.event(one)])
    return Exit.OK


def logs(arguments: argparse.Namespace) -> Exit:
    """What the nodes' scripts printed, in the order they ran."""
    broker = client()
    service = broker.do(services.find(arguments.service, ended=True))
    found = broker.get("service", f"/service/{service}/logs")["logs"]
    chosen = [one for one in found if arguments.node in (None, one["node"])]
    answer(arguments, chosen, [f"{one['node']}: {line}" for one in chosen for line in one["output"].splitlines()])
    return Exit.OK


def act(arguments: argparse.Namespace) -> Exit:
    """One action on a service, or on some of its nodes: the command's own name."""
    broker = client()
    service = broker.do(services.find(arguments.service))
    before = broker.do(happening.newest(service))
    nodes = " ".join(getattr(arguments, "nodes", ()))
    broker.do(services.ask(service, arguments.command, {"nodes": nodes} if nodes else None))
    return follow(broker, service, before, arguments)


def follow(broker: Client, service: str, before: int, arguments: argparse.Namespace) -> Exit:
    """What is said after something was asked for: at once, or when it is over."""
    if not (arguments.wait or arguments.command == "release"):
        report = broker.do(services.report(service))
        answer(arguments, report.said, [f"{report.name}: {report.state}"])
        return Exit.OK
    ended = wait(broker, service, before, arguments)
    report = ended or broker.do(services.report(service))
    answer(arguments, report.said, show.report(report.said))
    if ended is None:
        return Exit.TIMEOUT
    wanted = _SETTLED if getattr(arguments, "nodes", ()) else _ENDS[arguments.command]
    return Exit.OK if ended.state in wanted else Exit.FAILED


def wait(broker: Client, service: str, after: int, arguments: argparse.Namespace) -> Report | None:
    """Show progress past event `after` until the newest operation is over; how the service is then, None when the
    time is up."""
    said, report = "", None
    try:
        for turn in broker.each(services.progress(service, after, seconds=arguments.timeout)):
            steps, report = show.doings(turn.report.said), turn.report
            for one in turn.events:
                line = show.progress(asdict(one), steps)
                if line and line != said and not arguments.json:
                    tell(line)
                said = line or said
    except TimeUp:
        return None
    return report


def _listed(service: Held) -> Mapping[str, Any]:
    return {
        "id": service.entity.id,
        "name": services.named(service),
        "state": services.state(service),
        "expires": service.entity.attributes.get("org.accords.expires"),
    }


def answer(arguments: argparse.Namespace, value: object, lines: list[str]) -> None:
    if arguments.json:
        show_json(value)
    else:
        print_lines(lines)
