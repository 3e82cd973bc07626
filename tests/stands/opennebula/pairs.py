"""OpenNebula's templates: attributes in order, a name as often as it likes, and a value that is text or attributes.

Read from both syntaxes that the API takes (the template language `NAME = "v"`, `NIC = [ IP = "v" ]`, and XML below a
`TEMPLATE` element) and written as XML. Values only. Template reference 7.x, "Syntax".
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TypeAlias
from xml.etree import ElementTree as Tree
from xml.sax.saxutils import escape

Value: TypeAlias = "str | Pairs"
Pairs: TypeAlias = "list[tuple[str, Value]]"

_TOKEN = re.compile(
    r"""\s*(?: (?P<comment>\#[^\n]*) | (?P<name>[A-Za-z_][\w.\-]*)\s*=\s* | (?P<close>\]) | (?P<comma>,) )""",
    re.VERBOSE,
)
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_PLAIN = re.compile(r"[^\n,\]]*")


class Malformed(Exception):
    """This is no template: what is wrong, and where."""


def read(text: str) -> Pairs:
    """The attributes of a template, names in capitals as OpenNebula keeps them."""
    if text.lstrip().startswith("<"):
        try:
            return _of_element(Tree.fromstring(text))  # noqa: S314 - what the suite's own driver sent
        except Tree.ParseError as error:
            raise Malformed(f"Parse error: {error}") from error
    found, _end = _attributes(text, 0, nested=False)
    return found


def first(pairs: Pairs, name: str, default: str = "") -> str:
    """The first text of that name."""
    return next((value for key, value in pairs if key == name and isinstance(value, str)), default)


def every(pairs: Pairs, name: str) -> list[Pairs]:
    """All the vector attributes of that name (DISK, NIC, RULE), in order."""
    return [value for key, value in pairs if key == name and not isinstance(value, str)]


def without(pairs: Pairs, *names: str) -> Pairs:
    return [pair for pair in pairs if pair[0] not in names]


def merged(old: Pairs, new: Pairs) -> Pairs:
    """What `update` with append=1 leaves: each name that the new ones have is theirs."""
    return without(old, *(name for name, _value in new)) + new


def xml(name: str, value: str | int | Iterable[tuple[str, object]]) -> str:
    """One element and all that is in it."""
    if isinstance(value, str | int):
        return f"<{name}>{escape(str(value))}</{name}>"
    return f"<{name}>{''.join(xml(key, each) for key, each in value)}</{name}>"  # type: ignore[arg-type]  # nested alike


def _of_element(element: Tree.Element) -> Pairs:
    return [(child.tag.upper(), _of_element(child) if len(child) else child.text or "") for child in element]


def _attributes(text: str, at: int, *, nested: bool) -> tuple[Pairs, int]:
    """Attributes from `at` to the end, or to the bracket that closes them."""
    found: Pairs = []
    while token := _TOKEN.match(text, at):
        at = token.end()
        if token["close"]:
            return found, at
        if token["name"]:
            value, at = _value(text, at, nested=nested)
            found.append((token["name"].upper(), value))
    if nested or text[at:].strip():
        raise Malformed(f"Parse error: syntax error at character {at}")
    return found, at


def _value(text: str, at: int, *, nested: bool) -> tuple[Value, int]:
    if text.startswith("[", at) and not nested:
        return _attributes(text, at + 1, nested=True)
    if quoted := _QUOTED.match(text, at):
        return re.sub(r"\\(.)", r"\1", quoted[1], flags=re.DOTALL), quoted.end()
    plain = _PLAIN.match(text, at) if nested else re.compile(r"[^\n]*").match(text, at)
    return (plain[0].strip(), plain.end()) if plain else ("", at)
