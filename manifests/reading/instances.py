"""A document -> the OCCI instances it is made of: the grammar's table read the other way round."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from manifests.grammar import GRAMMAR, Child, Rule
from manifests.grammar.kinds import Kind
from manifests.grammar.units import written
from manifests.model import Document, Manifest, Record


@dataclass(frozen=True, slots=True)
class Item:
    """One element of a document.

    `path` is unique in it and does not depend on the order of attributes (`manifest/node:pacs/image`); `term` is its
    CORDS kind; `attributes` have the historic names without the prefix `occi.<term>.`; all are texts but the counters
    of repeated children (`nodes`). `children` are the (term, path) of what stands directly inside, in the document's
    order; `singles` those of them that the kind names in an attribute of the same name. What is only mentioned, an
    account or the manifest of an agreement, is an attribute with its name and no item.
    """

    path: str
    term: str
    name: str
    attributes: dict[str, str | int]
    children: tuple[tuple[str, str], ...] = ()
    singles: tuple[tuple[str, str], ...] = ()


# What the values of an import are called where they stand among each other.
_TERMS = {rule.make: term for term, rule in GRAMMAR.items() if isinstance(rule.make, type)}


def elements(document: Document) -> tuple[Item, ...]:
    """Every element as an item, leaves before what they stand in, the document last."""
    term = term_of(document)
    return tuple(_items(document, term, term, term))


def term_of(value: Any) -> str:
    """What a value is called where it stands among others: in an import, or as a document."""
    return value.term if isinstance(value, Record) else _TERMS[type(value)]


def _items(value: Any, term: str, rule_name: str, path: str) -> Iterator[Item]:
    rule = GRAMMAR[rule_name]
    attributes = _attributes(value, rule)
    children: list[tuple[str, str]] = []
    singles: list[tuple[str, str]] = []
    counts: Counter[str] = Counter()
    for inner_term, child, inner in _inside(value, rule):
        if isinstance(inner, str) or (not child.many and _mentioned(inner)):
            attributes[inner_term] = inner if isinstance(inner, str) else inner.name
            continue
        inner_path = _path(path, inner_term, child, inner, counts)
        children.append((inner_term, inner_path))
        if not child.many:
            singles.append((inner_term, inner_path))
        yield from _items(inner, inner_term, child.rule, inner_path)
    yield Item(path, term, value.name, attributes, tuple(children), tuple(singles))


def _inside(value: Any, rule: Rule) -> Iterator[tuple[str, Child, Any]]:
    if isinstance(value, Record):
        for inner in value.children:
            term = term_of(inner)
            yield term, rule.children[term], inner
        return
    for term, child in rule.children.items():
        found = getattr(value, child.field)
        for inner in found if child.many else (found,):
            if inner is not None:
                yield term, child, inner


def _mentioned(value: Any) -> bool:
    """Whether only its name is here: the thing itself is elsewhere."""
    if isinstance(value, Record):
        return not value.attributes and not value.children
    return isinstance(value, Manifest) and not value.nodes


def _path(path: str, term: str, child: Child, inner: Any, counts: Counter[str]) -> str:
    """A single child by its term; one of many by its name too, and by a number where names are missing or equal."""
    if not child.many:
        return f"{path}/{term}"
    named = f"{path}/{term}:{inner.name}"
    counts[named] += 1
    return named if counts[named] == 1 else f"{named}#{counts[named]}"


def _attributes(value: Any, rule: Rule) -> dict[str, str | int]:
    counters = {child.counter: term for term, child in rule.children.items() if child.counter}
    if isinstance(value, Record):
        terms = Counter(map(term_of, value.children))
        return {"name": value.name, **value.attributes} | {name: terms[term] for name, term in counters.items()}
    found: dict[str, str | int] = {}
    for name, known in rule.attributes.items():
        held = None if known.kind is Kind.READ or known.historic else getattr(value, known.field or name)
        if held not in (None, "", ()):
            found[name] = _rendered(held, known.kind)
    return found | {name: len(getattr(value, rule.children[term].field)) for name, term in counters.items()}


def _rendered(held: Any, kind: Kind) -> str:
    if kind in (Kind.SIZE, Kind.SPEED):
        return written(held, decimal=kind is Kind.SPEED)
    if kind is Kind.FLAG:
        return "yes" if held else "no"
    if kind is Kind.WORDS:
        return ", ".join(held)
    return str(held)
