"""YAML text -> elements: a scalar is an attribute, a mapping a child element, a list of mappings several of one name.

The rule is general, so the YAML form of the grammar needs no table of its own; JSON is read as the YAML it is. What it
leaves open has a key of its own: `xmlns` is the namespace, `#text` a text directly inside, `@name` an attribute that an
element is named like. Null is no value, as an empty text is (cords.md 3.2). Built on
the event stream and not on PyYAML's own tree: events come one at a time, so the limits hold before memory is spent,
and nothing recurses.
"""

from __future__ import annotations

import re

import yaml

from manifests.findings import Findings
from manifests.model import Position
from manifests.text.edits import Edit, Notes, Repaired
from manifests.text.source import Source
from manifests.text.tree import ATTRIBUTE_MARK, NAMESPACE_KEY, TEXT_KEY, Attribute, Budget, Element

# YAML 1.2, 10.2.1.1: what stands for no value, where it has no quotes.
_NULLS = frozenset({"null", "Null", "NULL", "~"})
_INDENTED = re.compile(r"[^\n]*\n(?:[ ]*\n)*([ ]*)")
# JSON writes a character beyond U+FFFF as two escapes (RFC 8259, 7), which YAML does not know. Other escapes are gone
# through one by one, so that an escaped backslash begins none.
_PAIRS = re.compile(r"\\(?:u([dD][89abAB][0-9A-Fa-f]{2})\\u([dD][c-fC-F][0-9A-Fa-f]{2})|.)", re.DOTALL)


def parse(source: Source, findings: Findings) -> Element | None:
    """The root element, or None with what is wrong in `findings`."""
    spoken = _joined(source.text)
    builder = _Builder(source, findings, spoken)
    try:
        for event in yaml.parse(spoken.text, Loader=yaml.CSafeLoader):
            builder.take(event)
    except yaml.YAMLError as wrong:
        at = spoken.original(_stopped(wrong, spoken.text))
        problem = getattr(wrong, "problem", None) or "a character that is not allowed"
        findings.add("not-yaml", source.position(at), f"not YAML: {problem}", "mend the line")
        return None
    return builder.root()


def _stopped(wrong: yaml.YAMLError, text: str) -> int:
    """Where reading stopped: at a mark, or, before a character that YAML does not allow, after so many bytes."""
    mark = getattr(wrong, "problem_mark", None)
    if mark:
        return int(mark.index)
    return len(text.encode()[: getattr(wrong, "position", 0)].decode(errors="ignore"))


def _joined(text: str) -> Repaired:
    """The text as YAML can read it: a JSON text with each pair of escapes as the one that YAML has for it."""
    notes = Notes(text)
    if text.lstrip().startswith("{"):
        for found in _PAIRS.finditer(text):
            if found[1]:
                high, low = int(found[1], 16) - 0xD800, int(found[2], 16) - 0xDC00
                notes.edits.append(Edit(*found.span(), f"\\U{0x10000 + (high << 10) + low:08x}"))
    return Repaired(notes)


