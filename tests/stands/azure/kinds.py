"""What a kind of resource is: a row. The rooms of the kinds (machines, disks, networks, ...) give the functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from tests.stands.azure.wire import Answer, Body, Request
from tests.stands.azure.world import Record, World

Action: TypeAlias = Callable[[World, Record, Request], Answer]


def _nothing(world: World, record: Record) -> None:
    return None


def _shown(world: World, record: Record, query: Mapping[str, str]) -> Body:
    return record.body


@dataclass(frozen=True, slots=True)
class Kind:
    """`fill(world, record, before)` checks what was asked for (`record.body`) and completes it, or raises; `before` is
    the body it had, None for a new one. `made` is done when its operation ends. `show` is the body as it is answered;
    `release` refuses a delete, and `gone` is done when it is deleted. `created` is the status of a PUT that makes one;
    `lasting`: PUT and DELETE are long-running. `states`: provisioningState while made and while changed."""

    type: str
    fill: Callable[[World, Record, Body | None], None]
    show: Callable[[World, Record, Mapping[str, str]], Body] = _shown
    made: Callable[[World, Record], None] = _nothing
    release: Callable[[World, Record], None] = _nothing
    gone: Callable[[World, Record], None] = _nothing
    created: int = 201
    lasting: bool = True
    located: bool = True
    states: tuple[str, str] = ("Creating", "Updating")
    actions: Mapping[str, Action] = field(default_factory=dict)
