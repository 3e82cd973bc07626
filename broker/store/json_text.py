"""JSON as the store writes it."""

from __future__ import annotations

from collections.abc import Mapping

import orjson


def dump(value: object) -> str:
    """Any JSON value of ours as text; mappings of any kind, decimals as strings."""
    return orjson.dumps(value, default=_plain).decode()


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    return str(value)
