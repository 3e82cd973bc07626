"""How tags are kept in EC2, and read back. Pure.

Everything that can be tagged is tagged in the request that makes it. The name is EC2's own tag `Name`; the marks are
for this driver and are not told to anybody. A filter's value may hold wildcards, so only plain values are filtered by
the cloud; all are compared here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from lxml import etree

NAME = "Name"
TOKEN = "accords-token"  # noqa: S105 - the name of a tag
NODE = "accords-node"
MARK = "accords-mark-"
PART = MARK + "part"
"""What belongs to a thing of ours and is none by itself: the id of that thing."""
WHOLE = MARK + "whole"
"""A network that has all its parts."""
RULES = MARK + "rules"
"""How many rules a firewall is to have."""
VOLUMES = MARK + "volumes"
"""The volumes that a machine is to have: their ids, in the order of their devices."""
_PLAIN = re.compile(r"^[\w.:/@ -]+$")


def tagging(resource: str, tags: Mapping[str, str]) -> dict[str, str]:
    """A TagSpecification for one type of resource."""
    prefix = "TagSpecification.1"
    found = {f"{prefix}.ResourceType": resource}
    for each, (key, value) in enumerate(tags.items(), 1):
        found |= {f"{prefix}.Tag.{each}.Key": key, f"{prefix}.Tag.{each}.Value": value}
    return found


def all_of(name: str, token: str, tags: Mapping[str, str]) -> dict[str, str]:
    """The tags of a new thing."""
    return {**tags, NAME: name, TOKEN: token}


def read(element: etree._Element) -> dict[str, str]:
    """Every tag of a thing, with the name and the marks."""
    return {each.findtext("key", ""): each.findtext("value", "") for each in element.iterfind("tagSet/item")}


def told(found: Mapping[str, str]) -> dict[str, str]:
    """Those that are somebody else's business."""
    return {key: value for key, value in found.items() if key != NAME and not key.startswith(MARK)}


def narrowing(tags: Mapping[str, str]) -> dict[str, str]:
    """The filters that the cloud can apply."""
    return {f"tag:{key}": value for key, value in tags.items() if _PLAIN.match(value)}
