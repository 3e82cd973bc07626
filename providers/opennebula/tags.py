"""How names, tokens and tags are kept. Pure.

The tags are one attribute, as JSON: OpenNebula's own attributes are capitals, which keys of tags are not. The token is
in the NAME of whatever OpenNebula lets an account name once: so it is also there where a call takes a name and no
attributes (a reservation, a saved disk), and two of a token cannot be.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from providers.opennebula.documents import Element, word

TOKEN = "accords-token"  # noqa: S105 - the name of a tag
TAGS, NAME = "ACCORDS_TAGS", "ACCORDS_NAME"
MARK = " accords-"
LONGEST = 128
NODE = "accords-node"


def cloud_name(name: str, token: str) -> str:
    """The NAME of a thing that is named once: its own, then the token."""
    tail = f"{MARK}{token}"
    return re.sub(r"[^\w .-]", "-", name)[: LONGEST - len(tail)] + tail


def attributes(name: str, token: str, tags: Mapping[str, str]) -> list[tuple[str, str]]:
    """What a thing is marked with."""
    kept = {**tags, TOKEN: token}
    return [(NAME, name), (TAGS, packed(kept))]


def packed(tags: Mapping[str, str]) -> str:
    """Tags as the one attribute that they are."""
    return json.dumps(tags, ensure_ascii=False, sort_keys=True)


def tags_of(element: Element, where: str = "TEMPLATE") -> dict[str, str]:
    """The tags of a thing; none where somebody spoilt them."""
    return parsed(word(element, f"{where}/{TAGS}"))


def parsed(text: str) -> dict[str, str]:
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}


def named(element: Element) -> tuple[str, str]:
    """(name, token) of a thing that is named once; no token where it is none of ours."""
    name, mark, token = word(element, "NAME").rpartition(MARK)
    return (word(element, f"TEMPLATE/{NAME}", name), token) if mark else (word(element, "NAME"), "")
