"""accords invoke SERVICE METHOD [ARGUMENT...]: a method of what a service's manifest has as its interface."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from broker.cli.exits import Exit
from broker.cli.services import answer, wait
from broker.cli.session import client
from broker.client import events, services


def invoke(arguments: argparse.Namespace) -> Exit:
    """Ask for it; with --wait stay until it is over and print what its scripts printed."""
    broker = client()
    service = broker.do(services.find(arguments.service))
    before = broker.do(events.newest(service))
    broker.do(services.ask(service, "invoke", {"method": arguments.method, "arguments": arguments.argument}))
    over = wait(broker, service, before, arguments) is not None if arguments.wait else False
    operation = broker.do(services.report(service)).said["operation"]
    answer(arguments, operation, lines(operation) if over else [f"{arguments.method} was asked for"])
    if arguments.wait and not over:
        return Exit.TIMEOUT
    return Exit.FAILED if over and operation["state"] != "done" else Exit.OK


def lines(operation: Mapping[str, Any]) -> list[str]:
    """What each node printed, and how the method failed if it did."""
    found = [f"{one['node']}: {line}" for one in operation["said"] for line in one["output"].splitlines()]
    error = operation["error"]
    if error:
        found += [f"{operation['kind']} failed: {error['message']}", *([error["hint"]] if error.get("hint") else [])]
    return found
