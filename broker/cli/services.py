"""The commands about services: up, status, events, logs, the actions; and what `release` shares with them."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from http import HTTPStatus as Status
from typing import Any

from broker.cli import parameters, show
from broker.cli.documents import planned
from broker.cli.exits import Exit
from broker.cli.posting import sent
from broker.cli.session import client, show_json, tell
from broker.cli.session import show as print_lines
from broker.client import Client
from broker.errors import Clash, Missing

CORDS = "http://scheme.compatibleone.fr/scheme/compatible#"
CORDS_ACTION = "http://scheme.compatibleone.fr/scheme/compatible/service/action#"
POLL = 20
"""Seconds one long poll for events waits."""

# Where each operation is over: the service's state, and whether that is what was asked for.
_ENDS: Mapping[str, frozenset[str]] = {
    "up": frozenset({"active"}),
    "start": frozenset({"active"}),
    "restart": frozenset({"active"}),
    "retry": frozenset({"active"}),
    "save": frozenset({"active", "stopped", "suspended"}),
    "stop": frozenset({"stopped"}),
    "suspend": frozenset({"suspended"}),
    "cancel": frozenset({"released"}),
    "release": frozenset({"released"}),
}
_STILL = frozenset({"failed", "active", "stopped", "suspended", "released"})


def up(arguments: argparse.Namespace) -> Exit:
    """Post the document, its plan, the service; with --wait stay until it runs."""
    broker = client()
    made, secrets = planned(broker, arguments)
    attributes: dict[str, object] = {
        "occi.service.name": arguments.name or made["service"],
        "occi.service.plan": made["id"],
    }
    if arguments.agreement:
        attributes["occi.service.sla"] = sent(broker, arguments.agreement, strict=arguments.strict)["location"]
    if arguments.ttl is not None:
        attributes["org.accords.ttl"] = str(int(arguments.ttl))
        attributes["org.accords.discard"] = arguments.discard
    wanted = [step["inputs"]["name"] for step in made["org.accords.steps"] if step["verb"] == "given"]
    if wanted:
        attributes["org.accords.secrets"] = parameters.asked(wanted, secrets)
    made_of = {"kind": CORDS + "service", "attributes": attributes}
    reply = broker.request("service", "POST", "/service/", json=made_of)
    service = _id(reply.json())
    if reply.status == Status.CREATED:
        return follow(broker, service, 0, arguments)
    tell(f"{attributes['occi.service.name']} is there already, made from this document; nothing was changed")
    return follow(broker, service, newest(broker, service), arguments)


def status(arguments: argparse.Namespace) -> Exit:
    """All services, or one; FAILED when the one is."""
    broker = client()
    if arguments.service is None:
        found = _services(broker)
        answer(arguments, found, show.services(found))
        return Exit.OK
    report = broker.get("service", f"/service/{find(broker, arguments.service)}/report")
    answer(arguments, report, show.report(report))
    return Exit.FAILED if report["service"]["state"] == "failed" else Exit.OK


def events(arguments: argparse.Namespace) -> Exit:
    """What happened, oldest first."""
    broker = client()
    service = find(broker, arguments.service, ended=True) if arguments.service else None
    for one in _events(broker, service, arguments.after, lambda: arguments.follow):
        answer(arguments, one, [show.event(one)])
    return Exit.OK


def logs(arguments: argparse.Namespace) -> Exit:
    """What the nodes' scripts printed, in the order they ran."""
    broker = client()
    found = broker.get("service", f"/service/{find(broker, arguments.service, ended=True)}/logs")["logs"]
    chosen = [one for one in found if arguments.node in (None, one["node"])]
    answer(arguments, chosen, [f"{one['node']}: {line}" for one in chosen for line in one["output"].splitlines()])
    return Exit.OK


def act(arguments: argparse.Namespace) -> Exit:
    """One action on a whole service: the command's own name."""
    broker = client()
    service = find(broker, arguments.service)
    before = newest(broker, service)
    ask(broker, service, arguments.command, {})
    return follow(broker, service, before, arguments)


def follow(broker: Client, service: str, before: int, arguments: argparse.Namespace) -> Exit:
    """What is said after something was asked for: at once, or when it is over."""
    report_path = f"/service/{service}/report"
    if not (arguments.wait or arguments.command == "release"):
        report = broker.get("service", report_path)
        answer(arguments, report, [f"{report['service']['name']}: {report['service']['state']}"])
        return Exit.OK
    state = wait(broker, service, before, arguments)
    report = broker.get("service", report_path)
    answer(arguments, report, show.report(report))
    if state is None:
        return Exit.TIMEOUT
    return Exit.OK if state in _ENDS[arguments.command] else Exit.FAILED


