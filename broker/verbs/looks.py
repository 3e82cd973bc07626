"""Looks at things that somebody waits for: at a cloud where a list costs less than many looks, one list for everybody.

A list is believed for as long as a step waits between two looks, so that what a step sees was asked for after what it
did. What a list does not have is asked for by itself: only that says that it is gone, but of what the cloud has taken
back.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from providers.errors import NotFound
from providers.protocol import Kind, Provider, Resource

BY_LIST = 1.0
"""Seconds between two looks at a provider that lists: one list a second, however many wait."""
BY_ITSELF = 0.5
"""Seconds between two looks at one thing, where each is asked for by itself."""


def pause(provider: Provider) -> float:
    """Seconds until it is worth looking again."""
    return BY_LIST if provider.lists else BY_ITSELF


@dataclass(slots=True)
class _Seen:
    """The last list of one kind at one provider: when it was asked for, and what was in it by id."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    began: float = float("-inf")
    things: Mapping[str, Resource] = field(default_factory=dict)


class Looks:
    """Shared by all walks of a worker. `clock` is monotonic seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._seen: dict[tuple[str, Kind], _Seen] = {}

    def look(self, provider: Provider, kind: Kind, id: str, tags: Mapping[str, str], deadline: float) -> Resource:
        """The thing as it was at most a pause ago; NotFound when it is gone. `tags` are those that everything of this
        installation carries."""
        if provider.lists:
            found = self._listed(provider, kind, tags, deadline).get(id)
            if found is not None:
                return found
        return provider.observe(kind, id, deadline=deadline)

    def gone(self, provider: Provider, kind: Kind, id: str, tags: Mapping[str, str], deadline: float) -> bool:
        """Whether a thing has gone that was given back a pause ago or earlier: the cloud has taken it back, so that a
        list is enough to say so."""
        if provider.lists:
            return id not in self._listed(provider, kind, tags, deadline)
        try:
            provider.observe(kind, id, deadline=deadline)
        except NotFound:
            return True
        return False

    def _listed(
        self, provider: Provider, kind: Kind, tags: Mapping[str, str], deadline: float
    ) -> Mapping[str, Resource]:
        """One thread asks, the others wait for what it hears."""
        with self._lock:
            seen = self._seen.setdefault((provider.name, kind), _Seen())
        with seen.lock:
            began = self._clock()
            if began - seen.began >= BY_LIST:
                listed = provider.list(tags, kinds=frozenset({kind}), deadline=deadline)
                seen.things, seen.began = {each.id: each for each in listed}, began
            return seen.things
