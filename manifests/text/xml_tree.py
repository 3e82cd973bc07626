"""XML text -> elements. lxml decides what is well-formed; a small scanner of start tags knows the columns.

A text that is not well-formed is mended where that is safe (`repair`), and every place in it stays that of the text
as it was written. Never read: a DOCTYPE (so no entities of a document's own), the network, XInclude. lxml's
own limits stay on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from sys import intern

from lxml import etree

from manifests.findings import Findings
from manifests.text.edits import Repair
from manifests.text.repair import WHY, declaration, repair
from manifests.text.source import Source
from manifests.text.tree import MOST_ATTRIBUTES_OF_ONE, MOST_ELEMENTS, Attribute, Budget, Element, TooMuch

# A DOCTYPE stands before the root, after nothing but blanks, comments and processing instructions (XML 1.0, 2.8). A
# second byte order mark is none of these, and lxml skips it all the same.
_DOCTYPE = re.compile(r"(?s:[\s\ufeff]++|<\?.*?\?>|<!--.*?-->)*+<!DOCTYPE")
_NAME = r"[^\s/>=\"'<!?]+"
_ATTRIBUTE = re.compile(rf"({_NAME})\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
# Only ever used on text that lxml found well-formed, where it takes linear time.
_TAG = re.compile(
    rf"(?s:<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>)|<({_NAME})((?:\s+{_NAME}\s*=\s*(?:\"[^\"]*\"|'[^']*'))*)\s*/?>"
)
_END = re.compile(r"(?s:<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>)|(</)[^>]*>")
_VALUE = re.compile(r"=\s*[\"']")
_CDATA = "<![CDATA["
# What a document may say about itself in names that are not CORDS': nothing of it is meaning.
_SAYS_NOTHING = ("{http://www.w3.org/2001/XMLSchema-instance}", "{http://www.w3.org/XML/1998/namespace}")


def parse(source: Source, findings: Findings, *, strict: bool = False) -> Element | None:
    """The root element, or None with what is wrong in `findings`. What was mended is a warning; `strict`, an error."""
    doctype = _DOCTYPE.match(source.text)
    if doctype:
        at = source.position(doctype.end() - len("<!DOCTYPE"))
        findings.add("doctype", at, "the document has a DOCTYPE", "take it out: documents are read without one")
        return None
    _measure(source.text)
    root = _well_formed(source.text)
    if isinstance(root, etree.XMLSyntaxError):
        return _mended(source, findings, strict, root)
    _tell(declaration(source.text), source, findings, strict)
    return _Tree(source.text, source, findings, strict).root(root)


def _mended(source: Source, findings: Findings, strict: bool, wrong: etree.XMLSyntaxError) -> Element | None:
    """The root of a text that is not well-formed as it stands."""
    mended = repair(source.text)
    _tell(mended.repairs, source, findings, strict)
    for trouble in mended.troubles:
        findings.add(trouble.code, source.position(trouble.offset), trouble.summary, trouble.hint)
    if mended.troubles:
        return None
    root = _well_formed(mended.text) if mended.repairs else wrong
    if isinstance(root, etree.XMLSyntaxError):
        message = (root.msg or "there is nothing in it").split(", line ")[0]
        at = source.position(mended.original(_offset(root, mended.text)))
        findings.add("not-xml", at, f"not well-formed XML: {message}", "mend the markup")
        return None
    return _Tree(mended.text, source, findings, strict, mended.original).root(root)


def _tell(repairs: Iterable[Repair], source: Source, findings: Findings, strict: bool) -> None:
    for each in repairs:
        done, hint = (f"read as {each.made!r}", "write it so") if each.made else ("left out", "take it out")
        summary = f"{WHY[each.code]}: {each.read!r} was {done}"
        findings.add(each.code, source.position(each.offset), summary, hint, refuse=strict)


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


def _well_formed(text: str) -> etree._Element | etree.XMLSyntaxError:
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_pis=True,
        remove_comments=True,
    )
    try:
        return etree.fromstring(text.encode(), parser)
    except etree.XMLSyntaxError as wrong:
        return wrong


def _offset(wrong: etree.XMLSyntaxError, text: str) -> int:
    """Where libxml2 stopped. It counts columns in bytes, and stops counting lines at 65535."""
    line, column = wrong.position
    start = 0
    for _ in range(line - 1):
        start = text.find("\n", start) + 1
    row = text[start : start + max(column, 1)].encode()
    return start + len(row[: max(column - 1, 0)].decode(errors="ignore"))


def _same(offset: int) -> int:
    return offset


class _Tree:
    """Builds the elements of one well-formed text; `place` leads from its offsets to those of the document's text."""

    def __init__(
        self, text: str, source: Source, findings: Findings, strict: bool, place: Callable[[int], int] = _same
    ) -> None:
        self._text, self._source, self._findings, self._strict, self._place = text, source, findings, strict, place
        self._budget = Budget()
        self._tags: Iterator[re.Match[str]] = (match for match in _TAG.finditer(text) if match[1])
        self._last: re.Match[str] | None = None  # the start tag that was taken last, and its level
        self._last_level = 0

    def root(self, node: etree._Element) -> Element:
        return self._element(node, 1)

    def _element(self, node: etree._Element, level: int) -> Element:
        """One element and all inside. Start tags come in document order, as lxml's elements do."""
        tag = self._last = next(self._tags)
        self._last_level = level
        start = self._place(tag.start())
        attributes = self._attributes(node, tag)
        self._budget.spend(start, elements=1, attributes=len(attributes), level=level)
        namespace, _, name = str(node.tag).rpartition("}")
        element = Element(intern(name), start, attributes, namespace=intern(namespace[1:]))
        text = node.text
        if text and not text.isspace():
            element.text = self._inner_text(node, text, tag)
        for child in node:
            element.children.append(self._element(child, level + 1))
            tail = child.tail
            if tail and not tail.isspace():
                self._tail(element, tail, level + 1)
        return element

    def _attributes(self, node: etree._Element, tag: re.Match[str]) -> dict[str, Attribute]:
        """By the names as written, which come in the order of lxml's values; `xmlns` and its likes are none of them."""
        start, end = tag.span(2)
        if start == end:
            return {}
        values = iter(node.items())
        attributes: dict[str, Attribute] = {}
        for found in _ATTRIBUTE.finditer(self._text, start, end):
            name = found[1]
            if name == "xmlns" or name.startswith("xmlns:"):
                continue
            key, value = next(values)
            if ":" not in name or not str(key).startswith(_SAYS_NOTHING):
                places = self._place(found.start()), self._place(found.start(found.lastindex or 0))
                # A document says the same names and values over and over: kept once, they take a third less.
                attributes[intern(name)] = Attribute(intern(str(value)), *places)
        return attributes

    def _inner_text(self, node: etree._Element, text: str, tag: re.Match[str]) -> Attribute | None:
        """What stands before the first child."""
        start = tag.end() + (len(_CDATA) if self._text.startswith(_CDATA, tag.end()) else 0)
        if len(node) and self._is_mark(text, start):
            return None
        return Attribute(text, self._place(tag.start()), self._place(start), "text")

    def _tail(self, element: Element, text: str, level: int) -> None:
        """A text after a child of this level. Only the first is kept: one is enough to refuse it."""
        at = self._after_child(level)
        if element.text is None and not self._is_mark(text, at):
            element.text = Attribute(text, self._place(at), self._place(at), "text")

    def _after_child(self, level: int) -> int:
        """Where the text after a child begins: the child's last start tag was the last one, and as many end tags follow
        as elements were open in it."""
        at, ends = 0, 0
        if self._last:
            at = self._last.end()
            ends = self._last_level - level + (0 if self._last[0].endswith("/>") else 1)
        for found in _END.finditer(self._text, at):
            if not ends:
                break
            if found[1]:
                at, ends = found.end(), ends - 1
        return at + len(self._text[at : at + 1000]) - len(self._text[at : at + 1000].lstrip())

    def _is_mark(self, text: str, at: int) -> bool:
        """Whether it is a stray semicolon, which means nothing between elements."""
        if text.strip().strip("; \t\r\n"):
            return False
        told = Repair("repaired-mark", self._place(at), text.strip(), "")
        _tell([told], self._source, self._findings, self._strict)
        return True
