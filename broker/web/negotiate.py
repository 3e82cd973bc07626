"""Which media type a request is in, and which one its answer should be in. Pure (occi.md, section 4).

HTTP-05 to HTTP-08: an answer carries the name that the client used for its type. Whoever asks for nothing in
particular gets text/plain.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from broker.errors import AccordsError, Unacceptable, Unsupported
from broker.occi.media import Media, named

ACCEPTED = ", ".join(media.value for media in Media)
"""What a response's `Accept` header says this server takes (HTTP-03)."""

TEXTS = ", ".join(media.value for media in Media if media.value.startswith("text/"))
"""The same for clients of OCCI 1.1, whose JSON is an older draft (HTTP-03)."""

JSONS = frozenset({Media.JSON, Media.PLAIN_JSON})

DOCUMENTS = frozenset(
    {"application/xml", "text/xml", "application/yaml", "text/yaml", "application/x-yaml", Media.PLAIN_JSON.value}
)
"""Media types of CORDS documents. JSON may be an OCCI rendering as well: see `is_document`."""
_RENDERING = frozenset(
    b"kind mixins id title summary attributes actions links resources action kinds source target location".split()
)
"""Members of OCCI's JSON objects (GFD.226); no document's root is called so."""
_FIRST_MEMBER = re.compile(rb'\s*\{\s*"([^"]{1,60})"\s*:')

SPOKEN = (1, 2)
LONGEST = 500
"""Characters of a header that are looked at: answers are remembered, and strangers choose what."""
_RANGES: Mapping[str, Media] = {"*/*": Media.PLAIN, "text/*": Media.PLAIN, "application/*": Media.JSON}
_VERSION = re.compile(r"(?:^|(?<=[\s(;,]))OCCI/(\d{1,9})\.(\d{1,9})(?=$|[\s);,])")


class NotImplementedVersion(AccordsError):
    """A client of a later version of OCCI (HTTP-02)."""

    code = "occi.version"
    status = 501


def wanted(accept: str | None) -> Media:
    """The media type to answer in; `Unacceptable` when none of those named is spoken."""
    if not accept or not accept.strip():
        return Media.PLAIN
    return _wanted(accept[:LONGEST])


@lru_cache(maxsize=512)
def _wanted(accept: str) -> Media:
    for name, weight in sorted(map(_weighed, accept.split(",")), key=lambda pair: -pair[1]):
        found = _RANGES.get(name) or named(name)
        if found is not None and weight > 0:
            return found
    raise Unacceptable(f"None of {accept[:80]!r} can be answered.", hint=f"ask for one of {ACCEPTED}")


def sent(content_type: str | None, *, has_body: bool) -> Media:
    """The media type a request is in: the first known one of its Content-Type; `Unsupported` when none is."""
    if not content_type or not content_type.strip():
        return Media.PLAIN if has_body else Media.OCCI
    found = named(content_type[:LONGEST])
    if found is None:
        raise Unsupported(f"Content-Type {content_type[:80]!r} is not understood.", hint=f"send one of {ACCEPTED}")
    return found


def document(content_type: str | None) -> str | None:
    """The media type of a CORDS document, when the request is in one."""
    name = (content_type or "").partition(";")[0].strip().lower()
    return name if name in DOCUMENTS else None


def is_document(media: str, body: bytes) -> bool:
    """Whether a body of one of these media types is a CORDS document and no OCCI rendering."""
    first = _FIRST_MEMBER.match(body)
    return media != Media.PLAIN_JSON or (first is not None and first[1] not in _RENDERING)


def takes(user_agent: str | None) -> str:
    """What the `Accept` header of an answer to that client says."""
    return TEXTS if (1, 1) in _versions(user_agent) else ACCEPTED


def check_version(user_agent: str | None) -> None:
    """Refuse clients that speak a later OCCI; those that name none or an older one are welcome."""
    for version in _versions(user_agent):
        if version > SPOKEN:
            asked = ".".join(map(str, version))
            raise NotImplementedVersion(f"OCCI/{asked} is not implemented; this server speaks OCCI/1.2 and OCCI/1.1.")


def _versions(user_agent: str | None) -> tuple[tuple[int, int], ...]:
    return _found(user_agent[:LONGEST]) if user_agent else ()


@lru_cache(maxsize=512)
def _found(user_agent: str) -> tuple[tuple[int, int], ...]:
    return tuple((int(major), int(minor)) for major, minor in _VERSION.findall(user_agent))


def _weighed(item: str) -> tuple[str, float]:
    """`text/plain;q=0.5` -> (`text/plain`, 0.5)."""
    name, *parameters = (part.strip().lower() for part in item.split(";"))
    quality = next((p[2:] for p in parameters if p.startswith("q=")), "1")
    try:
        return name, float(quality)
    except ValueError:
        return name, 0.0
