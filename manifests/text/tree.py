"""A document as elements with attributes, before anything is known of its meaning. Every format becomes this."""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

# Far above any real document (10,000 nodes have 100,000 elements), far below what would fill the memory.
MOST_ELEMENTS = 150_000
MOST_ATTRIBUTES = 400_000
MOST_LEVELS = 32
MOST_STATEMENTS = 50_000
# Of one element. libxml2 takes quadratic time to append attributes: 200,000 of them are minutes.
MOST_ATTRIBUTES_OF_ONE = 1000

# How YAML and JSON write what XML has besides attributes and elements: see `manifests.text.twins`.
NAMESPACE_KEY = "xmlns"
TEXT_KEY = "#text"
ATTRIBUTE_MARK = "@"
BREAKS = re.compile("[\x85\u2028\u2029\ufeff]")
"""Line ends for YAML, and so for who reads JSON as YAML: escaped, or they would come back as blanks."""


class TooMuch(ValueError):
    """A document passes one of the limits above; the message says which. `at` is the offset where it does."""

    def __init__(self, message: str, at: int) -> None:
        super().__init__(message)
        self.at = at


# One character of a value, as it is written: how to walk from a value's offset to the text's.
_WRITTEN = {
    "xml": r"&#?\w+;|\r\n|.",
    "text": r"(?P<nothing><!--.*?-->|<\?.*?\?>|<!\[CDATA\[|\]\]>)|&#?\w+;|\r\n|.",
    "plain": ".",
    "'": "''|.",
    '"': r"\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]..|x..|u.{4}|U.{8}|.)|.",
    "|": r"\n {0,INDENT}|.",
    "elsewhere": r"(?!)",
}


class Use(NamedTuple):
    """An input that was filled into a value: where its text begins there, how long it is, and how long `${input.NAME}`
    was in its place."""

    name: str
    start: int
    length: int
    written: int


class Attribute(NamedTuple):
    """A value and where it stands: `name_at` and `start` are offsets of its name and of its first character. `style` is
    a key of the table of spellings; `indent` that of a YAML block. What is written `elsewhere`
    has one place for all of it. `uses` are the inputs in it (`manifests.reading.parameters`),
    `open` whether one of them has no value yet."""

    value: str
    name_at: int
    start: int
    style: str = "xml"
    indent: int = 0
    uses: tuple[Use, ...] = ()
    open: bool = False

    def places(self, text: str) -> Callable[[int], int]:
        """Where in the document's text each character of the value is written, as a function of its index."""
        if text.startswith(self.value, self.start):
            return lambda index: self.start + index
        pattern = _WRITTEN[self.style].replace("INDENT", str(self.indent))
        units: Iterator[re.Match[str]] = re.compile(pattern, re.DOTALL).finditer(text, self.start)
        written = len(self.value) + sum(use.written - use.length for use in self.uses)
        told = (unit.start() for unit in units if unit.lastgroup is None)
        starts = array("Q", islice(told, written + 1)) or array("Q", [self.start])
        return lambda index: starts[min(self._as_written(index), len(starts) - 1)]

    def _as_written(self, index: int) -> int:
        """Where a character stood before inputs were filled in; all of an input's text where it began."""
        moved = 0
        for use in self.uses:
            if index < use.start + use.length:
                return min(index, use.start) - moved
            moved += use.length - use.written
        return index - moved


@dataclass(slots=True)
class Element:
    """`start` is its offset. `text` is what stands directly inside, as an attribute that has no name; `repeated` are
    the keys that YAML gave twice."""

    name: str
    start: int
    attributes: dict[str, Attribute] = field(default_factory=dict)
    children: list[Element] = field(default_factory=list)
    text: Attribute | None = None
    namespace: str = ""
    repeated: list[tuple[str, int]] = field(default_factory=list)

    def walk(self) -> Iterator[Element]:
        """It and all inside, in the order of the text; however deep, without recursion."""
        waiting = [self]
        while waiting:
            element = waiting.pop()
            yield element
            waiting.extend(reversed(element.children))


@dataclass(slots=True)
class Budget:
    """Counts what a reader makes, so that it stops at the limits and not at the end of the memory."""

    elements: int = 0
    attributes: int = 0
    statements: int = 0

    def spend(self, at: int, *, elements: int = 0, attributes: int = 0, statements: int = 0, level: int = 0) -> None:
        """TooMuch when what begins at this offset is one too many."""
        self.elements += elements
        self.attributes += attributes
        self.statements += statements
        if self.elements > MOST_ELEMENTS:
            raise TooMuch(f"the document has more than {MOST_ELEMENTS} elements", at)
        if self.attributes > MOST_ATTRIBUTES:
            raise TooMuch(f"the document has more than {MOST_ATTRIBUTES} attributes", at)
        if self.statements > MOST_STATEMENTS:
            raise TooMuch(f"the document has more than {MOST_STATEMENTS} statements", at)
        if level > MOST_LEVELS:
            raise TooMuch(f"the document has more than {MOST_LEVELS} levels", at)
