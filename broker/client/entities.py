"""Entities of a row: reading, listing, making, changing, removing and acting on them. Pure: flows and values.

Everything is said in JSON but a filter, which OCCI has in headers (FIL-01). `match` is what `Held.etag` said when the
entity was read: a change of another generation is refused with `Stale`, and nothing is lost.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from broker.client.flows import Flow, Item, Pause, Stream, asked
from broker.client.messages import Answer, TimeUp, Unreadable, request
from broker.occi import json_read
from broker.occi.errors import Malformed
from broker.occi.model import Draft, Entity, Value, split_type
from broker.occi.quoting import quoted, written
from broker.occi.read import Filter

EVERYTHING = Filter()
PAGE = 500
"""Entities of one request of a listing; rows give at most 1000."""
LOOK = 1.0
"""Seconds between two looks at an entity that is waited for."""


@dataclass(frozen=True, slots=True)
class Held:
    """An entity as a row held it. `location` is its path there; `actions` are the type identifiers of those that its
    state allows; `etag` is known where it was read or changed alone, not of one in a list."""

    row: str
    location: str
    entity: Entity
    actions: tuple[str, ...] = ()
    etag: str | None = None

    @property
    def is_link(self) -> bool:
        return self.entity.target is not None

    @property
    def generation(self) -> int | None:
        """How often it was changed, where that is known; each change is one more."""
        number = (self.etag or "").strip('"').partition("-")[0].partition(".")[0]
        return int(number) if number.isascii() and number.isdigit() else None


def get(row: str, path: str, known: Held | None = None) -> Flow[Held]:
    """The entity at a path; `known` itself while that is what the row has."""
    headers = {"If-None-Match": known.etag} if known is not None and known.etag else None
    answer = yield from asked(request(row, "GET", path, headers=headers))
    return known if known is not None and answer.status == 304 else held(row, answer)


def listing(row: str, path: str, wanted: Filter = EVERYTHING, *, size: int = PAGE) -> Stream[Held]:
    """The members of a collection (of a kind, a mixin, a path) that fit the filter, page by page. One that comes or
    goes meanwhile may be missed or seen twice."""
    number = 1
    while True:
        page = {"page": str(number), "number": str(size)}
        answer = yield from asked(request(row, "GET", path, params=page, headers=filtering(wanted)))
        found = members(row, answer)
        for each in found:
            yield Item(each)
        if len(found) < size:
            return
        number += 1


def create(row: str, draft: Draft) -> Flow[Held]:
    """A new entity, its links with it. Of a kind whose row answers with what was there already, that."""
    return held(row, (yield from asked(request(row, "POST", "/", json=body(draft)))))


def create_all(row: str, drafts: Iterable[Draft]) -> Flow[tuple[Held, ...]]:
    """Several, all or none; resources come before links in what is given."""
    found: dict[str, list[object]] = {}
    for each in drafts:
        found.setdefault("links" if each.target is not None else "resources", []).append(body(each))
    answer = yield from asked(request(row, "POST", "/", json=found))
    return members(row, answer)


def put(row: str, path: str, draft: Draft, *, match: str | None = None) -> Flow[Held]:
    """Replace the entity at a path by what is said; without `match`, make it where nothing is."""
    return held(row, (yield from asked(request(row, "PUT", path, json=body(draft), headers=_matching(match)))))


def update(row: str, path: str, draft: Draft, *, match: str | None = None) -> Flow[Held]:
    """Change what is said, keep the rest."""
    return held(row, (yield from asked(request(row, "POST", path, json=body(draft), headers=_matching(match)))))


def delete(row: str, path: str, wanted: Filter = EVERYTHING, *, match: str | None = None) -> Flow[None]:
    """Remove the entity at a path; or, where the path is a collection's, its members that fit the filter."""
    yield from asked(request(row, "DELETE", path, headers={**filtering(wanted), **_matching(match)}))