def wait(broker: Client, service: str, after: int, arguments: argparse.Namespace) -> str | None:
    """Show progress past event `after` until the newest operation is over; the service's state then, None when the
    time is up."""
    ends = None if arguments.timeout is None else time.monotonic() + arguments.timeout
    said = ""
    while ends is None or time.monotonic() < ends:
        report = broker.get("service", f"/service/{service}/report")
        over = _over(report)
        left = POLL if ends is None else max(1, min(POLL, int(ends - time.monotonic())))
        events = awaited(broker, service, after, 0 if over else left)
        steps = _doings(broker, service, report, events)
        for one in events:
            line = show.progress(one, steps)
            if line and line != said and not arguments.json:
                tell(line)
            after, said = int(one["seq"]), line or said
        if over and not events:
            return str(report["service"]["state"])
    return None


def _doings(
    broker: Client, service: str, report: Mapping[str, Any], events: Iterable[Mapping[str, Any]]
) -> Mapping[str, str]:
    """What each step does. The plan of an action is made when a worker takes it: a report that was read before then
    knows no step of it, and is read again."""
    known = show.doings(report)
    if all(one["fields"].get("step") in {*known, None} for one in events):
        return known
    return show.doings(broker.get("service", f"/service/{service}/report"))


def newest(broker: Client, service: str) -> int:
    """The sequence number of the newest event of a service: progress is shown from there."""
    after = 0
    while found := awaited(broker, service, after, 0):
        after = int(found[-1]["seq"])
    return after


def _over(report: Mapping[str, Any]) -> bool:
    operation = report["operation"]
    ended = operation is None or operation["state"] in ("done", "failed", "cancelled")
    return ended and report["service"]["state"] in _STILL


def awaited(broker: Client, service: str, after: int, wait: int) -> list[Mapping[str, Any]]:
    """The next events of a service, waiting for them if there are none yet."""
    params = {"service": service, "after": str(after), "wait": str(wait)}
    answer = broker.request("service", "GET", "/event/", params=params, timeout=wait + 10).json()
    found: list[Mapping[str, Any]] = answer["events"]
    return found


def _events(broker: Client, service: str | None, after: int, go_on: Callable[[], bool]) -> Iterator[Mapping[str, Any]]:
    while True:
        wait = POLL if go_on() else 0
        params = {"after": str(after), "wait": str(wait)} | ({"service": service} if service else {})
        answer = broker.request("service", "GET", "/event/", params=params, timeout=wait + 10).json()
        yield from answer["events"]
        after = int(answer["last"])
        if not answer["events"] and not go_on():
            return


def ask(broker: Client, service: str, action: str, attributes: Mapping[str, object]) -> None:
    scheme = _OURS if action in _NOT_IN_CORDS else CORDS_ACTION
    body = {"action": scheme + action, "attributes": attributes}
    broker.request("service", "POST", f"/service/{service}", json=body, params={"action": action})


_OURS = "http://schemas.accords.org/occi/service/action#"
_NOT_IN_CORDS = frozenset({"retry", "cancel", "invoke", "release"})


def _services(broker: Client) -> list[Mapping[str, Any]]:
    answer = broker.get("service", "/service/")
    return [
        {
            "id": _id(one),
            "name": one["attributes"]["occi.service.name"],
            "state": one["attributes"]["org.accords.state"],
            "expires": one["attributes"].get("org.accords.expires"),
        }
        for one in answer.get("resources", ())
    ]


def find(broker: Client, name: str, *, ended: bool = False) -> str:
    """The id of the service of that name (or id); the newest, and not one that was released unless `ended`."""
    found = _services(broker)
    fitting = [one for one in found if name in (one["name"], one["id"])]
    living = [one for one in fitting if one["state"] != "released"]
    chosen = living or (fitting if ended else [])
    if chosen:
        return str(chosen[-1]["id"])
    if fitting:
        raise Clash(f"the service {name} was released", hint="accords volumes lists what was kept")
    known = ", ".join(str(one["name"]) for one in found if one["state"] != "released") or "none"
    raise Missing(f"there is no service {name}", hint=f"services: {known}")


def _id(entity: Mapping[str, Any]) -> str:
    return str(entity["id"]).removeprefix("urn:uuid:")


def answer(arguments: argparse.Namespace, value: object, lines: list[str]) -> None:
    if arguments.json:
        show_json(value)
    else:
        print_lines(lines)
