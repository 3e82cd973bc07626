"""The edge of a driver: one call of the Protocol, until when it lasts, and what leaves it when it fails.

Contexts that a driver enters in one statement, from the outside inwards:

    with about(self.name, thing), called(deadline) as call, whole(call), translating():
        ...

`translating` is its own, and knows the errors of its library. The libraries of clouds pass no clock through: the call
that a thread is in is in a context variable, where what stands under the library finds it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Protocol

from providers.errors import Ambiguous, ProviderError, Unavailable
from providers.transport import Clock


@dataclass(slots=True)
class Call:
    """One call of a driver's method. `changed`: a request of it may have changed something at the cloud."""

    clock: Clock
    changed: bool = False


class Changing(Protocol):
    """What knows whether a request of it may have changed something."""

    changed: bool


_CALL: ContextVar[Call] = ContextVar("call")


@contextmanager
def called(deadline: float) -> Iterator[Call]:
    """What is sent inside belongs to one call that ends in `deadline` seconds."""
    token = _CALL.set(Call(Clock(deadline)))
    try:
        yield _CALL.get()
    finally:
        _CALL.reset(token)


def current() -> Call:
    """The call that this thread is in."""
    return _CALL.get()


@contextmanager
def about(provider: str, thing: str) -> Iterator[None]:
    """Errors of ours leave with the provider's name and what the call was about."""
    try:
        yield
    except ProviderError as error:
        error.provider, error.thing = provider, thing
        raise


@contextmanager
def whole(call: Changing) -> Iterator[None]:
    """What failed after something was changed is ambiguous, however surely the last request was not carried out."""
    try:
        yield
    except Unavailable as error:
        if not call.changed:
            raise
        raise Ambiguous(f"{error.message}; a part of it was done") from error
