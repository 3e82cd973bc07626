"""Somebody who changes things at a cloud behind the broker's back, with another client than the driver. Not a test.

What is done is said in `tests.drift.changes`, once; a room here says how it is done at one cloud.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from providers.protocol import Provider, Resource

__all__ = ["Outsider", "Site"]


class Outsider(Protocol):
    """What somebody does in a cloud's own console. `mark`: from then on a thing carries these tags and no others of
    ours. `leave` makes a thing (which kind is the cloud's matter) that carries these tags."""

    def delete(self, thing: Resource) -> None: ...

    def stop(self, machine: Resource) -> None: ...

    def resize(self, machine: Resource) -> None: ...

    def mark(self, thing: Resource, tags: Mapping[str, str]) -> None: ...

    def leave(self, name: str, tags: Mapping[str, str]) -> None: ...


@dataclass(frozen=True, slots=True)
class Site:
    """A cloud as the broker has it, and as somebody else has it. `lacks`: the changes that cannot be made there, and
    why. `pace`: real seconds for which a walk waits at most, whatever it would wait for."""

    provider: Provider
    outsider: Outsider
    lacks: Mapping[str, str]
    pace: float = 0.02