class _Builder:
    """Takes events; `_open` is the path of elements whose mapping is being read, `None` for a list in it."""

    def __init__(self, source: Source, findings: Findings, spoken: Repaired) -> None:
        self._source, self._findings, self._budget = source, findings, Budget()
        self._original = spoken.original
        self._top = Element("", 0)
        self._open: list[Element | None] = [self._top]
        self._keys: list[tuple[str, int] | None] = [("", 0)]
        self._said: list[set[str]] = [set()]  # the keys of each open mapping so far
        self._documents = 0

    def root(self) -> Element | None:
        """The one element of the outermost mapping."""
        document = self._top.children[0] if self._top.children else None
        if document is None or len(document.children) != 1 or document.attributes:
            summary = "the outermost mapping has not one key with a mapping in it"
            self._findings.add("not-a-document", Position(1, 1), summary, "begin with `manifest:` or `agreement:`")
            return None
        for name, start in document.repeated:
            self._findings.add("duplicate", self._source.position(start), f"{name!r} stands twice", "keep one")
        _inherit(document.children[0], "")
        return document.children[0]

    def take(self, event: yaml.Event) -> None:
        at = self._original(_start(event))
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) or getattr(event, "tag", None):
            summary = "anchors, aliases and tags are not read"
            self._findings.add("alias", self._source.position(at), summary, "write the value out where it is used")
        if isinstance(event, yaml.ScalarEvent | yaml.AliasEvent):
            self._scalar(event, at)
        elif isinstance(event, yaml.MappingStartEvent):
            self._begin(at)
        elif isinstance(event, yaml.SequenceStartEvent):
            self._begin_list(at)
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self._end()
        elif isinstance(event, yaml.DocumentStartEvent):
            self._document(at)

    def _document(self, at: int) -> None:
        self._documents += 1
        if self._documents == 2:
            self._wrong(at, "there is a second YAML document", "put each document in a file of its own")

    def _begin(self, at: int) -> None:
        """A mapping: the element that the key (or the list's key) names."""
        self._budget.spend(at, elements=1, level=len(self._open))
        name, start = self._key(at)
        element = Element(name, start)
        parent = next(open_ for open_ in reversed(self._open) if open_ is not None)
        if parent.repeated[-1:] != [(name, start)]:  # a second mapping of one key is told, and not read as a second
            parent.children.append(element)
        self._push(element, None)

    def _begin_list(self, at: int) -> None:
        self._budget.spend(at, level=len(self._open))
        key = self._key(at)
        if self._open[-1] is None or self._open[-1] is self._top:
            self._wrong(at, "a list stands where an element should")
        self._push(None, key)

    def _push(self, element: Element | None, key: tuple[str, int] | None) -> None:
        self._open.append(element)
        self._keys.append(key)
        self._said.append(set())

    def _end(self) -> None:
        self._open.pop()
        self._keys.pop()
        self._said.pop()

    def _scalar(self, event: yaml.ScalarEvent | yaml.AliasEvent, at: int) -> None:
        value = "" if isinstance(event, yaml.AliasEvent) else event.value
        element, key = self._open[-1], self._keys[-1]
        if element is None or element is self._top:
            self._wrong(at, f"the value {value[:40]!r} stands where an element should")
        elif key is None:
            self._keys[-1] = (value, at)
            self._budget.spend(at, attributes=1)
            if value in self._said[-1]:
                element.repeated.append((value, at))
            self._said[-1].add(value)
        else:
            self._keys[-1] = None
            self._attribute(element, key, value, event, at)

    def _attribute(self, element: Element, key: tuple[str, int], value: str, event: yaml.Event, start: int) -> None:
        name = key[0].removeprefix(ATTRIBUTE_MARK)
        if name in element.attributes and element.repeated[-1:] != [key]:
            element.repeated.append(key)
        style, indent = getattr(event, "style", None) or "plain", 0
        if style in "|>":
            start, indent = self._block(start)
            style = "|"
        elif style != "plain":
            start += 1
        elif value in _NULLS:
            value = ""
        attribute = Attribute(value, key[1], start, style, indent)
        if key[0] == TEXT_KEY:
            element.text = attribute
        else:
            element.attributes[name] = attribute

    def _block(self, start: int) -> tuple[int, int]:
        """Where a block scalar's first character is, and how far the block is indented."""
        match = _INDENTED.match(self._source.text, start)
        return (match.end(), len(match[1])) if match else (start, 0)

    def _key(self, at: int) -> tuple[str, int]:
        """The name for what begins here. A list keeps its key for each of its items."""
        if self._open[-1] is None:
            return (self._keys[-1] or ("", at))[0], at
        key = self._keys[-1]
        self._keys[-1] = None
        if key is None:
            self._wrong(at, "a mapping or list stands where a name should")
        return key or ("", at)

    def _wrong(self, at: int, summary: str, hint: str = "a scalar is an attribute, a mapping an element") -> None:
        self._findings.add("wrong-form", self._source.position(at), summary, hint)


def _inherit(element: Element, namespace: str) -> None:
    """Give each element the namespace that it says, or the one around it."""
    said = element.attributes.pop(NAMESPACE_KEY, None)
    element.namespace = said.value if said else namespace
    for inner in element.children:
        _inherit(inner, element.namespace)


def _start(event: yaml.Event) -> int:
    return event.start_mark.index if event.start_mark else 0
