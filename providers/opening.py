"""Opening a provider: what is wrong with its settings is said all at once, and as ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import ValidationError

from providers.errors import Refused


@contextmanager
def settings_of(name: str) -> Iterator[None]:
    """Refused, naming each option of the instance `name` that is wrong."""
    try:
        yield
    except ValidationError as error:
        mistakes = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        raise Refused(f"provider {name}: {mistakes}; correct it in the settings", provider=name) from error
