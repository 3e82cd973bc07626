"""Our token and tags in the one text that a server of somebody else's keeps of an entity. Pure.

    pair-web accords?t=...&installation=...&service=...

The names of our own tags lose what they have in common, so that it fits.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode

from providers.errors import Refused

MARK = " accords?"
_OURS, _TOKEN = "accords-", "t"


def marked(text: str, token: str, tags: Mapping[str, str], longest: int) -> str:
    """The text with them behind it. Refused where that is too long."""
    known = {_short(name): value for name, value in tags.items()}
    same = tags.get(f"{_OURS}token") == token
    said = urlencode(known if same else {_TOKEN: token, **known})
    found = f"{text.replace(chr(34), chr(39))}{MARK}{said}"
    if len(found) > longest:
        raise Refused(f"{len(found)} characters of name and tags are more than the {longest} that the server keeps")
    return found


def read(text: str) -> tuple[str, str, dict[str, str]]:
    """(the text, the token, the tags); without a token it is none of ours."""
    own, mark, said = text.rpartition(MARK)
    if not mark:
        return text, "", {}
    pairs = dict(parse_qsl(said, keep_blank_values=True))
    token = pairs.pop(_TOKEN, "")
    tags = {_long(name): value for name, value in pairs.items()}
    return own, token or tags.get(f"{_OURS}token", ""), tags


def _short(name: str) -> str:
    return name.removeprefix(_OURS) if name.startswith(_OURS) else f"_{name}"


def _long(name: str) -> str:
    return name[1:] if name.startswith("_") else f"{_OURS}{name}"
