"""Which element an empty named one stands for: `<infrastructure name="x"/>` is the one called x, in the same document
or else in the library, which holds what the account and the platform have.

Decided (architecture.md): an element with content belongs to its own place; only an empty named element refers to
another. The historic reuse by any attribute, and the last writer that wins, are not followed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from manifests.findings import Findings, nearest
from manifests.grammar import Refers
from manifests.reading.parameters import awaited
from manifests.text.source import Source
from manifests.text.tree import Attribute, Element

SAYS_NOTHING = frozenset({"name", "id", "state"})
"""Attributes that leave an element empty."""


@dataclass(frozen=True, slots=True)
class Defined:
    """One definition that is kept: `text` is the element as a JSON twin, `{"image": {...}}`; `where` says in a message
    whose it is."""

    text: str
    where: str

    def element(self) -> Element | None:
        """The text as the element that it is; None when it is none."""
        from manifests.text import yaml_tree

        return yaml_tree.parse(Source(self.text), Findings())


Library = Callable[[str, str], tuple[Defined, ...]]
"""(term, name) -> the definitions of that name, the newest first, the account's before the platform's."""


def _nothing(term: str, name: str) -> tuple[Defined, ...]:
    return ()


NO_LIBRARY: Library = _nothing
"""What is read far from any server: nothing is known but the document."""


class References:
    """The elements with content of one document, by element name and name, and what the library has besides."""

    def __init__(self, root: Element, source: Source, findings: Findings, library: Library, *, complete: bool) -> None:
        self._source, self._findings, self._library, self._complete = source, findings, library, complete
        self._found: dict[tuple[str, str], list[Element]] = {}
        self._meant: dict[tuple[str, str], Element | None] = {}
        self._referred: set[tuple[str, str]] = set()
        self._compared: set[tuple[str, str]] = set()
        self._collect(root)

    def target(self, element: Element, refers: Refers) -> Element:
        """The element that is meant: itself when it has content or nobody else does. What there is to say is said once
        for each name."""
        if refers is Refers.NEVER or "name" not in element.attributes:
            return element
        key = (element.name, element.attributes["name"].value)
        if not _empty(element):
            if refers is Refers.NEEDED:
                self._same_name(key)
            return element
        if key not in self._meant:
            self._meant[key] = self._target(element, key, refers)
        return self._meant[key] or element

    def is_referred(self, element: Element) -> bool:
        """Whether an element with nothing but its name may stand for this one."""
        name = element.attributes.get("name")
        return name is not None and (element.name, name.value) in self._referred

    def _target(self, element: Element, key: tuple[str, str], refers: Refers) -> Element | None:
        found = self._found.get(key, []) if refers is not Refers.LIBRARY else []
        if found:
            self._compare(element, key, found)
            return found[0]
        defined = self._defined(element, key, refers)
        if defined is None and refers is Refers.NEEDED:
            self._nowhere(element, key)
        return defined

    def _collect(self, root: Element) -> None:
        for element in root.walk():
            if "name" in element.attributes:
                key = (element.name, element.attributes["name"].value)
                if _empty(element):
                    self._referred.add(key)
                else:
                    self._found.setdefault(key, []).append(element)

    def _compare(self, element: Element, key: tuple[str, str], found: list[Element]) -> None:
        two = _two(found)
        if two is None:
            return
        lines = [self._source.position(one.start).line for one in two]
        summary = f"<{key[0]} name={key[1]!r}> means two: line {lines[0]} has {_difference(*two)}"
        hint = f"give the ones in lines {lines[0]} and {lines[1]} names of their own, or write the content here"
        self._findings.add("two-definitions", self._source.position(element.start), summary, hint)

    def _same_name(self, key: tuple[str, str]) -> None:
        """Elements with content are each their own; who names one empty in another document would have to choose."""
        if key in self._compared or key in self._referred:
            return
        self._compared.add(key)
        two = _two(self._found.get(key, ()))
        if two is not None:
            line = self._source.position(two[0].start).line
            summary = f"a second <{key[0]} name={key[1]!r}>, different: line {line} has {_difference(*two)}"
            hint = "each is its own; give one another name, so that it can be referred to"
            self._findings.add("same-name", self._source.position(two[1].start), summary, hint)

    def _defined(self, element: Element, key: tuple[str, str], refers: Refers) -> Element | None:
        """The newest one of the library, as if it were written where it is referred to."""
        kept = [(defined, moved) for defined in self._library(*key) if (moved := _moved(defined, element)) is not None]
        if not kept:
            return None
        newest, meant = kept[0]
        if refers is Refers.LIBRARY:
            summary = f"<{key[0]} name={key[1]!r}> has no content: it is the one of {newest.where}"
            self._findings.add("reference-elsewhere", self._source.position(element.start), summary, "or write one")
        others = [defined.where for defined, other in kept[1:] if _content(other) != _content(meant)]
        if others:
            summary = f"<{key[0]} name={key[1]!r}> is the one of {newest.where}; others differ: {', '.join(others[:5])}"
            hint = "write its content here to be independent of what is kept"
            self._findings.add("reference-choice", self._source.position(element.start), summary, hint)
        waits = next(awaited(meant), None)
        if waits:
            summary = f"<{key[0]} name={key[1]!r}> of {newest.where} waits for {waits}, an input of that document alone"
            hint = "write its content here, with inputs of this document"
            self._findings.add("input-unknown", self._source.position(element.start), summary, hint)
        return meant

    def _nowhere(self, element: Element, key: tuple[str, str]) -> None:
        known = [name for term, name in self._found if term == key[0]]
        where = "in this document, the account or the platform" if self._complete else "that is read here"
        summary = f"<{key[0]} name={key[1]!r}> has no content, and nothing {where} has that name"
        hint = nearest(key[1], known) if known else "write its content here, or send the document that has it"
        self._findings.add("reference-nowhere", self._source.position(element.start), summary, hint)


def _empty(element: Element) -> bool:
    holds = element.children or (element.text and element.text.value.strip())
    return "name" in element.attributes and not holds and element.attributes.keys() <= SAYS_NOTHING


def _content(element: Element) -> tuple[object, ...]:
    """What an element says, wherever it stands and in whatever order its attributes are."""
    attributes = tuple(sorted((name, attribute.value) for name, attribute in element.attributes.items()))
    return (element.name, attributes, tuple(_content(child) for child in element.children))


def _two(found: Sequence[Element]) -> tuple[Element, Element] | None:
    """The first, and the first that differs from it."""
    if len(found) < 2:
        return None
    first = _content(found[0])
    other = next((other for other in found[1:] if _content(other) != first), None)
    return None if other is None else (found[0], other)


def _difference(first: Element, other: Element) -> str:
    """The first thing in which they differ: `cores '1', line 9 has '2'` without the lines."""
    for name in sorted(first.attributes.keys() | other.attributes.keys()):
        mine, theirs = (_said(one.attributes.get(name)) for one in (first, other))
        if mine != theirs:
            return f"{name} {mine}, the other {theirs}"
    for mine_inner, their_inner in zip(first.children, other.children, strict=False):
        if mine_inner.name != their_inner.name:
            return f"<{mine_inner.name}>, the other <{their_inner.name}>"
        if _content(mine_inner) != _content(their_inner):
            return f"in <{mine_inner.name}> {_difference(mine_inner, their_inner)}"
    return f"{_count(first.children)}, the other {_count(other.children)}"


def _said(attribute: Attribute | None) -> str:
    return "none" if attribute is None else repr(attribute.value[:40])


def _count(things: Iterable[Element]) -> str:
    return f"{len(list(things))} elements"


def _moved(defined: Defined, to: Element) -> Element | None:
    """A definition of the library at the place that refers to it: a diagnostic about it is one about that place."""
    root = defined.element()
    return _at(root, to.start) if root is not None and root.name == to.name else None


def _at(element: Element, start: int) -> Element:
    attributes = {
        name: Attribute(attribute.value, start, start, "elsewhere") for name, attribute in element.attributes.items()
    }
    text = element.text and Attribute(element.text.value, start, start, "elsewhere")
    return Element(element.name, start, attributes, [_at(child, start) for child in element.children], text)
