"""accords why SERVICE NODE [PROVIDER]: why a node is where it is, and not elsewhere."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from broker.cli import reasons
from broker.cli.exits import Exit
from broker.cli.reasons import Placement
from broker.cli.services import answer
from broker.cli.session import client
from broker.client import services
from broker.errors import Missing


def why(arguments: argparse.Namespace) -> Exit:
    """What the plan that the service was made by says of the node; of one provider alone where that is named."""
    broker = client()
    service = broker.do(services.find(arguments.service, ended=True))
    found: Sequence[Placement] = broker.get("service", f"/service/{service}/placements")["placements"]
    placed = chosen(found, arguments.node)
    lines = reasons.placement(placed) if arguments.provider is None else reasons.of_provider(placed, arguments.provider)
    answer(arguments, placed, lines)
    return Exit.OK


def chosen(found: Sequence[Placement], node: str) -> Placement:
    """The placement of a node; Missing with those that there are."""
    for each in found:
        if each["node"] == node:
            return each
    names = ", ".join(each["node"] for each in found) or "none"
    hint = "a node that is shared is a service of its own: ask that one"
    raise Missing(f"no node {node} was placed for this service; there are: {names}", hint=hint)
