"""A document with what became of it in it, as CORDS' parser gave it back (cords.md 1.2): the id of every element that
is an entity, defaults and counters, and what there is to say about an element as its first children. Pure.

    <node name="pacs" id="urn:uuid:..." type="simple" ...>
      <warning code="..." message="..." line="3" column="9"/>

`number` is the historic code, where there was one.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from broker.hooks.withheld import is_withheld
from manifests import GRAMMAR, Attribute, Diagnostic, Element, Item, Source

# cords.md 1.2, "Parser codes".
HISTORIC: Mapping[str, int] = {
    "missing": 404,
    "reference-nowhere": 705,
    "namespace": 707,
    "reference-choice": 737,
    "reserved-name": 744,
    "unknown-element": 798,
    "unknown-attribute": 799,
}
CHOICES = frozenset({"reference-choice", "two-definitions"})
"""What was said by an element of its own: several things could be meant."""


@dataclass(frozen=True, slots=True)
class Made:
    """What became of a document: its elements as items, leaves first and itself last, and the id of each by path."""

    items: Sequence[Item]
    ids: Mapping[str, str]


def decorated(root: Element, source: Source, diagnostics: Sequence[Diagnostic], made: Made | None = None) -> Element:
    """The tree, decorated; `source` is the text it was read from. Without `made` nothing became of it."""
    told = _placed(root, source, diagnostics)
    if made is None:
        return _decorated(root, None, told, {}, {})
    return _decorated(root, made.items[-1], told, {item.path: item for item in made.items}, made.ids)


def _decorated(
    element: Element, item: Item | None, told: _Told, items: Mapping[str, Item], ids: Mapping[str, str]
) -> Element:
    """`item` is what became of this element; the items of one term stand in the order of the text."""
    waiting: dict[str, deque[str]] = {}
    for term, path in item.children if item else ():
        waiting.setdefault(term, deque()).append(path)
    inner = []
    for child in element.children:
        paths = waiting.get(_OLD_NAMES.get(child.name, child.name))
        inner.append(_decorated(child, items[paths.popleft()] if paths else None, told, items, ids))
    said = [_said(one, element.namespace) for one in told.get(id(element), ())]
    attributes = element.attributes if item is None else {**element.attributes, **_added(element, item, ids)}
    return replace(element, attributes=attributes, children=[*said, *inner])


def _added(element: Element, item: Item, ids: Mapping[str, str]) -> dict[str, Attribute]:
    """The id, and what the reader filled in. An empty element that refers to another stays empty: with a default in it
    it would be an element of its own."""
    added: dict[str, object] = {"id": f"urn:uuid:{ids[item.path]}"}
    if element.children or element.attributes.keys() - {"name", "id", "state"}:
        there = element.attributes.keys() | {child.name for child in element.children}
        free = {name: value for name, value in item.attributes.items() if name not in there}
        added |= {name: value for name, value in free.items() if not is_withheld(item.term, name)}
    return {name: _attribute(value) for name, value in added.items()}


def _said(one: Diagnostic, namespace: str) -> Element:
    """A diagnostic as the historic element."""
    name = "choice" if one.code in CHOICES else one.severity.value
    number = HISTORIC.get(one.code)
    said = {"code": one.code, **({"number": number} if number else {}), "message": _message(one)}
    place = {"line": one.line, "column": one.column} if one.line else {}
    attributes = {key: _attribute(value) for key, value in {**said, **place}.items()}
    return Element(name, 0, attributes, namespace=namespace)


def _message(one: Diagnostic) -> str:
    return f"{one.summary}; {one.hint}" if one.hint else one.summary


def _attribute(value: object) -> Attribute:
    return Attribute(str(value), 0, 0)


def _placed(root: Element, source: Source, diagnostics: Sequence[Diagnostic]) -> _Told:
    """Each diagnostic at the element whose beginning, or one of whose attributes, is the last before its place; what is
    about the whole document at the root."""
    if not diagnostics:
        return {}
    anchors = sorted(_anchors(root), key=lambda anchor: anchor[0])
    places = [source.position(offset) for offset, _ in anchors]
    lines = [(place.line, place.column) for place in places]
    found: _Told = {}
    for one in diagnostics:
        at = max(0, bisect_right(lines, (one.line, one.column)) - 1)
        element = anchors[at][1] if one.line else root
        found.setdefault(id(element), []).append(one)
    return found


def _anchors(root: Element) -> Iterator[tuple[int, Element]]:
    waiting = [root]
    while waiting:
        element = waiting.pop()
        yield element.start, element
        for attribute in element.attributes.values():
            yield attribute.name_at, element
            yield attribute.start, element
        waiting += element.children


_Told = dict[int, list[Diagnostic]]
"""By the identity of the element."""
_OLD_NAMES = {
    name: child.historic for rule in GRAMMAR.values() for name, child in rule.children.items() if child.historic
}
