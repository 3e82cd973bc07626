"""XML text -> elements. lxml decides what is well-formed; a small scanner of start tags knows the columns.

Never read: a DOCTYPE (so no entities of a document's own), the network, XInclude. lxml's own limits stay on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from manifests.findings import Findings
from manifests.model import Position
from manifests.source import Source
from manifests.tree import MOST_ATTRIBUTES_OF_ONE, MOST_ELEMENTS, Attribute, Budget, Element, TooMuch

# A DOCTYPE stands before the root, after nothing but blanks, comments and processing instructions (XML 1.0, 2.8).
_DOCTYPE = re.compile(r"(?s:\s++|<\?.*?\?>|<!--.*?-->)*+<!DOCTYPE")
_NAME = r"[^\s/>=\"'<!?]+"
_ATTRIBUTE = re.compile(rf"({_NAME})\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
# Only ever used on text that lxml found well-formed, where it takes linear time.
_TAG = re.compile(
    rf"(?s:<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>)|<({_NAME})((?:\s+{_NAME}\s*=\s*(?:\"[^\"]*\"|'[^']*'))*)\s*/?>"
)
_VALUE = re.compile(r"=\s*[\"']")
_CDATA = "<![CDATA["


def parse(source: Source, findings: Findings) -> Element | None:
    """The root element, or None with what is wrong in `findings`."""
    doctype = _DOCTYPE.match(source.text)
    if doctype:
        at = source.position(doctype.end() - len("<!DOCTYPE"))
        findings.add("doctype", at, "the document has a DOCTYPE", "take it out: documents are read without one")
        return None
    _measure(source.text)
    root = _well_formed(source.text, findings)
    if root is None:
        return None
    return _element(root, _start_tags(source.text), source.text, Budget(), 1)


def _measure(text: str) -> None:
    """Refuse what would take lxml long, by what can be counted in any text: no value holds a `<`, so all attributes of
    an element stand before the next one."""
    start = -1  # of the piece: where its "<" stands
    for count, piece in enumerate(text.split("<")):
        if count > 2 * MOST_ELEMENTS + 1000:
            raise TooMuch(f"the document has more than {MOST_ELEMENTS} elements", start)
        if len(piece) > MOST_ATTRIBUTES_OF_ONE and len(_VALUE.findall(piece)) > MOST_ATTRIBUTES_OF_ONE:
            raise TooMuch(f"an element has more than {MOST_ATTRIBUTES_OF_ONE} attributes", max(start, 0))
        start += len(piece) + 1


def _well_formed(text: str, findings: Findings) -> etree._Element | None:
    parser = etree.XMLParser(
        encoding="utf-8", resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False, remove_pis=True
    )
    try:
        return etree.fromstring(text.encode(), parser)
    except etree.XMLSyntaxError as wrong:
        _say(wrong, findings)
        return None


def _say(wrong: etree.XMLSyntaxError, findings: Findings) -> None:
    """libxml2 stops at the first thing that keeps a text from being XML."""
    line, column = wrong.position
    message = (wrong.msg or "there is nothing in it").split(", line ")[0]
    findings.add(
        "not-xml", Position(max(line, 0), max(column, 0)), f"not well-formed XML: {message}", "mend the markup"
    )


def _start_tags(text: str) -> Iterator[re.Match[str]]:
    return (match for match in _TAG.finditer(text) if match[1])


def _element(node: etree._Element, tags: Iterator[re.Match[str]], text: str, budget: Budget, level: int) -> Element:
    """One element and all inside. Start tags come in document order, as lxml's elements do."""
    tag = next(tags)
    attributes = _attributes(node, tag, text)
    budget.spend(tag.start(), elements=1, attributes=len(node.attrib), level=level)
    name = etree.QName(node)
    element = Element(name.localname, tag.start(), attributes, namespace=name.namespace or "")
    element.children = [_element(child, tags, text, budget, level + 1) for child in node if isinstance(child.tag, str)]
    element.text = _text(node, tag, text)
    return element


def _attributes(node: etree._Element, tag: re.Match[str], text: str) -> dict[str, Attribute]:
    """Those without a prefix; `xsi:schemaLocation` and `xmlns` say nothing about the document's meaning."""
    values = {str(key): str(value) for key, value in node.attrib.items()}
    return {
        match[1]: Attribute(values[match[1]], match.start(), match.start(match.lastindex or 0))
        for match in _ATTRIBUTE.finditer(text, tag.start(2), tag.end(2))
        if match[1] in values
    }


def _text(node: etree._Element, tag: re.Match[str], text: str) -> Attribute | None:
    """What stands before the first child, or, if that is blank, the first thing between children."""
    if node.text and node.text.strip():
        start = tag.end() + (len(_CDATA) if text.startswith(_CDATA, tag.end()) else 0)
        return Attribute(node.text, tag.start(), start)
    stray = next((child.tail for child in node if child.tail and child.tail.strip()), None)
    return Attribute(stray, tag.start(), tag.start()) if stray else None
