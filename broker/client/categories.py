"""What a row's categories are (the query interface), users' own mixins, and what has them. Pure: flows and values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from broker.client.entities import Held, members
from broker.client.flows import Flow, asked
from broker.client.messages import Answer, Unreadable, request
from broker.occi.model import Action, Attribute, Kind, Mixin, Type

QUERY = "/-/"


@dataclass(frozen=True, slots=True)
class Categories:
    """By their type identifiers. A kind's attributes and actions are with those it inherits."""

    row: str
    etag: str | None = None
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    mixins: Mapping[str, Mixin] = field(default_factory=dict)
    actions: Mapping[str, Action] = field(default_factory=dict)


def discover(row: str, known: Categories | None = None) -> Flow[Categories]:
    """All of a row's categories; `known` itself while they are what the row has."""
    headers = {"If-None-Match": known.etag} if known is not None and known.etag else None
    answer = yield from asked(request(row, "GET", QUERY, headers=headers))
    return known if known is not None and answer.status == 304 else read(row, answer)


def define(row: str, *mixins: Mixin) -> Flow[None]:
    """Add mixins of one's own; they survive a restart of the row (QI-06, QI-13)."""
    yield from asked(request(row, "POST", QUERY, json={"mixins": [_said(each) for each in mixins]}))


def undefine(row: str, *mixins: Mixin) -> Flow[None]:
    """Remove mixins of one's own, and from all entities that have them (QI-09)."""
    yield from asked(request(row, "DELETE", QUERY, json={"mixins": [_said(each) for each in mixins]}))


def add(mixin: Mixin, to: Iterable[Held]) -> Flow[tuple[Held, ...]]:
    """Give entities of one row a mixin (COL-21); all that have it then. Nothing is asked of nobody."""
    return (yield from _membership("POST", mixin, to))


def remove(mixin: Mixin, of: Iterable[Held]) -> Flow[tuple[Held, ...]]:
    """Take a mixin from entities of one row (COL-23); all that have it still."""
    return (yield from _membership("DELETE", mixin, of))


def _membership(method: str, mixin: Mixin, named: Iterable[Held]) -> Flow[tuple[Held, ...]]:
    """A request that names none would be about all members."""
    found = tuple(named)
    if not found:
        return ()
    said = {"resources": [{"location": each.location} for each in found]}
    row = found[0].row
    return members(row, (yield from asked(request(row, method, mixin.location, json=said))))


def _said(mixin: Mixin) -> dict[str, object]:
    found: dict[str, object] = {"scheme": mixin.scheme, "term": mixin.term, "location": mixin.location}
    more = {"title": mixin.title, "depends": list(mixin.depends), "applies": list(mixin.applies)}
    return found | {name: value for name, value in more.items() if value}


def read(row: str, answer: Answer) -> Categories:
    """The categories of an answer; `Unreadable` when it has none."""
    said = answer.json()
    try:
        kinds = [_kind(each) for each in said.get("kinds", ())]
        mixins = [_mixin(each) for each in said.get("mixins", ())]
        actions = [Action(**_common(each)) for each in said.get("actions", ())]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise Unreadable(f"the row {row} answered with no categories") from error
    return Categories(
        row,
        answer.headers.get("etag"),
        {each.id: each for each in kinds},
        {each.id: each for each in mixins},
        {each.id: each for each in actions},
    )


def _common(said: Mapping[str, Any]) -> dict[str, Any]:
    attributes = said.get("attributes", {})
    return {
        "scheme": said["scheme"],
        "term": said["term"],
        "title": said.get("title", ""),
        "attributes": tuple(_attribute(name, each) for name, each in attributes.items()),
    }


def _kind(said: Mapping[str, Any]) -> Kind:
    actions = tuple(said.get("actions", ()))
    return Kind(**_common(said), parent=said.get("parent"), actions=actions, location=said.get("location"))


def _mixin(said: Mapping[str, Any]) -> Mixin:
    actions, depends, applies = (tuple(said.get(name, ())) for name in ("actions", "depends", "applies"))
    location = said.get("location", "")
    return Mixin(**_common(said), actions=actions, depends=depends, applies=applies, location=location)


def _attribute(name: str, said: Mapping[str, Any]) -> Attribute:
    """JSN-05: what is not said to be mutable is not."""
    like = said.get("pattern") or {}
    return Attribute(
        name,
        Type(like.get("type") or said.get("type", Type.STRING)),
        mutable=said.get("mutable", False),
        required=said.get("required", False),
        default=said.get("default"),
        values=tuple(like.get("enum") or ()),
        minimum=like.get("minimum"),
        maximum=like.get("maximum"),
        pattern=_bare(like.get("pattern")),
        description=said.get("description", ""),
    )


def _bare(pattern: str | None) -> str | None:
    """A pattern for the whole value, without the marks that JSON Schema needs to mean that."""
    return None if pattern is None else pattern.removeprefix("^(?:").removesuffix(")$")
