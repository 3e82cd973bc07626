"""`accords console`: what the console of a node's machine shows, as its provider has it now."""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping, Sequence
from typing import Any

from broker.cli.exits import Exit
from broker.cli.services import answer
from broker.cli.session import client, tell
from broker.client import Client, services

PAUSE = 0.2
"""Seconds between two looks whether the worker has it."""
PATIENCE = 60.0
"""Seconds it gets."""


def console(arguments: argparse.Namespace) -> Exit:
    """FAILED when its provider does not show it."""
    broker = client()
    service = broker.do(services.find(arguments.service))
    broker.post("service", f"/services/{service}/console", {"node": arguments.node})
    found = _answered(broker, service, arguments.node)
    if any(each["at"] is None for each in found):
        tell("no worker has looked yet: is `accords work` running?")
        return Exit.TIMEOUT
    answer(arguments, found, lines(found))
    for each in found:
        if each["error"]:
            tell(f"{each['name']}: {each['error']['message']}")
    return Exit.FAILED if any(each["error"] for each in found) else Exit.OK


def lines(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """The text itself; where there are several machines, each below its name. Pure."""
    several = len(found) > 1
    return [line for each in found for line in ([f"{each['name']}:"] if several else []) + each["text"].splitlines()]


def _answered(broker: Client, service: str, node: str) -> Sequence[Mapping[str, Any]]:
    ends = time.monotonic() + PATIENCE
    while True:
        found: Sequence[Mapping[str, Any]] = broker.get("service", f"/services/{service}/console", node=node)[
            "consoles"
        ]
        if all(each["at"] for each in found) or time.monotonic() > ends:
            return found
        time.sleep(PAUSE)
