"""OpenNebula's documents: what it answers is read, and templates are written, both as XML. Pure.

A template may be given in XML as well as in OpenNebula's own syntax; in XML nothing needs to be quoted. One that
holds what XML cannot (a control character) is refused before it is sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from lxml import etree

from providers.errors import Ambiguous, Refused

Pairs: TypeAlias = Sequence[tuple[str, "str | int | Pairs"]]
"""A template: names and what they are, a name as often as it likes."""
Element: TypeAlias = etree._Element


def read(text: str) -> Element:
    """The root of an answer. Ambiguous when it is no document: the call may have been carried out."""
    try:
        return etree.fromstring(text.encode(), etree.XMLParser(resolve_entities=False, no_network=True))
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Ambiguous(f"the answer is no document of OpenNebula: {error}") from error


def word(element: Element, path: str, default: str = "") -> str:
    """The text at a path; the default where there is none."""
    return element.findtext(path) or default


def number(element: Element, path: str, default: int = 0) -> int:
    """The number at a path, a part of one cut off; the default where there is none."""
    try:
        return int(float(word(element, path)))
    except ValueError:
        return default


def template(pairs: Pairs) -> str:
    """A TEMPLATE in XML."""
    root = etree.Element("TEMPLATE")
    try:
        _fill(root, pairs)
    except ValueError as error:
        raise Refused(f"OpenNebula cannot keep this text: {error}") from error
    return etree.tostring(root, encoding="unicode")


def _fill(parent: Element, pairs: Pairs) -> None:
    for name, value in pairs:
        child = etree.SubElement(parent, name)
        if isinstance(value, str | int):
            child.text = str(value)
        else:
            _fill(child, value)


def vectors(element: Element, path: str) -> Iterator[Mapping[str, str]]:
    """Each element of that path, as its attributes: DISK, NIC, RULE, AR."""
    for each in element.iterfind(path):
        yield {child.tag: child.text or "" for child in each if isinstance(child.tag, str)}


def vector(name: str, found: Mapping[str, str | int]) -> tuple[str, Pairs]:
    """One vector attribute of a template."""
    return name, list(found.items())


def members(pool: Element) -> Iterable[Element]:
    """What is in a pool."""
    return pool
