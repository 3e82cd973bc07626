"""The mark in the name of everything that is made: `<name>-accords-<token>`. Pure.

A name is what each kind of thing has at every cloud, and is set with the thing itself: so that it is found by its token
also when the answer to its making was lost, and when what we remember of it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from providers.errors import Refused

LONGEST = 63
"""Characters of a host's name (RFC 1035, 2.3.4), which most clouds make of a machine's; no kind has less."""
_MARK = "-accords-"
_TOKEN = re.compile(r"[a-z0-9]{1,40}")
_MARKED = re.compile(rf"(?P<name>.*){_MARK}(?P<token>{_TOKEN.pattern})", re.DOTALL)
_STRANGE = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Mark:
    """What a name at the cloud says: the beginning of the name that was given, and the token."""

    name: str
    token: str


def marked(name: str, token: str) -> str:
    """The name at the cloud: lower case letters, digits and `-`, as much of it as fits. Refused for a token that cannot
    be in a name."""
    if not _TOKEN.fullmatch(token):
        raise Refused(f"the token {token!r} cannot be in a name: lower case letters and digits, at most 40")
    end = f"{_MARK}{token}"
    shown = _STRANGE.sub("-", name.lower()).strip("-")[: LONGEST - len(end)].rstrip("-")
    return f"{shown if shown[:1].isalpha() else f'x{shown}'[: LONGEST - len(end)]}{end}"


def read(name: str | None) -> Mark | None:
    """None where it is none of ours."""
    found = _MARKED.fullmatch(name or "")
    return Mark(found["name"], found["token"]) if found else None
