"""Which element an empty named one stands for: `<infrastructure name="x"/>` is the one called x in the same document.

Decided (architecture.md): an element with content belongs to its own place; only an empty named element refers to
another, and only inside its document. The historic reuse by any attribute, across documents, is not followed.
"""

from __future__ import annotations

from manifests.findings import Findings
from manifests.source import Source
from manifests.tree import Element

_SAYS_NOTHING = frozenset({"name", "id", "state"})


class References:
    """The elements with content of one document, by element name and name."""

    def __init__(self, root: Element, source: Source, findings: Findings) -> None:
        self._source, self._findings = source, findings
        self._found: dict[tuple[str, str], list[Element]] = {}
        self._compared: set[tuple[str, str]] = set()
        self._collect(root)

    def target(self, element: Element, rule_name: str) -> Element:
        """The element that is meant: itself when it has content or nobody else does. Two different ones are a
        diagnostic, once for each name."""
        if not _empty(element):
            return element
        key = (element.name, element.attributes["name"].value)
        found = self._found.get(key, [])
        if key not in self._compared:
            self._compared.add(key)
            self._compare(element, key, found)
        return found[0] if found else element

    def _collect(self, root: Element) -> None:
        waiting = [root]
        while waiting:
            element = waiting.pop()
            if "name" in element.attributes and not _empty(element):
                key = (element.name, element.attributes["name"].value)
                self._found.setdefault(key, []).append(element)
            waiting.extend(reversed(element.children))

    def _compare(self, element: Element, key: tuple[str, str], found: list[Element]) -> None:
        if len({_content(other) for other in found}) < 2:
            return
        lines = ", ".join(str(self._source.position(other.start).line) for other in found[:5])
        summary = f"<{key[0]} name={key[1]!r}> is empty and may stand for any of those in lines {lines}, which differ"
        hint = "give them names of their own, or write the content here"
        self._findings.add("ambiguous-reference", self._source.position(element.start), summary, hint)


def _empty(element: Element) -> bool:
    return "name" in element.attributes and not element.children and element.attributes.keys() <= _SAYS_NOTHING


def _content(element: Element) -> tuple[object, ...]:
    """What an element says, wherever it stands and in whatever order its attributes are."""
    attributes = tuple(sorted((name, attribute.value) for name, attribute in element.attributes.items()))
    return (element.name, attributes, tuple(_content(child) for child in element.children))
