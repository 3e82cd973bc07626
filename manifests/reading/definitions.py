"""What a document defines by name, for other documents to refer to. Pure: trees in, JSON twins out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from manifests.grammar import GRAMMAR, Refers
from manifests.reading.reader import Format
from manifests.reading.references import SAYS_NOTHING, Defined, Library
from manifests.text.tree import Element
from manifests.text.twins import write

Named = tuple[str, str]
"""(term, name)"""
_BY_ALL = frozenset({Refers.NEEDED, Refers.LIBRARY})
_BY_IMPORTS = _BY_ALL | {Refers.ALONE}
_PHASES = ("configuration", "release")
"""Terms that have one rule of the grammar together."""


def definitions(root: Element, uses: Mapping[Named, tuple[Defined, ...]]) -> Mapping[Named, str]:
    """What others may refer to, each as its JSON twin: every named element with content that can be referred to, and
    the document. Of two with one name the first counts, as inside the document. Each is closed: whatever it refers to
    is written out in it, from the document or from what the library gave for it (`uses`).

    What says enough with its name alone, a package or a network, is defined for others by an import only: no manifest
    means something else because another one is there.
    """
    written = {(each.name, _name(each)): each for each in reversed(list(root.walk())) if _name(each) and _says(each)}
    close = _closing(written, uses)
    meant = _BY_IMPORTS if root.name == "import" else _BY_ALL
    return {
        named: write(close(element), Format.JSON)
        for named, element in written.items()
        if element is root or _refers(element.name) in meant
    }


def together(documents: Iterable[tuple[str, Element]]) -> Library:
    """The library of documents that are read together, each with where it is from. What one refers to another of them
    for is looked up when it is read."""
    known: dict[Named, list[Defined]] = {}
    for where, root in documents:
        for named, text in definitions(root, {}).items():
            known.setdefault(named, []).append(Defined(text, where))
    return lambda term, name: tuple(known.get((term, name), ()))


def _refers(term: str) -> Refers:
    rule = GRAMMAR.get("phase" if term in _PHASES else term)
    return rule.refers if rule else Refers.NEVER


def _closing(
    written: Mapping[Named, Element], uses: Mapping[Named, tuple[Defined, ...]]
) -> Callable[[Element], Element]:
    """A function that writes out whatever an element refers to. What stands in the library is closed already."""

    def close(element: Element) -> Element:
        named = (element.name, _name(element))
        if _says(element):
            return replace(element, children=[close(each) for each in element.children])
        if named in uses:
            return uses[named][0].element() or element
        return close(written[named]) if named in written else element

    return close


def _name(element: Element) -> str:
    found = element.attributes.get("name")
    return found.value if found else ""


def _says(element: Element) -> bool:
    """Whether an element has content of its own, beyond its name."""
    return bool(element.children) or not element.attributes.keys() <= SAYS_NOTHING
