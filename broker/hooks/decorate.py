"""A document with the id of each element in it, as CORDS' parser gave it back (cords.md 1.2). Pure."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping, Sequence

from lxml import etree

from manifests import Item, decode

_ENCODING = re.compile(r"""(\A\s*<\?xml[^>]*?encoding\s*=\s*["'])[A-Za-z0-9._-]+""")


def text_of(body: bytes) -> str:
    """A document that was read as the text that is kept. Its declaration says what it is from here on: UTF-8."""
    return _ENCODING.sub(r"\g<1>UTF-8", decode(body))


def decorated(text: str, items: Sequence[Item], ids: Mapping[str, str]) -> str:
    """The XML with an `id` at every element that became an entity. Another format is given back as it came: its ids are
    in the list of elements."""
    if not text.lstrip().startswith("<"):
        return text
    parser = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False)
    root = etree.fromstring(text.encode(), parser)
    by_path = {item.path: item for item in items}
    _decorate(root, items[-1], by_path, ids)
    return etree.tostring(root, encoding="unicode")


def _decorate(element: etree._Element, item: Item, by_path: Mapping[str, Item], ids: Mapping[str, str]) -> None:
    """Elements of a term stand in the order in which the item names its children of that term."""
    element.set("id", f"urn:uuid:{ids[item.path]}")
    waiting: dict[str, deque[str]] = {}
    for term, path in item.children:
        waiting.setdefault(term, deque()).append(path)
    for child in element:
        if paths := waiting.get(_name(child)):
            _decorate(child, by_path[paths.popleft()], by_path, ids)


def _name(element: etree._Element) -> str:
    return etree.QName(element).localname if isinstance(element.tag, str) else ""
