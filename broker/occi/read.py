"""A request's body and headers -> what it says, whatever the media type. Raises nothing but OcciError.

A `Request` holds only what an OCCI rendering can be in: the type, the four headers by lower-case name, the body; and
whether the server is in 1.1 mode, `older`, where texts need no quotes (TXT-12).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from broker.occi import drafts, json_read, text_read
from broker.occi.errors import Malformed
from broker.occi.media import Media
from broker.occi.model import Draft, Invocation, Mixin, Value
from broker.occi.registry import Registry

_BLANK = b" \t\r\n"


@dataclass(frozen=True, slots=True)
class Request:
    media: Media
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    older: bool = False

    @property
    def is_json(self) -> bool:
        return self.media in (Media.JSON, Media.PLAIN_JSON)

    @property
    def has_body(self) -> bool:
        """Whether there is anything in the body: a control character is, and no JSON."""
        return bool(self.body.strip(_BLANK))


@dataclass(frozen=True, slots=True)
class Members:
    """Entities by their paths or URIs, and attributes for all of them."""

    locations: tuple[str, ...] = ()
    attributes: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Filter:
    """FIL-01: entities that have all these kinds and mixins and equal values of all these attributes."""

    categories: tuple[str, ...] = ()
    attributes: Mapping[str, Value] = field(default_factory=dict)


def entity(registry: Registry, request: Request) -> Draft:
    """Exactly one entity; Malformed for a collection (JSN-12)."""
    if request.is_json:
        return json_read.entity(json_read.document(request.body))
    return drafts.entity(registry, said(request))


def entities(registry: Registry, request: Request) -> tuple[Draft, ...]:
    """One entity or, in JSON, several (COL-06)."""
    if request.is_json:
        return json_read.entities(json_read.document(request.body))
    return (entity(registry, request),)


def invocation(request: Request) -> Invocation:
    """An action with its parameters; an empty request leaves the action to the URL."""
    if request.is_json and request.has_body:
        return json_read.invocation(json_read.document(request.body))
    return drafts.invocation(said(request))


def mixins(request: Request) -> tuple[Mixin, ...]:
    """The user's mixins that a POST or DELETE of the query interface names; Malformed when it names none."""
    if request.is_json:
        found = json_read.mixins(json_read.document(request.body))
    else:
        found = tuple(map(drafts.mixin, said(request).categories))
    if not found:
        raise Malformed(
            "The request names no mixin.", hint='Category: term; scheme="…#"; class="mixin"; location="/…/"'
        )
    return found


def locations(request: Request, *, some: bool = False) -> tuple[str, ...]:
    """The paths or URIs of entities that a request about a collection's members names (COL-21, COL-25). None stands
    for all of them, so a body that says anything else is Malformed: its filter or its typo is not left out, nor, where
    there must be `some`, its list that came out empty."""
    found = _listed(request)
    if some and request.has_body:
        _must_name(found)
    return found


def _listed(request: Request) -> tuple[str, ...]:
    if request.is_json:
        return json_read.locations(json_read.document(request.body)) if request.has_body else ()
    if request.media is Media.URI_LIST:
        return tuple(line.strip() for line in text_read.lines(request.body) if not line.startswith("#"))
    found = said(request)
    if not in_headers(request):
        _only_names(found)
    return found.locations


def members(request: Request, *, some: bool = False) -> Members:
    """The entities that become members of a mixin's collection, or are it no more, and the values that they get with it
    (COL-21). Malformed when the request describes an entity (COL-24), or when it says anything and names none of the
    `some` there must be: nothing else stands for all."""
    if request.is_json or request.media is Media.URI_LIST:
        return Members(locations(request, some=some))
    found = said(request)
    _only_names(found)
    if some and (request.has_body or found.attributes):
        _must_name(found.locations)
    return Members(found.locations, found.attributes)


def _must_name(found: tuple[str, ...]) -> None:
    if not found:
        raise Malformed("The list of entities is empty.", hint="Without a body it is all of them.")


def _only_names(found: text_read.Said) -> None:
    if found.categories or found.links:
        raise Malformed(
            "The request describes an entity, and this collection only takes the names of those there are.",
            hint="Make it at its kind's location with the mixin as a Category; name it here by X-OCCI-Location.",
        )


def filters(registry: Registry, headers: Mapping[str, str], *, older: bool = False) -> Filter:
    """The filter of a GET: always in headers, whatever Accept and Content-Type say (FIL-01, FIL-06). Unknown for a
    category nobody defined (FIL-03)."""
    found = text_read.from_headers({name: headers[name] for name in _FILTERS if name in headers}, older=older)
    return Filter(tuple(registry.category(each.id).id for each in found.categories), found.attributes)


_FILTERS = (text_read.CATEGORY, text_read.ATTRIBUTE)


def said(request: Request) -> text_read.Said:
    """What a text request says: in its body, or in its headers for text/occi and for an empty body (TXT-22)."""
    if in_headers(request):
        return text_read.from_headers(request.headers, older=request.older)
    if request.media is Media.URI_LIST:
        raise Malformed("text/uri-list can only list locations.", hint="Send text/plain, text/occi or JSON.")
    return text_read.from_plain(request.body, older=request.older)


def in_headers(request: Request) -> bool:
    """Whether what a text request says is in its headers."""
    return request.media is Media.OCCI or request.is_json or request.body.strip(_BLANK) in (b"", b"OK")
