"""Prices of clouds that do not tell them: a YAML file {name of a size: price an hour}."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import yaml
from pydantic import TypeAdapter, ValidationError

from providers.errors import Refused

_PRICES = TypeAdapter(dict[str, Decimal])


def prices(path: Path | None) -> Mapping[str, Decimal]:
    """Size -> price an hour, in the currency that the provider's settings name; empty without a file. Refused where the
    file is not there or is no such table."""
    if path is None:
        return {}
    try:
        return _PRICES.validate_python(yaml.safe_load(path.read_text()) or {})
    except (OSError, yaml.YAMLError, ValidationError) as error:
        raise Refused(f"prices in {path} cannot be read: {error}; write `name of a size: price an hour`") from error
