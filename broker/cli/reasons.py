"""A node's placement as the lines people read. Pure: what the broker answered in, lines out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from broker.errors import Missing

Placement = Mapping[str, Any]


def placement(placed: Placement) -> list[str]:
    """Where a node goes, for how much, and why; then every other offer with what spoke against it."""
    price = f", {placed['price']} {placed['currency']} an hour" if placed["price"] else ""
    head = f"{placed['node']} on {placed['provider']} in {placed['zone']}{price}"
    return [head, *_because(placed), *map(_against, placed["refused"])]


def of_provider(placed: Placement, provider: str) -> list[str]:
    """The same for one provider: each of its offers, chosen or not."""
    against = [_against(each) for each in placed["refused"] if each["provider"] == provider]
    if placed["provider"] == provider:
        return [f"{placed['node']} on {provider} in {placed['zone']}", *_because(placed), *against]
    if not against:
        known = sorted({placed["provider"], *(each["provider"] for each in placed["refused"])})
        raise Missing(f"no provider {provider} was set up when this was planned; there were: {', '.join(known)}")
    return [f"{placed['node']} not on {provider}", *against]


def _because(placed: Placement) -> list[str]:
    return [f"    because {reason}" for reason in placed["reasons"]]


def _against(other: Mapping[str, str]) -> str:
    where = f"{other['provider']} in {other['zone']}" if other["zone"] else other["provider"]
    return f"    not {where}: {other['reason']}"
