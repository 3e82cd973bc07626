"""The text rendering's four names -> what was said, before anybody knows what it means (GFD.229, TXT-01 to TXT-34).

Reads what real clients send: fields in any order, quoted or bare classes, comma lists, any mix of CR and LF. `older`
is 1.1 mode, in which texts need no quotes (TXT-12). Raises nothing but Malformed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from broker.occi.errors import Malformed
from broker.occi.grammar import text
from broker.occi.model import Value
from broker.occi.quoting import read, split, unquoted

CATEGORY, LINK, ATTRIBUTE, LOCATION = "category", "link", "x-occi-attribute", "x-occi-location"
NAMES = (CATEGORY, LINK, ATTRIBUTE, LOCATION)


@dataclass(frozen=True, slots=True)
class SaidCategory:
    """`id` is scheme + term, `class_` empty when it was left out (TXT-02); the rest matters in `/-/` only."""

    id: str
    class_: str = ""
    title: str = ""
    rel: tuple[str, ...] = ()
    location: str = ""
    defines: bool = False  # attributes or actions were given


@dataclass(frozen=True, slots=True)
class SaidLink:
    """`rel` and `category` are type identifiers; `self` is the link's own path, empty if not given."""

    uri: str
    rel: tuple[str, ...] = ()
    self: str = ""
    category: tuple[str, ...] = ()
    attributes: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Said:
    categories: tuple[SaidCategory, ...] = ()
    links: tuple[SaidLink, ...] = ()
    attributes: Mapping[str, Value] = field(default_factory=dict)
    locations: tuple[str, ...] = ()


def from_headers(headers: Mapping[str, str], *, older: bool = False) -> Said:
    """From header values by lower-case name, latin-1 as WSGI has them; other headers are not looked at."""
    return _said(((name, _decoded(headers[name])) for name in NAMES if headers.get(name)), older)


def from_plain(body: bytes, *, older: bool = False) -> Said:
    """From `Name: value` lines; an unknown name is an error, so that no typo is dropped silently (TXT-23)."""
    return _said(_lines(body), older)


def _decoded(value: str) -> str:
    try:
        return text(value.encode("latin-1").decode(), "A header")
    except UnicodeError as error:
        raise Malformed("A header is not UTF-8.", hint="Encode header values as UTF-8.") from error


def lines(body: bytes) -> Iterator[str]:
    """The lines that are not blank; any run of CR and LF ends one (TXT-20). Malformed if it is not UTF-8."""
    try:
        found = text(body.decode("utf-8-sig"), "The body")
    except UnicodeDecodeError as error:
        raise Malformed(f"The body is not UTF-8 at byte {error.start}.") from error
    return (line for line in re.split(r"[\r\n]+", found) if line.strip(" \t"))


def _lines(body: bytes) -> Iterator[tuple[str, str]]:
    for line in lines(body):
        name, colon, value = line.partition(":")
        if not colon or name.strip().lower() not in NAMES:
            raise Malformed(
                f"Line {line[:80]!r} is none of Category, Link, X-OCCI-Attribute, X-OCCI-Location.", term=name[:80]
            )
        yield name.strip().lower(), value


def _said(pairs: Iterable[tuple[str, str]], older: bool) -> Said:
    items: dict[str, list[str]] = {name: [] for name in NAMES}
    for name, value in pairs:
        items[name].extend(split(value, ","))
    return Said(
        tuple(map(_category, items[CATEGORY])),
        tuple(_link(item, older) for item in items[LINK]),
        attributes(items[ATTRIBUTE], older=older),
        tuple(each.strip("<>") for each in items[LOCATION]),
    )


def attributes(items: Iterable[str], *, older: bool = False) -> dict[str, Value]:
    """`name=value` items; Malformed when one is said twice with different values."""
    found: dict[str, Value] = {}
    for item in items:
        name, value = _field(item)
        typed = read(value, name, older=older)
        if found.setdefault(name, typed) != typed:
            raise Malformed(f"Attribute {name} is given twice, with different values.", term=name)
    return found


def _parts(item: str) -> list[str]:
    found = list(split(item, ";"))
    if not found:
        raise Malformed(f"{item[:80]!r} says nothing.", term=item[:80])
    return found


def _field(item: str) -> tuple[str, str]:
    name, equals, value = item.partition("=")
    if not equals or not name.strip() or not value.strip():
        raise Malformed(f"{item[:80]!r} is not a name and a value.", hint='name="value"', term=item[:80])
    return name.strip(), value.strip()


def _category(item: str) -> SaidCategory:
    term, *rest = _parts(item)
    fields = {name.lower(): unquoted(value, name) for name, value in map(_field, rest)}
    if "scheme" not in fields:
        raise Malformed(f"Category {term[:80]} has no scheme.", term=term[:80])
    return SaidCategory(
        fields["scheme"] + unquoted(term, "the term"),
        fields.get("class", "").lower(),
        fields.get("title", ""),
        tuple(fields.get("rel", "").split()),
        fields.get("location", ""),
        bool(fields.get("attributes") or fields.get("actions")),
    )


_LINK_FIELDS = ("rel", "self", "category")


def _link(item: str, older: bool) -> SaidLink:
    uri, *rest = _parts(item)
    if not (uri.startswith("<") and uri.endswith(">")):
        raise Malformed(f"Link {uri[:80]} has no <URI>.", term=uri[:80])
    pairs = [_field(each) for each in rest]
    fields = {name: unquoted(value, name) for name, value in pairs if name in _LINK_FIELDS}
    said = attributes((each for each in rest if _field(each)[0] not in _LINK_FIELDS), older=older)
    return SaidLink(
        uri[1:-1],
        tuple(fields.get("rel", "").split()),
        fields.get("self", ""),
        tuple(fields.get("category", "").split()),
        said,
    )
