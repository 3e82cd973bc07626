"""libvirt's documents: what it answers is read, and what it is asked for is written, as XML. Pure."""

from __future__ import annotations

from typing import TypeAlias

from lxml import etree

from providers.errors import Ambiguous, Refused

Element: TypeAlias = etree._Element


def element(tag: str, /, *inside: Element | str | None, **attributes: str | int) -> Element:
    """One element, with what is in it; a None is left out. Refused for what XML cannot hold (a control character)."""
    made = etree.Element(tag)
    try:
        for name, value in attributes.items():
            made.set(name, str(value))
        for each in inside:
            if isinstance(each, str):
                made.text = each
            elif each is not None:
                made.append(each)
    except ValueError as error:
        raise Refused(f"libvirt cannot keep this text: {error}") from error
    return made


def written(root: Element) -> str:
    """The document, indented, as the goldens of the tests show it."""
    return etree.tostring(root, encoding="unicode", pretty_print=True)


def read(text: str) -> Element:
    """The root of an answer. Ambiguous when it is no document."""
    try:
        return etree.fromstring(text.encode(), etree.XMLParser(resolve_entities=False, no_network=True))
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Ambiguous(f"the answer is no document of libvirt: {error}") from error


def word(root: Element, path: str, attribute: str | None = None) -> str:
    """The text, or the attribute, of what is first at a path; empty where there is none."""
    found = root.find(path)
    if found is None:
        return ""
    return str((found.text if attribute is None else found.get(attribute)) or "")
