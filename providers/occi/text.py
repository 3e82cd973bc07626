"""Renderings of OCCI 1.1 (GFD.185), text/plain and text/occi, as far as a client needs them. Pure.

Said are lines of a body: nothing is too long for one. What is heard may be lines or headers, where several values of a
name are put together with commas, and servers quote as they like: bare words, quoted ones, numbers in quotes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from providers.errors import Refused
from providers.occi.shown import Category, End, Model, Shown

PLAIN, HEADERS = "text/plain", "text/occi"
NAMES = ("category", "link", "x-occi-attribute", "x-occi-location", "location")

Line = tuple[str, str]


def lines(media: str, headers: Mapping[str, str], body: str) -> list[Line]:
    """(name in lower case, value) of all that was said."""
    found = [(name, each) for name in NAMES if name in headers for each in _apart(headers[name])]
    if media.partition(";")[0].strip() == HEADERS:
        return found
    pairs = (line.partition(":") for line in body.splitlines())
    return [*found, *((name.strip().lower(), value.strip()) for name, colon, value in pairs if colon)]


def model(said: Iterable[Line]) -> Model:
    """What a query interface lists."""
    found = [(each, given) for name, value in said if name == "category" for each, given in [_category(value)]]
    kinds = tuple(each for each, given in found if given.get("class") == "kind")
    return Model(kinds=kinds, mixins=tuple(each for each, given in found if given.get("class") == "mixin"))


def locations(said: Iterable[Line]) -> tuple[str, ...]:
    """The paths that a collection lists, or that was made."""
    own = [value for name, value in said if name in ("x-occi-location", "location")]
    return tuple(dict.fromkeys(urlsplit(each).path for each in own))


def entity(said: Sequence[Line], id: str) -> Shown:
    """An entity with its links."""
    categories = [_category(value) for name, value in said if name == "category"]
    kinds = [each.type for each, given in categories if given.get("class") == "kind"]
    attributes = dict(_attribute(value) for name, value in said if name == "x-occi-attribute")
    return Shown(
        kind=kinds[0] if kinds else "",
        id=id,
        title=str(attributes.get("occi.core.title") or ""),
        summary=str(attributes.get("occi.core.summary") or ""),
        mixins=tuple(each.type for each, given in categories if given.get("class") == "mixin"),
        attributes=attributes,
        links=tuple(link for name, value in said if name == "link" for link in _link(value)),
    )


def body(kind: str, mixins: Iterable[str], attributes: Mapping[str, object], links: Iterable[tuple[str, str]]) -> str:
    """What makes an entity; `links`: (kind of what is linked, its path). Refused for a text that cannot be quoted."""
    said = [f"Category: {_class(kind, 'kind')}", *(f"Category: {_class(each, 'mixin')}" for each in mixins)]
    said += [f"X-OCCI-Attribute: {name}={_quoted(name, value)}" for name, value in attributes.items()]
    said += [f'Link: <{path}>; rel="{rel}"; occi.core.target="{path}"' for rel, path in links]
    return "".join(f"{each}\n" for each in said)


def action(kind: str, term: str) -> str:
    """What asks for an action of a kind: its scheme follows from the kind's."""
    return f"Category: {_class(kind.replace('#', '/') + f'/action#{term}', 'action')}\n"


def _class(type: str, what: str) -> str:
    scheme, _, term = type.rpartition("#")
    return f'{term}; scheme="{scheme}#"; class="{what}"'


def _quoted(name: str, value: object) -> str:
    if isinstance(value, int | float):
        return f"{value:g}" if isinstance(value, float) else str(value)
    text = str(value)
    if '"' in text or "\n" in text:
        raise Refused(f"{name} cannot be said in OCCI 1.1: no server agrees how a quote is written")
    return f'"{text}"'


_APART = re.compile(r',(?=(?:[^"]*"[^"]*")*[^"]*$)')
_GIVEN = re.compile(r';\s*([\w.\-]+)\s*=\s*("[^"]*"|[^;]*)')


def _apart(text: str) -> list[str]:
    """At commas that are in no quotes."""
    return [each.strip() for each in _APART.split(text) if each.strip()]


def _given(text: str) -> dict[str, str]:
    return {name: value.strip().strip('"') for name, value in _GIVEN.findall(text)}


def _category(text: str) -> tuple[Category, dict[str, str]]:
    given = _given(text)
    place = urlsplit(given["location"]).path if given.get("location") else None
    found = Category(
        term=text.partition(";")[0].strip(),
        scheme=given.get("scheme", ""),
        title=given.get("title", ""),
        location=place,
        depends=tuple(given.get("rel", "").split()),
    )
    return found, given


def _attribute(text: str) -> tuple[str, Any]:
    name, _, value = text.partition("=")
    return name.strip().strip('"'), _read(value.strip())


def _read(value: str) -> Any:
    if value.startswith('"'):
        return value.strip('"')
    try:
        return float(value) if "." in value else int(value)
    except ValueError:
        return value


def _link(text: str) -> Iterator[Shown]:
    """A link of an entity; an action it offers is none."""
    given = _given(text)
    if "action" in given.get("rel", "").partition("#")[0].rpartition("/")[2]:
        return
    where = re.match(r"<([^>]*)>", text)
    target = given.get("occi.core.target") or (where[1] if where else "")
    attributes = {name: value for name, value in given.items() if name.startswith("occi.")}
    yield Shown(
        kind=given.get("rel", ""),
        id=given.get("occi.core.id", ""),
        attributes=attributes,
        target=End(location=urlsplit(target).path),
    )
