"""Names and tags of what is made in a resource group. Pure.

A resource is named after the token that made it; what people call it is a tag. Azure keeps 50 tags of a resource, with
names without `<>%&\\?/` and values of at most 256 characters: what does not fit is refused, never cut.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

from providers.errors import Refused

TOKEN, NAME = "accords-token", "accords-name"  # names of tags; a token is no secret
INSTALLATION, NODE = "accords-installation", "accords-node"
PREFIX = "accords-"
ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")
"""What a name in the group may be, for every kind that is made here."""
MADE = re.compile(rf"{PREFIX}[A-Za-z0-9-]{{1,48}}")
"""What `named` gives: also of what lost its tags. The disk that a machine starts from is called otherwise."""
_PLAIN = re.compile(r"[A-Za-z0-9-]{1,48}")
_RESERVED = frozenset("<>%&\\?/")
MOST, LONGEST = 50, 256


def named(token: str) -> str:
    """The name of what this token makes."""
    return PREFIX + (token if _PLAIN.fullmatch(token) else digest(token))


def digest(*words: str) -> str:
    """A name's worth of what cannot be a name itself."""
    return hashlib.sha256("\0".join(words).encode()).hexdigest()[:32]


def tagged(name: str, token: str, tags: Mapping[str, str]) -> dict[str, str]:
    """The tags of a resource. Refused for what Azure would not keep."""
    return checked({**tags, TOKEN: token, NAME: name})


def checked(found: dict[str, str]) -> dict[str, str]:
    """These tags. Refused for what Azure would not keep."""
    for key, value in found.items():
        if _RESERVED & set(key) or not key or len(key) > 512:
            raise Refused(f"a tag cannot be called {key!r} at Azure: leave out <>%&\\?/")
        if len(value) > LONGEST:
            raise Refused(f"the tag {key} has {len(value)} characters; Azure keeps {LONGEST}")
    if len(found) > MOST:
        raise Refused(f"{len(found)} tags are more than the {MOST} that Azure keeps")
    return found


def last(id: str | None) -> str:
    """The name at the end of an id of Resource Manager."""
    return (id or "").rsplit("/", 1)[-1]
