"""What every room of this driver works with: the settings, what is remembered, and what changes seldom and is asked
once; and the session of one call, by which libcloud's methods are asked."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from providers.edge import Call
from providers.errors import Conflict, NotFound, Refused, Unavailable
from providers.libcloud import shape
from providers.libcloud.errors import translating
from providers.libcloud.ledger import Ledger
from providers.libcloud.options import Options
from providers.libcloud.pool import Loan
from providers.libcloud.wire import Heard
from providers.protocol import State
from providers.turns import Turns

WANTED = 300.0
"""Seconds for which a change of state is waited for; after them the cloud's own word counts."""
READING = re.compile(r"(ex_)?(list|get)_")
"""Methods that change nothing."""
LISTING = re.compile(r"(ex_)?list_\w+")
PROOFS = ("list_locations", "list_sizes", "list_images")
"""What is never empty; the cheapest first. Some drivers have some of them as a table of their own."""


@dataclass(slots=True)
class Account:
    """One account at one cloud. `cloud` is libcloud's name for it, `now` monotonic seconds. `wanted`: machine -> the
    state that it was told to come to, and until when that is believed."""

    cloud: str
    options: Options
    ledger: Ledger
    now: Callable[[], float] = time.monotonic
    wanted: dict[str, tuple[State, float]] = field(default_factory=dict)
    kept: dict[str, list[Any]] = field(default_factory=dict)
    turns: Turns = field(default_factory=Turns)


@dataclass(slots=True)
class Session:
    """One call of ours, with a driver object for it alone."""

    account: Account
    loan: Loan
    call: Call
    heard: Heard
    proven: bool = False

    @property
    def shape(self) -> type:
        """The class of the driver's object: some clouds have several, of which its constructor chooses."""
        with translating(self.heard):
            return type(self.loan.driver)

    def ask(self, method: str, *given: object, **named: object) -> Any:
        """What a method of libcloud's driver answers. Our errors alone."""
        more = self._further(method)
        self.call.changed |= not READING.match(method)
        try:
            with translating(self.heard):
                return getattr(self.loan.driver, method)(*given, **{**named, **more})
        except NotFound as error:
            if LISTING.fullmatch(method):  # a list is always there: this is no news of what is in it
                raise Unavailable(f"{error.message}; is the address that of this cloud?") from error
            raise

    def tell(self, method: str, *given: object) -> None:
        """Where libcloud's answer is whether it was done. Conflict where it was not."""
        if self.ask(method, *given) is False:
            raise Conflict(f"the cloud did not do it ({method} says so, and not why); come again")

    def things(self, method: str) -> list[Any]:
        """A list of what changes seldom, asked once. An empty one is believed as others are."""
        found = self.account.kept.get(method)
        if found is None:
            found = list(self.ask(method))
            if not found:
                self.prove()
            self.account.kept[method] = found
        return found

    def named(self, method: str, name: str) -> Any:
        """Of what this method lists, the one with that id or name; asked anew where it is not in what was listed
        before. Refused where there is none."""
        found = _of(self.things(method), name)
        if found is None:
            self.account.kept.pop(method, None)
            found = _of(self.things(method), name)
        if found is None:
            raise Refused(f"{method} of this cloud has no {name!r}; take one that is there")
        return found

    def location(self) -> Any:
        """Where things are made; None at a cloud that is one place."""
        if not shape.has(self.shape, "list_locations"):
            return None
        named = [each for each in self.things("list_locations") if each.name]
        if not named or self.account.options.zone is None:
            return named[0] if named else None
        return self.named("list_locations", self.account.options.zone)

    def prove(self) -> None:
        """That an empty answer is a true one: something is asked for that cannot be empty, once a call. Unavailable
        where nothing that the cloud itself answered says so. A driver that sends nothing is its own cloud."""
        if self.proven or not self.heard.sent:
            return
        for method in PROOFS:
            before = self.heard.sent
            if shape.has(self.shape, method) and self.ask(method) and self.heard.sent > before:
                self.proven = True
                return
        raise Unavailable("the cloud shows no location, no size and no image: its empty list is not believed")

    def _further(self, method: str) -> Mapping[str, object]:
        said = self.account.options.arguments.get(method, {})
        return {key: self._meant(value) for key, value in said.items()}

    def _meant(self, value: object) -> object:
        """With things of the cloud in the place of `{ex_list_…: name}`."""
        if isinstance(value, Mapping):
            (method, name) = next(iter(value.items())) if len(value) == 1 else ("", "")
            if LISTING.fullmatch(str(method)):
                return self.named(str(method), str(name))
            return {key: self._meant(each) for key, each in value.items()}
        return [self._meant(each) for each in value] if isinstance(value, list | tuple) else value


def _of(things: Sequence[Any], name: str) -> Any:
    """By id before by name."""
    for word in ("id", "name"):
        for each in things:
            if str(getattr(each, word, "")) == name:
                return each
    return None
