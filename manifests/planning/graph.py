"""Orders and cycles of things that need each other. Linear in things and needs, but for the sorting of ties."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping


def order(needs: Mapping[str, Iterable[str]]) -> list[str]:
    """Every key after all it needs, ties by name. Needs that are no keys are taken as met; what a cycle holds back is
    left out."""
    waiting: dict[str, int] = {}
    followers: dict[str, list[str]] = {}
    for name, others in needs.items():
        met_here = needs.keys() & others
        waiting[name] = len(met_here)
        for other in met_here:
            followers.setdefault(other, []).append(name)
    ready = [name for name, count in waiting.items() if not count]
    heapq.heapify(ready)
    found = []
    while ready:
        name = heapq.heappop(ready)
        found.append(name)
        for follower in followers.get(name, ()):
            waiting[follower] -= 1
            if not waiting[follower]:
                heapq.heappush(ready, follower)
    return found


def cycles(needs: Mapping[str, Iterable[str]]) -> list[tuple[str, ...]]:
    """One path for each knot of things that wait for each other, the first name again at its end; sorted."""
    done = set(order(needs))
    if len(done) == len(needs):
        return []
    left = {
        name: sorted({other for other in needs[name] if other in needs} - done) for name in sorted(set(needs) - done)
    }
    return sorted(_path(knot, left) for knot in _knots(left))


def _path(knot: set[str], needs: Mapping[str, list[str]]) -> tuple[str, ...]:
    """A round trip inside a knot, from its first name or from where the way from there comes back to itself."""
    at: dict[str, int] = {}
    name = min(knot)
    while name not in at:
        at[name] = len(at)
        name = next(other for other in needs[name] if other in knot)
    return (*list(at)[at[name] :], name)


def _knots(needs: Mapping[str, list[str]]) -> list[set[str]]:
    """Strongly connected components of more than one thing: Tarjan's algorithm, with a stack of its own because a chain
    of nodes may be longer than Python's."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    held: dict[str, None] = {}
    found = []
    for start in needs:
        walk = [] if start in index else [(start, iter(needs[start]))]
        while walk:
            name, rest = walk[-1]
            if name not in index:
                index[name] = low[name] = len(index)
                held[name] = None
            other = next(rest, None)
            if other is None:
                walk.pop()
                if walk:
                    low[walk[-1][0]] = min(low[walk[-1][0]], low[name])
                if low[name] == index[name]:
                    found.append(_taken(held, name))
            elif other not in index:
                walk.append((other, iter(needs[other])))
            elif other in held:
                low[name] = min(low[name], index[other])
    return [knot for knot in found if len(knot) > 1]


def _taken(held: dict[str, None], root: str) -> set[str]:
    taken = set()
    while True:
        name, _ = held.popitem()
        taken.add(name)
        if name == root:
            return taken
