"""What the entities of a page have in common, and how the index of attributes writes it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import TypedDict

Scalar = str | int | float | bool
Value = Scalar | Sequence[object] | Mapping[str, object]
"""What an attribute can be looked up by."""


class Wanted(TypedDict, total=False):
    """A filter; None and what is left out narrow nothing. Of each set of `mixins` an entity has one. `attributes` are
    equal: the text "4" finds the number, too. `occi.core.title` and `occi.core.summary` are attributes here."""

    kind: str | None
    id: str | None
    mixins: Sequence[Set[str]]
    attributes: Mapping[str, Value] | None
    source: str | None
    target: str | None


NAME, VALUE = 200, 64
"""Characters of an attribute's name and value that its index has."""

CORE = {"occi.core.title": "title", "occi.core.summary": "summary"}
"""Attributes that are columns of their own."""


def indexed(name: str, value: Value) -> tuple[str, str]:
    """What the index has of an attribute (migration 0008): the beginning of a long text, of lists and hashes how many
    members they have."""
    if isinstance(value, Mapping):
        return name[:NAME] + "{}", str(len(value))
    if isinstance(value, list | tuple):
        return name[:NAME] + "[]", str(len(value))
    return name[:NAME], written(value)  # type: ignore[arg-type]  # no text is a list here


def written(value: Scalar) -> str:
    """A single value as the index has it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return format(value + 0.0, ".15g") if isinstance(value, float) else str(value)[:VALUE]  # -0.0 is written 0


def is_whole(value: Value) -> bool:
    """Whether the index has all of a value, so that nothing else has to be compared."""
    return len(value) < VALUE if isinstance(value, str) else isinstance(value, int | float)
