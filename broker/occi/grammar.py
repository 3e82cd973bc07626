"""What a term, a URI and a text consist of: what a client says and a header later repeats passes here (TXT-33)."""

from __future__ import annotations

import re

from broker.occi.errors import Malformed

_TERM = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")  # TXT-04, the 1.2 form
_URI = re.compile(r"[A-Za-z0-9:/?#\[\]@!$&'()*+,;=._~%-]+")  # RFC 3986: neither blank, quote, <, > nor control


def term(text: str) -> str:
    """The text, if it is a term; Malformed otherwise."""
    if not _TERM.fullmatch(text):
        raise Malformed(f"{text[:80]!r} is no term.", hint="Letters, digits, - _ and . are allowed.", term=text[:80])
    return text


def uri(text: str) -> str:
    """The text, if it is made of a URI's characters; Malformed otherwise."""
    if not _URI.fullmatch(text):
        raise Malformed(f"{text[:80]!r} is no URI.", hint="Encode other characters with %.", term=text[:80])
    return text


def text(found: str, name: str) -> str:
    """The text, if a database and a client in C can hold it; Malformed if it has a NUL."""
    if "\0" in found:
        raise Malformed(f"{name} has a NUL character.", term=name)
    return found