def act(
    row: str, path: str, action: str, attributes: Mapping[str, Value] | None = None, *, match: str | None = None
) -> Flow[Answer]:
    """Do an action, by its type identifier, with the entity at a path, or with all of a collection or none. The answer
    is what the action makes of it: `held` and `members` read it, `broker.client.categories.read` what `save` gives."""
    said = {"action": action, "attributes": dict(attributes or {})}
    term = {"action": split_type(action)[1]}
    return (yield from asked(request(row, "POST", path, json=said, params=term, headers=_matching(match))))


def until(
    row: str,
    path: str,
    holds: Callable[[Entity], bool],
    *,
    seconds: float,
    clock: Callable[[], float] = time.monotonic,
) -> Flow[Held]:
    """The entity once that is true of it; `TimeUp` when it is not within the time."""
    ends = clock() + seconds
    known = yield from get(row, path)
    while not holds(known.entity):
        if clock() >= ends:
            raise TimeUp(f"{path} was not as awaited within {seconds:g} s", hint="what was started goes on")
        yield Pause(min(LOOK, seconds))
        known = yield from get(row, path, known)
    return known


def filtering(wanted: Filter) -> dict[str, str]:
    """The headers that a filter is in."""
    schemes = (split_type(each) for each in wanted.categories)
    categories = ", ".join(f'{term}; scheme="{scheme}"' for scheme, term in schemes)
    attributes = ", ".join(f"{name}={_written(value)}" for name, value in wanted.attributes.items())
    found = {"Category": categories, "X-OCCI-Attribute": attributes}
    return {name: value for name, value in found.items() if value}


def _written(value: Value) -> str:
    return quoted(value) if isinstance(value, str) else written(value)


def _matching(etag: str | None) -> dict[str, str]:
    return {"If-Match": etag} if etag else {}


def body(draft: Draft) -> dict[str, object]:
    """What is said of an entity, as the JSON rendering has it (JSN-03)."""
    said: dict[str, object] = {
        "kind": draft.kind,
        "id": f"urn:uuid:{draft.id}" if draft.id else None,
        "title": draft.title,
        "summary": draft.summary,
        "mixins": list(draft.mixins) or None,
        "attributes": dict(draft.attributes) or None,
        "links": [body(each) for each in draft.links] or None,
        "source": _end(draft.source, draft.source_kind),
        "target": _end(draft.target, draft.target_kind),
        "location": draft.location,
    }
    return {name: value for name, value in said.items() if value is not None}


def _end(location: str | None, kind: str | None) -> dict[str, str] | None:
    if location is None:
        return None
    return {"location": location} if kind is None else {"location": location, "kind": kind}


def held(row: str, answer: Answer) -> Held:
    """The one entity of an answer; `Unreadable` when it is none."""
    return _held(row, _object(answer), answer.headers.get("etag"))


def members(row: str, answer: Answer) -> tuple[Held, ...]:
    """The entities of an answer that has several, or one."""
    said = _object(answer)
    if "kind" in said:
        return (_held(row, said, None),)
    lists = [said.get(name, []) for name in ("resources", "links")]
    if not all(isinstance(each, list) for each in lists):
        raise Unreadable(f"the row {row} answered with no list of entities")
    return tuple(_held(row, each, None) for found in lists for each in found)


def _object(answer: Answer) -> Mapping[str, Any]:
    said = answer.json()
    if not isinstance(said, dict):
        raise Unreadable("an answer is no JSON object")
    return said


def _held(row: str, said: Any, etag: str | None) -> Held:
    try:
        draft = json_read.entity(said)
    except (Malformed, AttributeError) as error:
        raise Unreadable(f"the row {row} answered with no entity: {error}") from error
    if draft.location is None:
        raise Unreadable(f"the row {row} does not say where the entity is")
    return Held(row, draft.location, _entity(draft), tuple(said.get("actions", ())), etag)


def _entity(draft: Draft) -> Entity:
    if draft.kind is None or draft.id is None:
        raise Unreadable("an entity of an answer has no kind or no id")
    return Entity(
        kind=draft.kind,
        id=draft.id,
        title=draft.title,
        summary=draft.summary,
        mixins=draft.mixins,
        attributes=draft.attributes,
        links=tuple(map(_entity, draft.links)),
        source=draft.source,
        target=draft.target,
        source_kind=draft.source_kind,
        target_kind=draft.target_kind,
    )
