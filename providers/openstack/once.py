"""One token, one thing, at services that know no tokens.

One thread of this process at a time makes a token's thing, and looks for it afterwards: whoever finds an older one
beside its own takes its own back. What is as old cannot be told apart by a clock of seconds: both give way, and are
told to come again. Looked for before, too, where this process has begun it before.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from providers.errors import Conflict
from providers.protocol import Kind, Resource

MOST = 10_000
"""So many tokens are remembered."""
MADE = "created"
"""The fact that says when a thing was made: ISO 8601 in UTC, as the cloud says it. Sorts as text."""


class Room(Protocol):
    """What is done with the things of one kind. `bearing` gives what carries a token, without what hangs on it, and is
    told the tags it was made with where they are known. `begin` makes the root of one thing; both in one call, so that
    it is there with its token or not at all."""

    kind: Kind

    def bearing(self, token: str, tags: Mapping[str, str]) -> Sequence[Resource]: ...

    def begin(self, spec: Any, token: str, tags: Mapping[str, str]) -> Resource: ...

    def look(self, tags: Mapping[str, str]) -> Sequence[Resource]: ...

    def observe(self, id: str) -> Resource: ...

    def delete(self, id: str) -> None: ...


@runtime_checkable
class Composite(Protocol):
    """A room whose things are more than their root: `complete` makes what is missing, `fresh` when nothing is there."""

    def complete(self, spec: Any, root: Resource, tags: Mapping[str, str], *, fresh: bool) -> Resource: ...

    def find(self, token: str) -> Sequence[Resource]: ...


class Begun:
    """What this process has begun to make, as far as it remembers: the last MOST. Threads share it."""

    def __init__(self) -> None:
        self._names: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()

    def again(self, name: str) -> bool:
        """Whether it was begun before; from now on it is."""
        with self._lock:
            before = name in self._names
            self._names[name] = None
            if len(self._names) > MOST:
                self._names.popitem(last=False)
            return before


def made(room: Room, spec: object, token: str, tags: Mapping[str, str], *, again: bool) -> Resource:
    """The thing of this token, made and completed where it was not. It is looked for first where it was begun `again`:
    a walk has looked already for what another process began, and what that made all the same is seen afterwards."""
    known = oldest(room.bearing(token, tags)) if again else None
    root = known or _alone(room, room.begin(spec, token, tags), token, tags)
    return room.complete(spec, root, tags, fresh=known is None) if isinstance(room, Composite) else root


def oldest(things: Sequence[Resource]) -> Resource | None:
    """The one that stays where there are several of a token."""
    return min(things, key=lambda each: (str(each.facts.get(MADE, "")), each.id), default=None)


def _alone(room: Room, mine: Resource, token: str, tags: Mapping[str, str]) -> Resource:
    """Mine, as it is looked at again; another's where that is older. Conflict where they cannot be told apart."""
    there = room.bearing(token, tags)
    seen = next((each for each in there if each.id == mine.id), mine)
    age = str(seen.facts.get(MADE, ""))
    rivals = [each for each in there if each.id != mine.id and str(each.facts.get(MADE, "")) <= age]
    first = oldest(rivals)
    if first is None:
        return seen
    room.delete(mine.id)
    if str(first.facts.get(MADE, "")) == age:
        raise Conflict(f"another made {mine.name} at the same time; come again")
    return first
