"""`accords resize`: another size for a node's machine: the plan with its price, a question, the plan carried out."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from broker.cli import show
from broker.cli.drifting import confirm
from broker.cli.exits import Exit
from broker.cli.services import follow
from broker.cli.session import client
from broker.cli.session import show as print_lines
from broker.client import events, services

Json = Mapping[str, Any]


def resize(arguments: argparse.Namespace) -> Exit:
    """That plan and no other."""
    broker = client()
    service = broker.do(services.find(arguments.service))
    wish = {name: getattr(arguments, name) for name in ("size", "cores", "memory", "disk")}
    asked = {"node": arguments.node, **{name: value for name, value in wish.items() if value is not None}}
    found: Json = broker.get("service", f"/services/{service}/resize", **asked)
    if not arguments.json:
        print_lines(plan(found))
    again = " ".join(f"--{name} {value}" for name, value in asked.items() if name != "node")
    confirm(
        arguments.yes,
        f"resize {arguments.node} of {arguments.service}",
        f"accords resize {arguments.service} {arguments.node} {again} --yes",
    )
    before = broker.do(events.newest(service))
    broker.post("service", f"/services/{service}/resize", {**asked, "plan": found["plan"]})
    return follow(broker, service, before, arguments)


def plan(found: Json) -> list[str]:
    """What would be done, and what more or less it costs. Pure."""
    currency = found["currency"]
    rows = [
        (each["name"], _amounts(each["before"], currency), "->", _amounts(each["after"], currency))
        for each in found["machines"]
    ]
    lines = [*show.columns(rows), *(f"  {each['reason']}" for each in found["machines"]), _price(found, currency)]
    return [*lines, "would do:", *(f"  {line}" for line in found["listing"])]


def _amounts(size: Json, currency: str) -> str:
    """`small: 1 cores, 2 GB, 0.02 EUR an hour`"""
    name = f"{size['size']}: " if size["size"] else ""
    disk = f", {show.size(size['disk'])} disk" if size["disk"] else ""
    price = f", {size['price']} {currency} an hour" if size["price"] is not None else ""
    return f"{name}{size['cores']} cores, {show.size(size['memory'])}{disk}{price}"


def _price(found: Json, currency: str) -> str:
    if found["difference"] is None:
        return "what it costs is not known: its provider says no price"
    amount = Decimal(found["difference"])
    word = "more" if amount >= 0 else "less"
    return f"{abs(amount)} {currency} an hour {word}"
