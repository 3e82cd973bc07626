"""The five media types of an OCCI message and their aliases. Which one is chosen is the web layer's business."""

from __future__ import annotations

from enum import StrEnum


class Media(StrEnum):
    """The renderings that entities and collections have (GFD.223, GFD.226)."""

    PLAIN = "text/plain"
    OCCI = "text/occi"
    URI_LIST = "text/uri-list"
    JSON = "application/occi+json"
    PLAIN_JSON = "application/json"  # the same, with each entity's location in it (JSN-09)


_ALIASES = {**{each.value: each for each in Media}, "text/occi+plain": Media.PLAIN}  # HTTP-08


def named(content_type: str) -> Media | None:
    """The first type of a header's list that is known, parameters ignored; None if none is.

    `text/plain,text/occi` is what old clients send (HTTP-05).
    """
    for item in content_type.split(","):
        if (found := _ALIASES.get(item.partition(";")[0].strip().lower())) is not None:
            return found
    return None
