"""What a thing is marked with: its name, our tags, and what the driver itself must know of it later. Pure.

As JSON, in ASCII, so that whatever is in a tag is text that XML can hold. In libvirt's documents it is an element of
the metadata, in a namespace of its own, as libvirt asks for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from lxml import etree

from providers.kvm.documents import Element, element, written

SPACE = "urn:accords:marks"
KEY = "accords"
TOKEN = "accords-token"  # noqa: S105 - the name of a tag
NODE = "accords-node"
MADE, LEAVING = "made", "leaving"
"""What is known of a machine that was started once, and of one that is being given back."""


@dataclass(frozen=True, slots=True)
class Marks:
    """`more` is what JSON can hold."""

    name: str
    tags: Mapping[str, str]
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def token(self) -> str:
        return self.tags.get(TOKEN, "")

    def with_tags(self, tags: Mapping[str, str]) -> Marks:
        return replace(self, tags={**self.tags, **tags})

    def knowing(self, **more: object) -> Marks:
        return replace(self, more={**self.more, **more})


def packed(marks: Marks) -> str:
    return json.dumps({"name": marks.name, "tags": dict(marks.tags), "more": dict(marks.more)}, sort_keys=True)


def parsed(text: str) -> Marks | None:
    """None where it is none, or somebody spoilt it."""
    try:
        found = json.loads(text)
        return Marks(str(found["name"]), {str(key): str(value) for key, value in found["tags"].items()}, found["more"])
    except (ValueError, LookupError, TypeError, AttributeError):
        return None


def metadata(marks: Marks) -> Element:
    """The metadata of a document."""
    own = etree.Element(f"{{{SPACE}}}marks", nsmap={KEY: SPACE})
    own.text = packed(marks)
    return element("metadata", own)


def fragment(marks: Marks) -> str:
    """As libvirt wants it where one element of the metadata is set."""
    return written(element("marks", packed(marks)))


def marked(root: Element) -> Marks | None:
    """The marks of a document of libvirt; None where it is not of ours."""
    return parsed(root.findtext(f"metadata/{{{SPACE}}}marks") or "")


def remarked(root: Element, marks: Marks) -> str:
    """A document of libvirt with these marks in place of its own; what others keep in its metadata stays."""
    own = root.find(f"metadata/{{{SPACE}}}marks")
    if own is not None:
        own.text = packed(marks)
    return written(root)
